// dk and dv of attention with queries in workgroup memory: `attention_backward_key_value` for graphics cards, heads having
// columns in fours.
//
// Adds over `attention_backward_key_value`: 64 tokens share the queries that they read, and what comes back to them. The
// sums are the same in the same order.
// Before it: `attention_sums.wgsl` (the order of sums).
// Grid: (tokens / 64, key/value heads) workgroups of 64; rows are gone through one after the other, masked for tokens of
// others. Overwrites the key and value columns of dqkv.

// Columns of a head, P, in fours.
const HEAD_DIM: u32 = 16u;
const COLUMNS: u32 = HEAD_DIM / 4u;
// Queries in workgroup memory at a time; 2 TILE (P + 1) values are to be at most 16 KiB.
const TILE: u32 = 24u;
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
@group(0) @binding(4) var<storage, read> dout: array<vec4<f32>>;
// [T, H]
@group(0) @binding(5) var<storage, read> logsumexp: array<f32>;
// [T, H]
@group(0) @binding(6) var<storage, read> delta: array<f32>;
// [T, (H + 2 K) P / 4], key and value columns written
@group(0) @binding(7) var<storage, read_write> dqkv: array<vec4<f32>>;

var<workgroup> queries: array<vec4<f32>, TILE * COLUMNS>;
var<workgroup> douts: array<vec4<f32>, TILE * COLUMNS>;
// (logsumexp, delta)
var<workgroup> sums: array<vec2<f32>, TILE>;

@compute @workgroup_size(LANES)
fn attention_backward_key_value_tile(@builtin(workgroup_id) group: vec3<u32>,
                                     @builtin(local_invocation_index) lane: u32) {
  let kv_head = group.y;
  let begin = group.x * LANES;
  let end = min(begin + LANES, extent.count);
  // An invocation past the end helps to read, and stores nothing.
  let token = min(begin + lane, end - 1u);
  let stride = (shape.heads + 2u * shape.kv_heads) * COLUMNS;
  let key_at = token * stride + (shape.heads + kv_head) * COLUMNS;
  let value_at = token * stride + (shape.heads + shape.kv_heads + kv_head) * COLUMNS;
  let sharing = shape.heads / shape.kv_heads;

  var key: array<vec4<f32>, COLUMNS>;
  var value: array<vec4<f32>, COLUMNS>;
  var dkey: array<vec4<f32>, COLUMNS>;
  var dvalue: array<vec4<f32>, COLUMNS>;
  for (var c = 0u; c < COLUMNS; c++) {
    key[c] = qkv[key_at + c] * shape.scale;
    value[c] = qkv[value_at + c];
    dkey[c] = vec4<f32>();
    dvalue[c] = vec4<f32>();
  }
  for (var h = kv_head * sharing; h < (kv_head + 1u) * sharing; h++) {
    var first = begin;
    while (first < end) {
      let row_end = spans[first].y;
      let mine = token >= first && token < row_end;
      for (var from_ = first; from_ < row_end; from_ += TILE) {
        let here = min(TILE, row_end - from_);
        workgroupBarrier();
        for (var i = lane; i < here * COLUMNS; i += LANES) {
          let query = from_ + i / COLUMNS;
          queries[i] = qkv[query * stride + h * COLUMNS + i % COLUMNS];
          douts[i] = dout[(query * shape.heads + h) * COLUMNS + i % COLUMNS];
        }
        for (var i = lane; i < here; i += LANES) {
          let at = (from_ + i) * shape.heads + h;
          sums[i] = vec2<f32>(logsumexp[at], delta[at]);
        }
        workgroupBarrier();
        // No query before this token sees its key, and none of another row.
        for (var i = select(here, max(token, from_) - from_, mine); i < here; i++) {
          var score = 0.0;
          var dp = 0.0;
          for (var c = 0u; c < COLUMNS; c++) {
            score = product(score, key[c], queries[i * COLUMNS + c]);
            dp = product(dp, value[c], douts[i * COLUMNS + c]);
          }
          let p = exp(score - sums[i].x);
          let dscore = p * (dp - sums[i].y) * shape.scale;
          for (var c = 0u; c < COLUMNS; c++) {
            dvalue[c] = fma(vec4<f32>(p), douts[i * COLUMNS + c], dvalue[c]);
            dkey[c] = fma(vec4<f32>(dscore), queries[i * COLUMNS + c], dkey[c]);
          }
        }
      }
      first = row_end;
    }
  }
  if (begin + lane >= end) { return; }
  for (var c = 0u; c < COLUMNS; c++) {
    dqkv[key_at + c] = dkey[c];
    dqkv[value_at + c] = dvalue[c];
  }
}
