// Causal grouped-query attention over packed rows, in blocks of keys, the softmax taken in one pass.
//
// A running maximum and sum (Milakov & Gimelshein, arXiv 1805.02867) mean that no seq x seq matrix is stored; they move
// once a block of 4 keys, counted from the row's first token. The log of each softmax's sum is kept for the backward
// pass (as in FlashAttention-2, arXiv 2307.08691). What is masked in a block changes no bit: its weight is exactly 0.
// Consumer: the policy's forward pass, training and prefill, where no variant was measured to be faster.
// Grid: one invocation a (token, query head), heads slowest so that neighbours read the same keys; in rows of
// workgroups of 64. Overwrites out and logsumexp. Rows lie end to end; attention never leaves a token's row.

// Columns of a head, P.
const HEAD_DIM: u32 = 16u;

const MASKED = -3.4e38;

struct Extent { count: u32, start: u32 }
// H query heads, K key/value heads (K divides H); scale is 1 / sqrt(P); head_dim is P once more, as a number that
// compilers do not know: unrolled, this takes them seconds.
struct Shape { heads: u32, kv_heads: u32, scale: f32, head_dim: u32 }

// Tokens, T = extent.count.
@group(0) @binding(0) var<uniform> extent: Extent;
@group(0) @binding(1) var<uniform> shape: Shape;
// [T] (first, end): the tokens of the row that this token is in
@group(0) @binding(2) var<storage, read> spans: array<vec2<u32>>;
// [T, (H + 2 K) P]: queries, keys, values
@group(0) @binding(3) var<storage, read> qkv: array<f32>;
// [T, H P], written
@group(0) @binding(4) var<storage, read_write> out: array<f32>;
// [T, H], written
@group(0) @binding(5) var<storage, read_write> logsumexp: array<f32>;

@compute @workgroup_size(64)
fn attention(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
             @builtin(local_invocation_index) lane: u32) {
  let i = (group.y * groups.x + group.x) * 64u + lane;
  let head = i / extent.count;
  if (head >= shape.heads) { return; }
  let token = i % extent.count;
  let stride = (shape.heads + 2u * shape.kv_heads) * HEAD_DIM;
  let kv_head = head / (shape.heads / shape.kv_heads);
  let key_column = (shape.heads + kv_head) * HEAD_DIM;
  let value_column = (shape.heads + shape.kv_heads + kv_head) * HEAD_DIM;

  var query: array<f32, HEAD_DIM>;
  var sum: array<f32, HEAD_DIM>;
  for (var c = 0u; c < shape.head_dim; c++) {
    query[c] = qkv[token * stride + head * HEAD_DIM + c] * shape.scale;
    sum[c] = 0.0;
  }
  var highest = MASKED;
  var total = 0.0;
  for (var j = spans[token].x; j <= token; j += 4u) {
    let stop = min(j + 4u, token + 1u);
    var scores = vec4<f32>();
    var next = highest;
    for (var k = j; k < stop; k++) {
      let key = k * stride + key_column;
      var score = 0.0;
      for (var c = 0u; c < shape.head_dim; c++) { score = fma(query[c], qkv[key + c], score); }
      scores[k - j] = score;
      next = max(next, score);
    }
    let keep = select(exp(highest - next), 1.0, highest == next);
    total *= keep;
    for (var c = 0u; c < shape.head_dim; c++) { sum[c] *= keep; }
    for (var k = j; k < stop; k++) {
      let weight = exp(scores[k - j] - next);
      let value = k * stride + value_column;
      for (var c = 0u; c < shape.head_dim; c++) { sum[c] = fma(weight, qkv[value + c], sum[c]); }
      total += weight;
    }
    highest = next;
  }
  for (var c = 0u; c < shape.head_dim; c++) { out[(token * shape.heads + head) * HEAD_DIM + c] = sum[c] / total; }
  logsumexp[token * shape.heads + head] = highest + log(total);
}
