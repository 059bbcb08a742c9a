// Rotates the new token's query in place, and puts its rotated key and its value into the cache.
//
// Consumer: decoding, between the projection and `attention_decode`.
// Grid: one invocation a (live row, head, pair) over query, key and value heads, in rows of workgroups of 64.

struct Extent { count: u32, start: u32 }
// P = head_dim, H = heads, K = kv_heads, S = positions the cache holds for a row.
struct Shape { head_dim: u32, heads: u32, kv_heads: u32, cache_length: u32 }

// Live rows, extent.count.
@group(0) @binding(0) var<uniform> extent: Extent;
@group(0) @binding(1) var<uniform> shape: Shape;
// [live] the batch row of each live row
@group(0) @binding(2) var<storage, read> live_rows: array<u32>;
// [live] position of the new token
@group(0) @binding(3) var<storage, read> positions: array<u32>;
// [positions, P]: P / 2 cosines, then P / 2 sines
@group(0) @binding(4) var<storage, read> angles: array<f32>;
// [live, (H + 2 K) P], queries rotated in place
@group(0) @binding(5) var<storage, read_write> qkv: array<f32>;
// [rows, S, 2 K P]: keys, then values; written at the new position
@group(0) @binding(6) var<storage, read_write> cache: array<f32>;

@compute @workgroup_size(64)
fn rope_cache(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
              @builtin(local_invocation_index) lane: u32) {
  let i = (group.y * groups.x + group.x) * 64u + lane;
  let pairs = shape.head_dim / 2u;
  let all_heads = shape.heads + 2u * shape.kv_heads;
  let slot = i / (all_heads * pairs);
  if (slot >= extent.count) { return; }
  let head = (i / pairs) % all_heads;
  let pair = i % pairs;
  let position = positions[slot];
  let at = slot * all_heads * shape.head_dim + head * shape.head_dim + pair;
  let a = qkv[at];
  let b = qkv[at + pairs];
  var first = a;
  var second = b;
  if (head < shape.heads + shape.kv_heads) {
    let cosine = angles[position * 2u * pairs + pair];
    let sine = angles[position * 2u * pairs + pairs + pair];
    first = a * cosine - b * sine;
    second = b * cosine + a * sine;
  }
  if (head < shape.heads) {
    qkv[at] = first;
    qkv[at + pairs] = second;
    return;
  }
  let columns = 2u * shape.kv_heads * shape.head_dim;
  let to = (live_rows[slot] * shape.cache_length + position) * columns + (head - shape.heads) * shape.head_dim + pair;
  cache[to] = first;
  cache[to + pairs] = second;
}
