// dq of attention with keys and values in workgroup memory: `attention_backward_query` for graphics cards, heads having
// columns in fours.
//
// Adds over `attention_backward_query`: as in `attention_tile`, 64 tokens share the keys and values that they read. The
// sums are the same in the same order.
// Before it: `attention_sums.wgsl` (the order of sums).
// Grid: (tokens / 64, heads) workgroups of 64; rows are gone through one after the other, masked for tokens of others.
// Overwrites delta and the query columns of dqkv.

// Columns of a head, P, in fours.
const HEAD_DIM: u32 = 16u;
const COLUMNS: u32 = HEAD_DIM / 4u;
// Keys in workgroup memory at a time; 2 TILE P values are to be at most 16 KiB.
const TILE: u32 = 32u;
const LANES: u32 = 64u;

struct Extent { count: u32, start: u32 }
struct Shape { heads: u32, kv_heads: u32, scale: f32 }

// Tokens, T = extent.count.
@group(0) @binding(0) var<uniform> extent: Extent;
// H = heads, K = kv_heads.
@group(0) @binding(1) var<uniform> shape: Shape;
// [T] (first, end) of the token's row
@group(0) @binding(2) var<storage, read> spans: array<vec2<u32>>;
// [T, (H + 2 K) P / 4]
@group(0) @binding(3) var<storage, read> qkv: array<vec4<f32>>;
// [T, H P / 4]
@group(0) @binding(4) var<storage, read> out: array<vec4<f32>>;
// [T, H P / 4]
@group(0) @binding(5) var<storage, read> dout: array<vec4<f32>>;
// [T, H] from the forward pass
@group(0) @binding(6) var<storage, read> logsumexp: array<f32>;
// [T, H], written
@group(0) @binding(7) var<storage, read_write> delta: array<f32>;
// [T, (H + 2 K) P / 4], query columns written
@group(0) @binding(8) var<storage, read_write> dqkv: array<vec4<f32>>;

var<workgroup> keys: array<vec4<f32>, TILE * COLUMNS>;
var<workgroup> values: array<vec4<f32>, TILE * COLUMNS>;

@compute @workgroup_size(LANES)
fn attention_backward_query_tile(@builtin(workgroup_id) group: vec3<u32>,
                                 @builtin(local_invocation_index) lane: u32) {
  let head = group.y;
  let begin = group.x * LANES;
  let end = min(begin + LANES, extent.count);
  // An invocation past the end helps to read, and stores nothing.
  let token = min(begin + lane, end - 1u);
  let stride = (shape.heads + 2u * shape.kv_heads) * COLUMNS;
  let kv_head = head / (shape.heads / shape.kv_heads);
  let key_column = (shape.heads + kv_head) * COLUMNS;
  let value_column = (shape.heads + shape.kv_heads + kv_head) * COLUMNS;
  let query_at = token * stride + head * COLUMNS;
  let out_at = (token * shape.heads + head) * COLUMNS;

  var query: array<vec4<f32>, COLUMNS>;
  var dvalue: array<vec4<f32>, COLUMNS>;
  var sum: array<vec4<f32>, COLUMNS>;
  var along = 0.0;
  for (var c = 0u; c < COLUMNS; c++) {
    query[c] = qkv[query_at + c] * shape.scale;
    dvalue[c] = dout[out_at + c];
    along = product(along, dvalue[c], out[out_at + c]);
    sum[c] = vec4<f32>();
  }
  let normaliser = logsumexp[token * shape.heads + head];
  var first = spans[begin].x;
  while (first < end) {
    let row_end = spans[first].y;
    let stop = min(row_end, end);
    // Of a row that is not this token's nothing is seen.
    let limit = select(0u, token + 1u, token >= first && token < row_end);
    for (var from_ = first; from_ < stop; from_ += TILE) {
      let here = min(TILE, stop - from_);
      workgroupBarrier();
      for (var i = lane; i < here * COLUMNS; i += LANES) {
        let at = (from_ + i / COLUMNS) * stride + i % COLUMNS;
        keys[i] = qkv[at + key_column];
        values[i] = qkv[at + value_column];
      }
      workgroupBarrier();
      for (var i = 0u; i < here && from_ + i < limit; i++) {
        var score = 0.0;
        var dp = 0.0;
        for (var c = 0u; c < COLUMNS; c++) {
          score = product(score, query[c], keys[i * COLUMNS + c]);
          dp = product(dp, dvalue[c], values[i * COLUMNS + c]);
        }
        let dscore = exp(score - normaliser) * (dp - along) * shape.scale;
        for (var c = 0u; c < COLUMNS; c++) { sum[c] = fma(vec4<f32>(dscore), keys[i * COLUMNS + c], sum[c]); }
      }
    }
    first = row_end;
  }
  if (begin + lane >= end) { return; }
  for (var c = 0u; c < COLUMNS; c++) { dqkv[query_at + c] = sum[c]; }
  delta[token * shape.heads + head] = along;
}
