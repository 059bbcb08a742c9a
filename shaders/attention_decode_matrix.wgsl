// `attention_decode` for heads of 16 columns, each a matrix of four by four.
//
// Adds over `attention_decode_vec4`: query, sums, a key, a value are one matrix each and stay in registers, where software
// adapters keep an array in memory even if its indices are known. (Of larger heads so many loads in one go would take
// them long to compile.) The sums are the same in the same order, bit for bit.
// Grid: one invocation a (live row, query head), in rows of workgroups of 64. Overwrites out and the cache's new position.

// Query heads, H; key/value heads, K, which divides H.
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
// [positions, 4]: eight cosines, then eight sines
@group(0) @binding(4) var<storage, read> angles: array<vec4<f32>>;
// [live, (H + 2 K) 4]: queries, keys, values
@group(0) @binding(5) var<storage, read> qkv: array<vec4<f32>>;
// [rows, 2 K, S]: a row's keys by head, then its values by head; written at the new position
@group(0) @binding(6) var<storage, read_write> cache: array<mat4x4<f32>>;
// [live, H], written
@group(0) @binding(7) var<storage, read_write> out: array<mat4x4<f32>>;

// A head that lies at `at`, rotated to a position whose angles lie at `angle`.
fn rotated(at: u32, angle: u32) -> mat4x4<f32> {
  let cosine = mat2x4<f32>(angles[angle], angles[angle + 1u]);
  let sine = mat2x4<f32>(angles[angle + 2u], angles[angle + 3u]);
  // The two halves of the head are the pairs' first and second members.
  let x = mat2x4<f32>(qkv[at], qkv[at + 1u]);
  let y = mat2x4<f32>(qkv[at + 2u], qkv[at + 3u]);
  return mat4x4<f32>(fma(x[0], cosine[0], -(y[0] * sine[0])), fma(x[1], cosine[1], -(y[1] * sine[1])),
                     fma(y[0], cosine[0], x[0] * sine[0]), fma(y[1], cosine[1], x[1] * sine[1]));
}

@compute @workgroup_size(64)
fn attention_decode_matrix(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
                           @builtin(local_invocation_index) lane: u32) {
  let i = (group.y * groups.x + group.x) * 64u + lane;
  let slot = i / HEADS;
  if (slot >= extent.count) { return; }
  let head = i % HEADS;
  let kv_head = head / (HEADS / KV_HEADS);
  let position = positions[slot];
  let token = slot * (HEADS + 2u * KV_HEADS) * 4u;
  let keys = (live_rows[slot] * 2u * KV_HEADS + kv_head) * shape.cache_length;
  let to_values = KV_HEADS * shape.cache_length;
  let end = keys + position;

  let query = rotated(token + head * 4u, position * 4u) * shape.scale;
  // Query heads that share a key head write the same there, so that each finds it whichever came first.
  let from_key = token + (HEADS + kv_head) * 4u;
  let from_value = from_key + KV_HEADS * 4u;
  cache[end] = rotated(from_key, position * 4u);
  cache[end + to_values] = mat4x4<f32>(qkv[from_value], qkv[from_value + 1u], qkv[from_value + 2u], qkv[from_value + 3u]);

  var sum = mat4x4<f32>();
  var highest = -3.4e38;
  var total = 0.0;
  for (var j = keys; j <= end; j++) {
    let key = cache[j];
    // Four sums side by side.
    let part = fma(query[3], key[3], fma(query[2], key[2], fma(query[1], key[1], query[0] * key[0])));
    let score = (part.x + part.y) + (part.z + part.w);
    let smaller = exp(-abs(score - highest));
    let keep = select(1.0, smaller, score > highest);
    let weight = vec4<f32>(select(smaller, 1.0, score > highest));
    highest = max(highest, score);
    total = fma(total, keep, weight.x);
    let value = cache[j + to_values];
    sum = mat4x4<f32>(fma(weight, value[0], sum[0] * keep), fma(weight, value[1], sum[1] * keep),
                      fma(weight, value[2], sum[2] * keep), fma(weight, value[3], sum[3] * keep));
  }
  out[i] = mat4x4<f32>(sum[0] / total, sum[1] / total, sum[2] / total, sum[3] / total);
}
