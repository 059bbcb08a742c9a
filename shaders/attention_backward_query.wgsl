// dq of attention, and the inner product delta = sum(dout * out) that the key and value gradients need as well.
//
// With p = exp(score - logsumexp):  dp = dout . v,  dscore = p (dp - delta),  dq = scale * sum dscore k.
// (FlashAttention-2, arXiv 2307.08691: the probabilities are made again rather than stored.)
// Consumer: the backward pass, where no variant was measured to be faster.
// Grid: one invocation a (token, query head), heads slowest, in rows of workgroups of 64. Overwrites delta and the query
// columns of dqkv.

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
@group(0) @binding(4) var<storage, read> out: array<f32>;
// [T, H P]
@group(0) @binding(5) var<storage, read> dout: array<f32>;
// [T, H] from the forward pass
@group(0) @binding(6) var<storage, read> logsumexp: array<f32>;
// [T, H], written
@group(0) @binding(7) var<storage, read_write> delta: array<f32>;
// [T, (H + 2 K) P], query columns written
@group(0) @binding(8) var<storage, read_write> dqkv: array<f32>;

@compute @workgroup_size(64)
fn attention_backward_query(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
                            @builtin(local_invocation_index) lane: u32) {
  let i = (group.y * groups.x + group.x) * 64u + lane;
  let head = i / extent.count;
  if (head >= shape.heads) { return; }
  let token = i % extent.count;
  let stride = (shape.heads + 2u * shape.kv_heads) * HEAD_DIM;
  let kv_head = head / (shape.heads / shape.kv_heads);
  let key_column = (shape.heads + kv_head) * HEAD_DIM;
  let value_column = (shape.heads + shape.kv_heads + kv_head) * HEAD_DIM;
  let out_at = (token * shape.heads + head) * HEAD_DIM;

  var query: array<f32, HEAD_DIM>;
  var dvalue: array<f32, HEAD_DIM>;
  var sum: array<f32, HEAD_DIM>;
  var along = 0.0;
  for (var c = 0u; c < shape.head_dim; c++) {
    query[c] = qkv[token * stride + head * HEAD_DIM + c] * shape.scale;
    dvalue[c] = dout[out_at + c];
    along = fma(dvalue[c], out[out_at + c], along);
    sum[c] = 0.0;
  }
  let normaliser = logsumexp[token * shape.heads + head];
  for (var j = spans[token].x; j <= token; j++) {
    let key = j * stride + key_column;
    let value = j * stride + value_column;
    var score = 0.0;
    var dp = 0.0;
    for (var c = 0u; c < shape.head_dim; c++) {
      score = fma(query[c], qkv[key + c], score);
      dp = fma(dvalue[c], qkv[value + c], dp);
    }
    let dscore = exp(score - normaliser) * (dp - along) * shape.scale;
    for (var c = 0u; c < shape.head_dim; c++) { sum[c] = fma(dscore, qkv[key + c], sum[c]); }
  }
  for (var c = 0u; c < shape.head_dim; c++) { dqkv[token * stride + head * HEAD_DIM + c] = sum[c]; }
  delta[token * shape.heads + head] = along;
}
