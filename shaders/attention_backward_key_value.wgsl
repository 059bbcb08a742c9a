// dk and dv of attention.
//
// For each key the queries of its row at or after it are gone through once, for every query head that shares it:
// p = exp(score - logsumexp),  dv = sum p dout,  dk = scale * sum p (dout . v - delta) q.
// Consumer: the backward pass, after `attention_backward_query` has written delta, where no variant was measured to be
// faster.
// Grid: one invocation a (token, key/value head), heads slowest, in rows of workgroups of 64. Overwrites the key
// and value columns of dqkv.

// Columns of a head, P.
const HEAD_DIM: u32 = 16u;

struct Extent { count: u32, start: u32 }
// head_dim is P once more, as a number that compilers do not know: unrolled, this takes them seconds.
struct Shape { heads: u32, kv_heads: u32, scale: f32, head_dim: u32 }

// Tokens, T = extent.count.
@group(0) @binding(0) var<uniform> extent: Extent;
// H = heads, K = kv_heads.
@group(0) @binding(1) var<uniform> shape: Shape;
// [T] (first, end) of the token's row
@group(0) @binding(2) var<storage, read> spans: array<vec2<u32>>;
// [T, (H + 2 K) P]
@group(0) @binding(3) var<storage, read> qkv: array<f32>;
// [T, H P]
@group(0) @binding(4) var<storage, read> dout: array<f32>;
// [T, H]
@group(0) @binding(5) var<storage, read> logsumexp: array<f32>;
// [T, H]
@group(0) @binding(6) var<storage, read> delta: array<f32>;
// [T, (H + 2 K) P], key and value columns written
@group(0) @binding(7) var<storage, read_write> dqkv: array<f32>;

@compute @workgroup_size(64)
fn attention_backward_key_value(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
                                @builtin(local_invocation_index) lane: u32) {
  let i = (group.y * groups.x + group.x) * 64u + lane;
  let kv_head = i / extent.count;
  if (kv_head >= shape.kv_heads) { return; }
  let token = i % extent.count;
  let stride = (shape.heads + 2u * shape.kv_heads) * HEAD_DIM;
  let key_at = token * stride + (shape.heads + kv_head) * HEAD_DIM;
  let value_at = token * stride + (shape.heads + shape.kv_heads + kv_head) * HEAD_DIM;
  let sharing = shape.heads / shape.kv_heads;

  var key: array<f32, HEAD_DIM>;
  var value: array<f32, HEAD_DIM>;
  var dkey: array<f32, HEAD_DIM>;
  var dvalue: array<f32, HEAD_DIM>;
  for (var c = 0u; c < shape.head_dim; c++) {
    key[c] = qkv[key_at + c] * shape.scale;
    value[c] = qkv[value_at + c];
    dkey[c] = 0.0;
    dvalue[c] = 0.0;
  }
  let end = spans[token].y;
  for (var h = kv_head * sharing; h < (kv_head + 1u) * sharing; h++) {
    for (var j = token; j < end; j++) {
      let query = j * stride + h * HEAD_DIM;
      let out_at = (j * shape.heads + h) * HEAD_DIM;
      var score = 0.0;
      var dp = 0.0;
      for (var c = 0u; c < shape.head_dim; c++) {
        score = fma(key[c], qkv[query + c], score);
        dp = fma(value[c], dout[out_at + c], dp);
      }
      let p = exp(score - logsumexp[j * shape.heads + h]);
      let dscore = p * (dp - delta[j * shape.heads + h]) * shape.scale;
      for (var c = 0u; c < shape.head_dim; c++) {
        dvalue[c] = fma(p, dout[out_at + c], dvalue[c]);
        dkey[c] = fma(dscore, qkv[query + c], dkey[c]);
      }
    }
  }
  for (var c = 0u; c < shape.head_dim; c++) {
    dqkv[key_at + c] = dkey[c];
    dqkv[value_at + c] = dvalue[c];
  }
}
