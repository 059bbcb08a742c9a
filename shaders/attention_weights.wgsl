// The attention weights of one head, written out: what a reader wants to see, and what training never stores.
//
//   weights[t, j] = exp(query_t . key_j / sqrt(P) - logsumexp_t)   for the row's tokens j up to t, else 0
//
// The softmax's normaliser is the one that `attention` left behind, so that these are the very weights it used.
// Consumer: `inspect.ts`, for one row of a person's choice. Grid: one invocation a (query, key), keys fastest, in rows
// of workgroups of 64. Overwrites weights.

// Columns of a head, P.
const HEAD_DIM: u32 = 16u;

struct Extent { count: u32, start: u32 }
// H query heads, K key/value heads (K divides H); scale is 1 / sqrt(P); head is the query head looked at.
struct Shape { heads: u32, kv_heads: u32, scale: f32, head: u32 }

// Tokens, T = extent.count.
@group(0) @binding(0) var<uniform> extent: Extent;
@group(0) @binding(1) var<uniform> shape: Shape;
// [T] (first, end): the tokens of the row that this token is in
@group(0) @binding(2) var<storage, read> spans: array<vec2<u32>>;
// [T, (H + 2 K) P]: queries, keys, values, with positions rotated in
@group(0) @binding(3) var<storage, read> qkv: array<f32>;
// [T, H]
@group(0) @binding(4) var<storage, read> logsumexp: array<f32>;
// [T, T], written
@group(0) @binding(5) var<storage, read_write> weights: array<f32>;

@compute @workgroup_size(64)
fn attention_weights(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
                     @builtin(local_invocation_index) lane: u32) {
  let i = (group.y * groups.x + group.x) * 64u + lane;
  let token = i / extent.count;
  if (token >= extent.count) { return; }
  let j = i % extent.count;
  if (j < spans[token].x || j > token) {
    weights[i] = 0.0;
    return;
  }
  let stride = (shape.heads + 2u * shape.kv_heads) * HEAD_DIM;
  let query = token * stride + shape.head * HEAD_DIM;
  let key = j * stride + (shape.heads + shape.head / (shape.heads / shape.kv_heads)) * HEAD_DIM;
  var score = 0.0;
  for (var c = 0u; c < HEAD_DIM; c++) { score += qkv[query + c] * shape.scale * qkv[key + c]; }
  weights[i] = exp(score - logsumexp[token * shape.heads + shape.head]);
}
