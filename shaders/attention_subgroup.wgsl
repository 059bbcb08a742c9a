// Attention with keys and values handed round in a subgroup: `attention` where subgroups have one fixed size of at
// least 4, and heads columns in fours.
//
// Adds over `attention`: a subgroup attends for as many tokens as it has invocations. Each invocation reads one key of
// 16 and the others get it by broadcast, so that a key is read once for all of them; the 16 are four of `attention`'s
// blocks, and the sums the same, bit for bit. The running sum stands in out, so that a head of any size compiles fast.
// Grid: (tokens / LANES, heads) workgroups of one subgroup. Rows lie end to end, and LANES tokens may be of several:
// one row after the other is gone through, masked for the others. Overwrites out and logsumexp.
enable subgroups;

// Invocations of a subgroup on this adapter.
const LANES: u32 = 8u;
// Which invocation has read the first of the second, third and fourth four keys.
const SECOND: u32 = select(0u, 4u, LANES >= 8u);
const THIRD: u32 = select(0u, 8u, LANES >= 16u);
const FOURTH: u32 = THIRD + SECOND;

const MASKED = -3.4e38;

struct Extent { count: u32, start: u32 }
// H query heads, K key/value heads (K divides H); scale is 1 / sqrt(P); columns is P / 4, P being
// the columns of a head: as a number that compilers do not know, so that they do not unroll.
struct Shape { heads: u32, kv_heads: u32, scale: f32, columns: u32 }

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

// Four columns of 16 keys, or values; a matrix has a key in each of its columns.
struct Sixteen { a: mat4x4<f32>, b: mat4x4<f32>, c: mat4x4<f32>, d: mat4x4<f32> }

// `at`: where this invocation reads its key of each four; those that another has read already are not read again.
fn sixteen(at: vec4<u32>, column: u32) -> Sixteen {
  let a = qkv[at.x + column];
  var b = a;
  var c = a;
  if (LANES < 8u) { b = qkv[at.y + column]; }
  if (LANES < 16u) { c = qkv[at.z + column]; }
  var d = c;
  if (LANES < 8u) { d = qkv[at.w + column]; }
  return Sixteen(
    mat4x4<f32>(subgroupBroadcast(a, 0u), subgroupBroadcast(a, 1u), subgroupBroadcast(a, 2u), subgroupBroadcast(a, 3u)),
    mat4x4<f32>(subgroupBroadcast(b, SECOND), subgroupBroadcast(b, SECOND + 1u), subgroupBroadcast(b, SECOND + 2u),
                subgroupBroadcast(b, SECOND + 3u)),
    mat4x4<f32>(subgroupBroadcast(c, THIRD), subgroupBroadcast(c, THIRD + 1u), subgroupBroadcast(c, THIRD + 2u),
                subgroupBroadcast(c, THIRD + 3u)),
    mat4x4<f32>(subgroupBroadcast(d, FOURTH), subgroupBroadcast(d, FOURTH + 1u), subgroupBroadcast(d, FOURTH + 2u),
                subgroupBroadcast(d, FOURTH + 3u)));
}

// sum + the product of x with each of four keys, column after column.
fn products(sum: vec4<f32>, x: vec4<f32>, keys: mat4x4<f32>) -> vec4<f32> {
  let k = transpose(keys);
  return fma(vec4<f32>(x.w), k[3], fma(vec4<f32>(x.z), k[2], fma(vec4<f32>(x.y), k[1], fma(vec4<f32>(x.x), k[0], sum))));
}

// sum + four values by their weights, value after value.
fn weighed(sum: vec4<f32>, weight: vec4<f32>, values: mat4x4<f32>) -> vec4<f32> {
  return fma(vec4<f32>(weight.w), values[3], fma(vec4<f32>(weight.z), values[2],
         fma(vec4<f32>(weight.y), values[1], fma(vec4<f32>(weight.x), values[0], sum))));
}

