// Attention of each live row's new token over its cache, from the projected queries, keys and values on.
//
// The new token's query and key are rotated to its position here (RoPE, arXiv 2104.09864), its key and value join the
// cache, and its attention is taken in one pass over the keys, the softmax as in `attention`: a running maximum and
// sums relative to it (Milakov & Gimelshein, arXiv 1805.02867). One exponential a key does: of the old sums' factor
// and the new key's weight, one is always 1.
// Consumer: decoding, for any head size. `attention_decode_vec4` and, for heads of 16, `attention_decode_matrix` take
// four columns at a time; `attention_decode_shared` shares a row's keys out over a workgroup. All add up in the same
// order, bit for bit.
// Grid: one invocation a (live row, query head), in rows of workgroups of 64. Overwrites out and the cache's new position.

// Columns of a head, P, an even number; query heads, H; key/value heads, K, which divides H.
const HEAD_DIM: u32 = 16u;
const HEADS: u32 = 4u;
const KV_HEADS: u32 = 4u;

struct Extent { count: u32, start: u32 }
// scale = 1 / sqrt(P); S = cache_length, positions the cache holds for a row.
struct Shape { scale: f32, cache_length: u32 }

// Live rows, extent.count.
@group(0) @binding(0) var<uniform> extent: Extent;
@group(0) @binding(1) var<uniform> shape: Shape;
// [live] the batch row of each live row
@group(0) @binding(2) var<storage, read> live_rows: array<u32>;
// [live] position of the new token; the cache holds those before
@group(0) @binding(3) var<storage, read> positions: array<u32>;
// [positions, P]: P / 2 cosines, then P / 2 sines
@group(0) @binding(4) var<storage, read> angles: array<f32>;
// [live, (H + 2 K) P]: queries, keys, values
@group(0) @binding(5) var<storage, read> qkv: array<f32>;
// [rows, 2 K, S, P]: a row's keys by head, then its values by head; written at the new position
@group(0) @binding(6) var<storage, read_write> cache: array<f32>;
// [live, H P], written
@group(0) @binding(7) var<storage, read_write> out: array<f32>;

const PAIRS: u32 = HEAD_DIM / 2u;

@compute @workgroup_size(64)
fn attention_decode(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
                    @builtin(local_invocation_index) lane: u32) {
  let i = (group.y * groups.x + group.x) * 64u + lane;
  let slot = i / HEADS;
  if (slot >= extent.count) { return; }
  let head = i % HEADS;
  let kv_head = head / (HEADS / KV_HEADS);
  let position = positions[slot];
  let token = slot * (HEADS + 2u * KV_HEADS) * HEAD_DIM;
  let keys = (live_rows[slot] * 2u * KV_HEADS + kv_head) * shape.cache_length * HEAD_DIM;
  let values = keys + KV_HEADS * shape.cache_length * HEAD_DIM;

  var query: array<f32, HEAD_DIM>;
  let from_query = token + head * HEAD_DIM;
  let from_key = token + (HEADS + kv_head) * HEAD_DIM;
  let from_value = from_key + KV_HEADS * HEAD_DIM;
  // Query heads that share a key head write the same there, so that each finds it whichever came first.
  let new_key = keys + position * HEAD_DIM;
  let new_value = values + position * HEAD_DIM;
  for (var c = 0u; c < PAIRS; c++) {
    let angle = vec2<f32>(angles[position * HEAD_DIM + c], angles[position * HEAD_DIM + PAIRS + c]);
    let q = vec2<f32>(qkv[from_query + c], qkv[from_query + PAIRS + c]);
    let k = vec2<f32>(qkv[from_key + c], qkv[from_key + PAIRS + c]);
    query[c] = fma(q.x, angle.x, -(q.y * angle.y)) * shape.scale;
    query[c + PAIRS] = fma(q.y, angle.x, q.x * angle.y) * shape.scale;
    cache[new_key + c] = fma(k.x, angle.x, -(k.y * angle.y));
    cache[new_key + c + PAIRS] = fma(k.y, angle.x, k.x * angle.y);
  }
  for (var c = 0u; c < HEAD_DIM; c++) { cache[new_value + c] = qkv[from_value + c]; }

  var sum: array<f32, HEAD_DIM>;
  for (var c = 0u; c < HEAD_DIM; c++) { sum[c] = 0.0; }
  var highest = -3.4e38;
  var total = 0.0;
  for (var j = 0u; j <= position; j++) {
    let key = keys + j * HEAD_DIM;
    // Four sums side by side, as the variants have them.
    var part = vec4<f32>();
    for (var c = 0u; c < HEAD_DIM; c += 4u) {
      part.x = fma(query[c], cache[key + c], part.x);
      part.y = fma(query[c + 1u], cache[key + c + 1u], part.y);
      if (c + 2u < HEAD_DIM) {
        part.z = fma(query[c + 2u], cache[key + c + 2u], part.z);
        part.w = fma(query[c + 3u], cache[key + c + 3u], part.w);
      }
    }
    let score = (part.x + part.y) + (part.z + part.w);
    let smaller = exp(-abs(score - highest));
    let keep = select(1.0, smaller, score > highest);
    let weight = select(smaller, 1.0, score > highest);
    highest = max(highest, score);
    total = fma(total, keep, weight);
    let value = values + j * HEAD_DIM;
    for (var c = 0u; c < HEAD_DIM; c++) { sum[c] = fma(weight, cache[value + c], sum[c] * keep); }
  }
  for (var c = 0u; c < HEAD_DIM; c++) { out[i * HEAD_DIM + c] = sum[c] / total; }
}
