// Attention with keys and values in workgroup memory: `attention` for graphics cards, heads having columns in fours.
//
// Adds over `attention`: 64 tokens share what they read. A workgroup brings TILE keys and values into its memory, 16
// bytes an invocation at a time, and every token of it goes through them in `attention`'s blocks of 4. The sums are the
// same in the same order.
// Before it: `attention_sums.wgsl` (the order of sums).
// Grid: (tokens / 64, heads) workgroups of 64. Rows lie end to end, and 64 tokens may be of several: one row after the
// other is gone through, masked for the others. Overwrites out and logsumexp.

// Columns of a head, P, in fours.
const HEAD_DIM: u32 = 16u;
const COLUMNS: u32 = HEAD_DIM / 4u;
// Keys in workgroup memory at a time, in fours; 2 TILE P values are to be at most 16 KiB.
const TILE: u32 = 32u;
const LANES: u32 = 64u;

const MASKED = -3.4e38;

struct Extent { count: u32, start: u32 }
// H query heads, K key/value heads (K divides H); scale is 1 / sqrt(P).
struct Shape { heads: u32, kv_heads: u32, scale: f32 }

// Tokens, T = extent.count.
@group(0) @binding(0) var<uniform> extent: Extent;
@group(0) @binding(1) var<uniform> shape: Shape;
// [T] (first, end): the tokens of the row that this token is in
@group(0) @binding(2) var<storage, read> spans: array<vec2<u32>>;
// [T, (H + 2 K) P / 4]: queries, keys, values
@group(0) @binding(3) var<storage, read> qkv: array<vec4<f32>>;
// [T, H P / 4], written
@group(0) @binding(4) var<storage, read_write> out: array<vec4<f32>>;
// [T, H], written
@group(0) @binding(5) var<storage, read_write> logsumexp: array<f32>;

var<workgroup> keys: array<vec4<f32>, TILE * COLUMNS>;
var<workgroup> values: array<vec4<f32>, TILE * COLUMNS>;

@compute @workgroup_size(LANES)
fn attention_tile(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let head = group.y;
  let begin = group.x * LANES;
  let end = min(begin + LANES, extent.count);
  // An invocation past the end helps to read, and stores nothing.
  let token = min(begin + lane, end - 1u);
  let stride = (shape.heads + 2u * shape.kv_heads) * COLUMNS;
  let kv_head = head / (shape.heads / shape.kv_heads);
  let key_column = (shape.heads + kv_head) * COLUMNS;
  let value_column = (shape.heads + shape.kv_heads + kv_head) * COLUMNS;

  var query: array<vec4<f32>, COLUMNS>;
  var sum: array<vec4<f32>, COLUMNS>;
  for (var c = 0u; c < COLUMNS; c++) {
    query[c] = qkv[token * stride + head * COLUMNS + c] * shape.scale;
    sum[c] = vec4<f32>();
  }
  var highest = MASKED;
  var total = 0.0;
  var first = spans[begin].x;
  while (first < end) {
    let row_end = spans[first].y;
    let stop = min(row_end, end);
    let mine = token >= first && token < row_end;
    for (var from_ = first; from_ < stop; from_ += TILE) {
      let here = min(TILE, stop - from_);
      workgroupBarrier();
      for (var i = lane; i < here * COLUMNS; i += LANES) {
        let at = (from_ + i / COLUMNS) * stride + i % COLUMNS;
        keys[i] = qkv[at + key_column];
        values[i] = qkv[at + value_column];
      }
      workgroupBarrier();
      // Of a row that is not this token's, and past it, nothing is seen.
      let seen = select(0u, min(here, token + 1u - min(from_, token + 1u)), mine);
      for (var b = 0u; b < seen; b += 4u) {
        let stop = min(b + 4u, seen);
        var scores = vec4<f32>();
        var next = highest;
        for (var i = b; i < stop; i++) {
          var score = 0.0;
          for (var c = 0u; c < COLUMNS; c++) { score = product(score, query[c], keys[i * COLUMNS + c]); }
          scores[i - b] = score;
          next = max(next, score);
        }
        let keep = select(exp(highest - next), 1.0, highest == next);
        total *= keep;
        for (var c = 0u; c < COLUMNS; c++) { sum[c] *= keep; }
        for (var i = b; i < stop; i++) {
          let weight = exp(scores[i - b] - next);
          for (var c = 0u; c < COLUMNS; c++) {
            sum[c] = fma(vec4<f32>(weight), values[i * COLUMNS + c], sum[c]);
          }
          total += weight;
        }
        highest = next;
      }
    }
    first = row_end;
  }
  if (begin + lane >= end) { return; }
  for (var c = 0u; c < COLUMNS; c++) { out[(token * shape.heads + head) * COLUMNS + c] = sum[c] / total; }
  logsumexp[token * shape.heads + head] = highest + log(total);
}
