// Copies the prompts' keys and values into the rows' caches: each row of a group gets its prompt's.
//
// Consumer: prefill, once a layer, after the packed forward pass over the distinct prompts.
// Grid: x one invocation a (position, head) of the longest prompt in workgroups of 64, y (and z, where these are many)
// the rows. Writes positions 0 .. length - 1.

// Columns of a head, P, an even number; query heads, H; key/value heads, K.
const HEAD_DIM: u32 = 16u;
const HEADS: u32 = 4u;
const KV_HEADS: u32 = 4u;

struct Extent { count: u32, start: u32 }
// S = cache_length.
struct Shape { cache_length: u32 }

// Rows to fill, extent.count.
@group(0) @binding(0) var<uniform> extent: Extent;
@group(0) @binding(1) var<uniform> shape: Shape;
// [rows] (first packed token of the row's prompt, its length); length 0: another pass fills this row
@group(0) @binding(2) var<storage, read> prompts: array<vec2<u32>>;
// [T, (H + 2 K) P / 2] after rotation: queries, keys, values
@group(0) @binding(3) var<storage, read> qkv: array<vec2<f32>>;
// [rows, 2 K, S, P / 2]: a row's keys by head, then its values by head
@group(0) @binding(4) var<storage, read_write> cache: array<vec2<f32>>;

const PAIRS: u32 = HEAD_DIM / 2u;

@compute @workgroup_size(64)
fn cache_fill(@builtin(global_invocation_id) id: vec3<u32>, @builtin(workgroup_id) group: vec3<u32>,
              @builtin(num_workgroups) groups: vec3<u32>) {
  // Keys and values alike: a row of qkv has their heads one after the other.
  let position = id.x / (2u * KV_HEADS);
  let head = id.x % (2u * KV_HEADS);
  let row = group.z * groups.y + group.y;
  if (row >= extent.count || position >= prompts[row].y) { return; }
  let to = ((row * 2u * KV_HEADS + head) * shape.cache_length + position) * PAIRS;
  let from_ = ((prompts[row].x + position) * (HEADS + 2u * KV_HEADS) + HEADS + head) * PAIRS;
  for (var c = 0u; c < PAIRS; c++) { cache[to + c] = qkv[from_ + c]; }
}
