// Attention of each live row's new token over its cache, the softmax taken in one pass.
//
// The same arithmetic as `attention`, with keys and values read from the cache.
// Consumer: decoding. Grid: one invocation a (live row, query head), in rows of workgroups of 64. Overwrites out.

// Columns of a head, P.
const HEAD_DIM: u32 = 16u;

struct Extent { count: u32, start: u32 }
// H = heads, K = kv_heads, S = cache_length, scale = 1 / sqrt(P).
struct Shape { heads: u32, kv_heads: u32, scale: f32, cache_length: u32 }

// Live rows, extent.count.
@group(0) @binding(0) var<uniform> extent: Extent;
@group(0) @binding(1) var<uniform> shape: Shape;
// [live] the batch row of each live row
@group(0) @binding(2) var<storage, read> live_rows: array<u32>;
// [live] position of the new token; the cache holds it already
@group(0) @binding(3) var<storage, read> positions: array<u32>;
// [live, (H + 2 K) P], queries rotated
@group(0) @binding(4) var<storage, read> qkv: array<f32>;
// [rows, S, 2 K P]
@group(0) @binding(5) var<storage, read> cache: array<f32>;
// [live, H P], written
@group(0) @binding(6) var<storage, read_write> out: array<f32>;

@compute @workgroup_size(64)
fn attention_decode(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
                    @builtin(local_invocation_index) lane: u32) {
  let i = (group.y * groups.x + group.x) * 64u + lane;
  let slot = i / shape.heads;
  if (slot >= extent.count) { return; }
  let head = i % shape.heads;
  let kv_head = head / (shape.heads / shape.kv_heads);
  let columns = 2u * shape.kv_heads * HEAD_DIM;
  let from_ = slot * (shape.heads + 2u * shape.kv_heads) * HEAD_DIM + head * HEAD_DIM;
  let row_at = live_rows[slot] * shape.cache_length * columns + kv_head * HEAD_DIM;

  var query: array<f32, HEAD_DIM>;
  var sum: array<f32, HEAD_DIM>;
  for (var c = 0u; c < HEAD_DIM; c++) {
    query[c] = qkv[from_ + c] * shape.scale;
    sum[c] = 0.0;
  }
  var highest = -3.4e38;
  var total = 0.0;
  for (var j = 0u; j <= positions[slot]; j++) {
    let key = row_at + j * columns;
    var score = 0.0;
    for (var c = 0u; c < HEAD_DIM; c++) { score += query[c] * cache[key + c]; }
    let next = max(highest, score);
    let keep = exp(highest - next);
    let weight = exp(score - next);
    let value = key + shape.kv_heads * HEAD_DIM;
    for (var c = 0u; c < HEAD_DIM; c++) { sum[c] = sum[c] * keep + weight * cache[value + c]; }
    total = total * keep + weight;
    highest = next;
  }
  for (var c = 0u; c < HEAD_DIM; c++) { out[i * HEAD_DIM + c] = sum[c] / total; }
}
