// dq of attention with keys and values handed round in a subgroup: `attention_backward_query` where subgroups have one
// fixed size of at least 4, and heads columns in fours.
//
// Adds over `attention_backward_query`: as in `attention_subgroup`, each invocation reads one key and value of 16 and the
// others get them by broadcast. dq is summed up where it is to stand. The sums are the same in the same order.
// Grid: (tokens / LANES, heads) workgroups of one subgroup; rows are gone through one after the other, masked for tokens
// of others. Overwrites delta and the query columns of dqkv.
enable subgroups;

// Invocations of a subgroup on this adapter.
const LANES: u32 = 8u;
// Which invocation has read the first of the second, third and fourth four keys.
const SECOND: u32 = select(0u, 4u, LANES >= 8u);
const THIRD: u32 = select(0u, 8u, LANES >= 16u);
const FOURTH: u32 = THIRD + SECOND;

struct Extent { count: u32, start: u32 }
// H query heads, K key/value heads (K divides H); scale is 1 / sqrt(P); columns is P / 4, P being
// the columns of a head: as a number that compilers do not know, so that they do not unroll.
struct Shape { heads: u32, kv_heads: u32, scale: f32, columns: u32 }

// Tokens, T = extent.count.
@group(0) @binding(0) var<uniform> extent: Extent;
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

// sum + a . b, column after column.
fn product(sum: f32, a: vec4<f32>, b: vec4<f32>) -> f32 {
  return fma(a.w, b.w, fma(a.z, b.z, fma(a.y, b.y, fma(a.x, b.x, sum))));
}

@compute @workgroup_size(LANES)
fn attention_backward_query_subgroup(@builtin(workgroup_id) group: vec3<u32>,
                                     @builtin(subgroup_invocation_id) lane: u32) {
  let head = group.y;
  let begin = group.x * LANES;
  let end = min(begin + LANES, extent.count);
  // An invocation past the end does the last token's work without storing it: a broadcast needs every one of them.
  let token = min(begin + lane, end - 1u);
  let stores = begin + lane < end;
  let stride = (shape.heads + 2u * shape.kv_heads) * shape.columns;
  let kv_head = head / (shape.heads / shape.kv_heads);
  let query_at = token * stride + head * shape.columns;
  let out_at = (token * shape.heads + head) * shape.columns;
  let key_column = (shape.heads + kv_head) * shape.columns;
  let value_column = (shape.heads + shape.kv_heads + kv_head) * shape.columns;
  let normaliser = logsumexp[token * shape.heads + head];
  var along = 0.0;
  for (var c = 0u; c < shape.columns; c++) {
    along = product(along, dout[out_at + c], out[out_at + c]);
    if (stores) { dqkv[query_at + c] = vec4<f32>(); }
  }
  let fours = vec4<u32>(0u, 4u, 8u, 12u);
  var first = spans[begin].x;
  while (first < end) {
    let row_end = spans[first].y;
    let stop = min(row_end, end);
    // Keys from here on are not seen: none of this row where the token is of another.
    let limit = vec4<u32>(select(0u, token + 1u, token >= first && token < row_end));
    for (var j = first; j < stop; j += 16u) {
      let at = min(vec4<u32>(j + lane % 16u) + fours, vec4<u32>(stop - 1u)) * stride;
      var s0 = vec4<f32>();
      var s1 = vec4<f32>();
      var s2 = vec4<f32>();
      var s3 = vec4<f32>();
      var p0 = vec4<f32>();
      var p1 = vec4<f32>();
      var p2 = vec4<f32>();
      var p3 = vec4<f32>();
      for (var c = 0u; c < shape.columns; c++) {
        let query = qkv[query_at + c] * shape.scale;
        let keys = sixteen(at, key_column + c);
        s0 = products(s0, query, keys.a);
        s1 = products(s1, query, keys.b);
        s2 = products(s2, query, keys.c);
        s3 = products(s3, query, keys.d);
        let dvalue = dout[out_at + c];
        let values = sixteen(at, value_column + c);
        p0 = products(p0, dvalue, values.a);
        p1 = products(p1, dvalue, values.b);
        p2 = products(p2, dvalue, values.c);
        p3 = products(p3, dvalue, values.d);
      }
      let key = vec4<u32>(j) + vec4<u32>(0u, 1u, 2u, 3u);
      let d0 = select(vec4<f32>(), exp(s0 - normaliser) * (p0 - along) * shape.scale, key < limit);
      let d1 = select(vec4<f32>(), exp(s1 - normaliser) * (p1 - along) * shape.scale, key + 4u < limit);
      let d2 = select(vec4<f32>(), exp(s2 - normaliser) * (p2 - along) * shape.scale, key + 8u < limit);
      let d3 = select(vec4<f32>(), exp(s3 - normaliser) * (p3 - along) * shape.scale, key + 12u < limit);
      for (var c = 0u; c < shape.columns; c++) {
        let keys = sixteen(at, key_column + c);
        let sum = weighed(weighed(dqkv[query_at + c], d0, keys.a), d1, keys.b);
        if (stores) { dqkv[query_at + c] = weighed(weighed(sum, d2, keys.c), d3, keys.d); }
      }
    }
    first = row_end;
  }
  if (stores) { delta[token * shape.heads + head] = along; }
}
