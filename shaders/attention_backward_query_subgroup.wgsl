// dq of attention with keys and values handed round in a subgroup: `attention_backward_query` where subgroups have one
// fixed size of at least 4, and heads columns in fours.
//
// Adds over `attention_backward_query`: as in `attention_subgroup`, each invocation reads one key and value of 16 and the
// others get them by broadcast. dq is summed up where it is to stand. The sums are the same in the same order.
// Before it: `attention_sixteen.wgsl` (the first bindings, and what a subgroup reads together), `attention_sums.wgsl`
// (the order of sums).
// Grid: (tokens / LANES, heads) workgroups of one subgroup; rows are gone through one after the other, masked for tokens
// of others. Overwrites delta and the query columns of dqkv.
enable subgroups;

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
        let keys = sixteen(at + key_column + c);
        s0 = products(s0, query, keys.a);
        s1 = products(s1, query, keys.b);
        s2 = products(s2, query, keys.c);
        s3 = products(s3, query, keys.d);
        let dvalue = dout[out_at + c];
        let values = sixteen(at + value_column + c);
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
        let keys = sixteen(at + key_column + c);
        let sum = weighed(weighed(dqkv[query_at + c], d0, keys.a), d1, keys.b);
        if (stores) { dqkv[query_at + c] = weighed(weighed(sum, d2, keys.c), d3, keys.d); }
      }
    }
    first = row_end;
  }
  if (stores) { delta[token * shape.heads + head] = along; }
}
