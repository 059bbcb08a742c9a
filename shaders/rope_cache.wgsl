// Rotates the new token's query in place, and puts its rotated key and its value into the cache.
//
// Consumer: decoding, between the projection and `attention_decode`.
// Grid: (pairs of a token / 8, live rows / 32) workgroups of 8 x 32 over query, key and value heads, one invocation a
// value of either half of a head.

// P = head_dim.
const HEAD_DIM: u32 = 16u;
// Pairs that an invocation turns: 4 where P is a multiple of 8.
const VECTOR: u32 = 1u;
alias Value = f32;
// Values of half a head.
const HALF: u32 = HEAD_DIM / 2u / VECTOR;

struct Extent { count: u32, start: u32 }
// H = heads, K = kv_heads, S = positions the cache holds for a row.
struct Shape { heads: u32, kv_heads: u32, cache_length: u32 }

// Live rows, extent.count.
@group(0) @binding(0) var<uniform> extent: Extent;
@group(0) @binding(1) var<uniform> shape: Shape;
// [live] the batch row of each live row
@group(0) @binding(2) var<storage, read> live_rows: array<u32>;
// [live] position of the new token
@group(0) @binding(3) var<storage, read> positions: array<u32>;
// [positions, P]: P / 2 cosines, then P / 2 sines
@group(0) @binding(4) var<storage, read> angles: array<Value>;
// [live, (H + 2 K) P], queries rotated in place
@group(0) @binding(5) var<storage, read_write> qkv: array<Value>;
// [rows, S, 2 K P]: keys, then values; written at the new position
@group(0) @binding(6) var<storage, read_write> cache: array<Value>;

@compute @workgroup_size(8, 32)
fn rope_cache(@builtin(global_invocation_id) id: vec3<u32>) {
  let all_heads = shape.heads + 2u * shape.kv_heads;
  if (id.x >= all_heads * HALF || id.y >= extent.count) { return; }
  let head = id.x / HALF;
  let pair = id.x % HALF;
  let position = positions[id.y];
  let at = (id.y * all_heads + head) * 2u * HALF + pair;
  let a = qkv[at];
  let b = qkv[at + HALF];
  var first = a;
  var second = b;
  if (head < shape.heads + shape.kv_heads) {
    let angle = position * 2u * HALF + pair;
    let cosine = angles[angle];
    let sine = angles[angle + HALF];
    first = a * cosine - b * sine;
    second = b * cosine + a * sine;
  }
  if (head < shape.heads) {
    qkv[at] = first;
    qkv[at + HALF] = second;
    return;
  }
  let columns = 4u * shape.kv_heads * HALF;
  let to = (live_rows[id.y] * shape.cache_length + position) * columns + (head - shape.heads) * 2u * HALF + pair;
  cache[to] = first;
  cache[to + HALF] = second;
}