// How a block's keys weigh, and what is kept of all that came before it.
struct Block { weights: vec4<f32>, keep: f32 }

// The softmax over one more block of four keys. What is not seen weighs exactly nothing.
fn block(highest: ptr<function, f32>, total: ptr<function, f32>, scores: vec4<f32>, seen: vec4<bool>) -> Block {
  let s = select(vec4<f32>(MASKED), scores, seen);
  let next = max(*highest, max(max(s.x, s.y), max(s.z, s.w)));
  let keep = select(exp(*highest - next), 1.0, *highest == next);
  let w = select(vec4<f32>(), exp(s - next), seen);
  *highest = next;
  *total = *total * keep + w.x + w.y + w.z + w.w;
  return Block(w, keep);
}

@compute @workgroup_size(LANES)
fn attention_subgroup(@builtin(workgroup_id) group: vec3<u32>, @builtin(subgroup_invocation_id) lane: u32) {
  let head = group.y;
  let begin = group.x * LANES;
  let end = min(begin + LANES, extent.count);
  // An invocation past the end does the last token's work without storing it: a broadcast needs every one of them.
  let token = min(begin + lane, end - 1u);
  let stride = (shape.heads + 2u * shape.kv_heads) * shape.columns;
  let kv_head = head / (shape.heads / shape.kv_heads);
  let query_at = token * stride + head * shape.columns;
  let key_column = (shape.heads + kv_head) * shape.columns;
  let value_column = (shape.heads + shape.kv_heads + kv_head) * shape.columns;
  // Invocations past the end would write what the last one writes, so they write nothing.
  let stores = begin + lane < end;
  let out_at = (token * shape.heads + head) * shape.columns;
  if (stores) {
    for (var c = 0u; c < shape.columns; c++) { out[out_at + c] = vec4<f32>(); }
  }
  let fours = vec4<u32>(0u, 4u, 8u, 12u);
  var highest = MASKED;
  var total = 0.0;
  var first = spans[begin].x;
  while (first < end) {
    let row_end = spans[first].y;
    let stop = min(row_end, end);
    // Keys from here on are not seen: none of this row where the token is of another.
    let limit = select(0u, token + 1u, token >= first && token < row_end);
    for (var j = first; j < stop; j += 16u) {
      let at = min(vec4<u32>(j + lane % 16u) + fours, vec4<u32>(stop - 1u)) * stride;
      var s0 = vec4<f32>();
      var s1 = vec4<f32>();
      var s2 = vec4<f32>();
      var s3 = vec4<f32>();
      for (var c = 0u; c < shape.columns; c++) {
        let query = qkv[query_at + c] * shape.scale;
        let keys = sixteen(at, key_column + c);
        s0 = products(s0, query, keys.a);
        s1 = products(s1, query, keys.b);
        s2 = products(s2, query, keys.c);
        s3 = products(s3, query, keys.d);
      }
      let key = vec4<u32>(j) + vec4<u32>(0u, 1u, 2u, 3u);
      let a = block(&highest, &total, s0, key < vec4<u32>(limit));
      let b = block(&highest, &total, s1, key + 4u < vec4<u32>(limit));
      let c = block(&highest, &total, s2, key + 8u < vec4<u32>(limit));
      let d = block(&highest, &total, s3, key + 12u < vec4<u32>(limit));
      for (var i = 0u; i < shape.columns; i++) {
        let values = sixteen(at, value_column + i);
        var sum = weighed(out[out_at + i] * a.keep, a.weights, values.a);
        sum = weighed(sum * b.keep, b.weights, values.b);
        sum = weighed(sum * c.keep, c.weights, values.c);
        sum = weighed(sum * d.keep, d.weights, values.d);
        if (stores) { out[out_at + i] = sum; }
      }
    }
    first = row_end;
  }
  if (!stores) { return; }
  for (var c = 0u; c < shape.columns; c++) { out[out_at + c] /= total; }
  logsumexp[token * shape.heads + head] = highest + log(total);
}
