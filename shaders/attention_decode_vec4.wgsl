// `attention_decode` with 16-byte loads, for heads of a multiple of 8 columns.
//
// Adds over `attention_decode`: columns are rotated, multiplied and added four at a time. The sums are the same in the
// same order, bit for bit.
// Grid: one invocation a (live row, query head), in rows of workgroups of 64. Overwrites out and the cache's new position.

// Columns of a head, P, a multiple of 8; query heads, H; key/value heads, K, which divides H.
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
// [positions, P / 4]: P / 2 cosines, then P / 2 sines
@group(0) @binding(4) var<storage, read> angles: array<vec4<f32>>;
// [live, (H + 2 K) P / 4]: queries, keys, values
@group(0) @binding(5) var<storage, read> qkv: array<vec4<f32>>;
// [rows, 2 K, S, P / 4]: a row's keys by head, then its values by head; written at the new position
@group(0) @binding(6) var<storage, read_write> cache: array<vec4<f32>>;
// [live, H P / 4], written
@group(0) @binding(7) var<storage, read_write> out: array<vec4<f32>>;

// Vectors of a head, and of half of one.
const WIDTH: u32 = HEAD_DIM / 4u;
const HALF: u32 = HEAD_DIM / 8u;

@compute @workgroup_size(64)
fn attention_decode_vec4(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
                         @builtin(local_invocation_index) lane: u32) {
  let i = (group.y * groups.x + group.x) * 64u + lane;
  let slot = i / HEADS;
  if (slot >= extent.count) { return; }
  let head = i % HEADS;
  let kv_head = head / (HEADS / KV_HEADS);
  let position = positions[slot];
  let token = slot * (HEADS + 2u * KV_HEADS) * WIDTH;
  let keys = (live_rows[slot] * 2u * KV_HEADS + kv_head) * shape.cache_length * WIDTH;
  let values = keys + KV_HEADS * shape.cache_length * WIDTH;

  var query: array<vec4<f32>, WIDTH>;
  let from_query = token + head * WIDTH;
  let from_key = token + (HEADS + kv_head) * WIDTH;
  let from_value = from_key + KV_HEADS * WIDTH;
  // Query heads that share a key head write the same there, so that each finds it whichever came first.
  let new_key = keys + position * WIDTH;
  let new_value = values + position * WIDTH;
  for (var c = 0u; c < HALF; c++) {
    let cosine = angles[position * WIDTH + c];
    let sine = angles[position * WIDTH + HALF + c];
    let q = mat2x4<f32>(qkv[from_query + c], qkv[from_query + HALF + c]);
    let k = mat2x4<f32>(qkv[from_key + c], qkv[from_key + HALF + c]);
    query[c] = fma(q[0], cosine, -(q[1] * sine)) * shape.scale;
    query[c + HALF] = fma(q[1], cosine, q[0] * sine) * shape.scale;
    cache[new_key + c] = fma(k[0], cosine, -(k[1] * sine));
    cache[new_key + c + HALF] = fma(k[1], cosine, k[0] * sine);
  }
  for (var c = 0u; c < WIDTH; c++) { cache[new_value + c] = qkv[from_value + c]; }

  var sum: array<vec4<f32>, WIDTH>;
  for (var c = 0u; c < WIDTH; c++) { sum[c] = vec4<f32>(); }
  var highest = -3.4e38;
  var total = 0.0;
  for (var j = 0u; j <= position; j++) {
    let key = keys + j * WIDTH;
    // Four sums side by side.
    var part = vec4<f32>();
    for (var c = 0u; c < WIDTH; c++) { part = fma(query[c], cache[key + c], part); }
    let score = (part.x + part.y) + (part.z + part.w);
    let smaller = exp(-abs(score - highest));
    let keep = select(1.0, smaller, score > highest);
    let weight = select(smaller, 1.0, score > highest);
    highest = max(highest, score);
    total = fma(total, keep, weight);
    let value = values + j * WIDTH;
    for (var c = 0u; c < WIDTH; c++) { sum[c] = fma(vec4<f32>(weight), cache[value + c], sum[c] * keep); }
  }
  for (var c = 0u; c < WIDTH; c++) { out[i * WIDTH + c] = sum[c] / total; }
}
