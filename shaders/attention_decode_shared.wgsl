// `attention_decode` for GPUs: a workgroup has a live row's key/value head, its keys shared out over the invocations.
//
// Adds over `attention_decode`: each key is read once for all query heads that share it, scores of up to LANES keys are
// computed at a time, and a value's columns are read side by side. The sums are the same in the same order, bit for bit:
// an invocation has a column of a head and goes through the tile's keys as `attention_decode` does.
// Grid: x the key/value heads, y (and z, where these are many) the live rows; a workgroup each. Overwrites out and the
// cache's new position.

// Columns of a head, P, an even number; query heads, H; key/value heads, K, which divides H.
const HEAD_DIM: u32 = 16u;
const HEADS: u32 = 4u;
const KV_HEADS: u32 = 4u;
// Invocations of a workgroup, at least P.
const LANES: u32 = 64u;

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

// Query heads that share a key head.
const SHARING: u32 = HEADS / KV_HEADS;
const COLUMNS: u32 = SHARING * HEAD_DIM;
const PAIRS: u32 = HEAD_DIM / 2u;
// Columns of the output that an invocation has.
const OWN: u32 = (COLUMNS + LANES - 1u) / LANES;

// [SHARING, P] rotated and scaled
var<workgroup> query: array<f32, COLUMNS>;
// [SHARING, LANES] of the tile's keys
var<workgroup> scores: array<f32, SHARING * LANES>;

@compute @workgroup_size(LANES)
fn attention_decode_shared(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
                           @builtin(local_invocation_index) lane: u32) {
  let slot = group.z * groups.y + group.y;
  if (slot >= extent.count) { return; }
  let kv_head = group.x;
  let position = positions[slot];
  let token = slot * (HEADS + 2u * KV_HEADS) * HEAD_DIM;
  let keys = (live_rows[slot] * 2u * KV_HEADS + kv_head) * shape.cache_length * HEAD_DIM;
  let values = keys + KV_HEADS * shape.cache_length * HEAD_DIM;

  // The query heads' pairs, then the key's.
  let from_query = token + kv_head * COLUMNS;
  let from_key = token + (HEADS + kv_head) * HEAD_DIM;
  let new_key = keys + position * HEAD_DIM;
  for (var p = lane; p < (SHARING + 1u) * PAIRS; p += LANES) {
    let at_angle = position * HEAD_DIM + p % PAIRS;
    let angle = vec2<f32>(angles[at_angle], angles[at_angle + PAIRS]);
    let of_key = p >= SHARING * PAIRS;
    let column = (p / PAIRS) * HEAD_DIM + p % PAIRS;
    let at = select(from_query + column, from_key + p % PAIRS, of_key);
    let x = qkv[at];
    let y = qkv[at + PAIRS];
    let first = fma(x, angle.x, -(y * angle.y));
    let second = fma(y, angle.x, x * angle.y);
    if (of_key) {
      cache[new_key + p % PAIRS] = first;
      cache[new_key + PAIRS + p % PAIRS] = second;
    } else {
      query[column] = first * shape.scale;
      query[column + PAIRS] = second * shape.scale;
    }
  }
  for (var c = lane; c < HEAD_DIM; c += LANES) {
    cache[values + position * HEAD_DIM + c] = qkv[from_key + KV_HEADS * HEAD_DIM + c];
  }
  storageBarrier();
  workgroupBarrier();

  var sum: array<f32, OWN>;
  var highest: array<f32, OWN>;
  var total: array<f32, OWN>;
  for (var o = 0u; o < OWN; o++) { highest[o] = -3.4e38; }
  for (var tile = 0u; tile <= position; tile += LANES) {
    if (tile + lane <= position) {
      let key = keys + (tile + lane) * HEAD_DIM;
      for (var h = 0u; h < SHARING; h++) {
        var part = vec4<f32>();
        for (var c = 0u; c < HEAD_DIM; c += 4u) {
          let q = h * HEAD_DIM + c;
          part.x = fma(query[q], cache[key + c], part.x);
          part.y = fma(query[q + 1u], cache[key + c + 1u], part.y);
          if (c + 2u < HEAD_DIM) {
            part.z = fma(query[q + 2u], cache[key + c + 2u], part.z);
            part.w = fma(query[q + 3u], cache[key + c + 3u], part.w);
          }
        }
        scores[h * LANES + lane] = (part.x + part.y) + (part.z + part.w);
      }
    }
    workgroupBarrier();
    let end = min(tile + LANES, position + 1u) - tile;
    for (var o = 0u; o < OWN; o++) {
      let column = o * LANES + lane;
      if (column < COLUMNS) {
        let h = column / HEAD_DIM;
        let value = values + tile * HEAD_DIM + column % HEAD_DIM;
        for (var j = 0u; j < end; j++) {
          let score = scores[h * LANES + j];
          let smaller = exp(-abs(score - highest[o]));
          let keep = select(1.0, smaller, score > highest[o]);
          let weight = select(smaller, 1.0, score > highest[o]);
          highest[o] = max(highest[o], score);
          total[o] = fma(total[o], keep, weight);
          sum[o] = fma(weight, cache[value + j * HEAD_DIM], sum[o] * keep);
        }
      }
    }
    workgroupBarrier();
  }
  for (var o = 0u; o < OWN; o++) {
    let column = o * LANES + lane;
    if (column < COLUMNS) { out[slot * HEADS * HEAD_DIM + kv_head * COLUMNS + column] = sum[o] / total[o]; }
  }
}
