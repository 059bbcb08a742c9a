// dk and dv of attention with queries handed round in a subgroup: `attention_backward_key_value` where subgroups have one
// fixed size of at least 4, and heads columns in fours.
//
// Adds over `attention_backward_key_value`: each invocation reads one query of 16, with what comes back to it, and the
// others get them by broadcast. dk and dv are summed up where they are to stand. The sums are the same in the same order.
// Before it: `attention_sixteen.wgsl` (the first bindings, and what a subgroup reads together), `attention_sums.wgsl`
// (the order of sums).
// Grid: (tokens / LANES, key/value heads) workgroups of one subgroup; rows are gone through one after the other, masked
// for tokens of others. Overwrites the key and value columns of dqkv.
enable subgroups;

// [T, H P / 4]
@group(0) @binding(4) var<storage, read> dout: array<vec4<f32>>;
// [T, H]
@group(0) @binding(5) var<storage, read> logsumexp: array<f32>;
// [T, H]
@group(0) @binding(6) var<storage, read> delta: array<f32>;
// [T, (H + 2 K) P / 4], key and value columns written
@group(0) @binding(7) var<storage, read_write> dqkv: array<vec4<f32>>;

// Of dout, the same way.
fn douts(at: vec4<u32>) -> Sixteen {
  let a = dout[at.x];
  var b = a;
  var c = a;
  if (LANES < 8u) { b = dout[at.y]; }
  if (LANES < 16u) { c = dout[at.z]; }
  var d = c;
  if (LANES < 8u) { d = dout[at.w]; }
  return shared_out(a, b, c, d);
}

// (logsumexp, delta) of 16 tokens, the same way.
fn sums(at: vec4<u32>) -> Sixteen {
  let a = vec4<f32>(logsumexp[at.x], delta[at.x], 0.0, 0.0);
  var b = a;
  var c = a;
  if (LANES < 8u) { b = vec4<f32>(logsumexp[at.y], delta[at.y], 0.0, 0.0); }
  if (LANES < 16u) { c = vec4<f32>(logsumexp[at.z], delta[at.z], 0.0, 0.0); }
  var d = c;
  if (LANES < 8u) { d = vec4<f32>(logsumexp[at.w], delta[at.w], 0.0, 0.0); }
  return shared_out(a, b, c, d);
}

// p = exp(score - logsumexp) of four queries.
fn weights(score: vec4<f32>, sums: mat4x4<f32>, seen: vec4<bool>) -> vec4<f32> {
  return select(vec4<f32>(), exp(score - transpose(sums)[0]), seen);
}

fn dscores(p: vec4<f32>, dp: vec4<f32>, sums: mat4x4<f32>) -> vec4<f32> {
  return p * (dp - transpose(sums)[1]) * shape.scale;
}

@compute @workgroup_size(LANES)
fn attention_backward_key_value_subgroup(@builtin(workgroup_id) group: vec3<u32>,
                                         @builtin(subgroup_invocation_id) lane: u32) {
  let kv_head = group.y;
  let begin = group.x * LANES;
  let end = min(begin + LANES, extent.count);
  // An invocation past the end does the last token's work without storing it: a broadcast needs every one of them.
  let token = min(begin + lane, end - 1u);
  let stores = begin + lane < end;
  let stride = (shape.heads + 2u * shape.kv_heads) * shape.columns;
  let key_at = token * stride + (shape.heads + kv_head) * shape.columns;
  let value_at = token * stride + (shape.heads + shape.kv_heads + kv_head) * shape.columns;
  let sharing = shape.heads / shape.kv_heads;
  if (stores) {
    for (var c = 0u; c < shape.columns; c++) {
      dqkv[key_at + c] = vec4<f32>();
      dqkv[value_at + c] = vec4<f32>();
    }
  }
  let fours = vec4<u32>(0u, 4u, 8u, 12u);
  for (var h = kv_head * sharing; h < (kv_head + 1u) * sharing; h++) {
    var first = begin;
    while (first < end) {
      let row_end = spans[first].y;
      // No query before this one sees the key: none of this row where the key is of another.
      let from_ = vec4<u32>(select(row_end, token, token >= first && token < row_end));
      for (var j = first; j < row_end; j += 16u) {
        let tokens = min(vec4<u32>(j + lane % 16u) + fours, vec4<u32>(row_end - 1u));
        let query_at = tokens * stride + h * shape.columns;
        let out_at = (tokens * shape.heads + h) * shape.columns;
        var s0 = vec4<f32>();
        var s1 = vec4<f32>();
        var s2 = vec4<f32>();
        var s3 = vec4<f32>();
        var p0 = vec4<f32>();
        var p1 = vec4<f32>();
        var p2 = vec4<f32>();
        var p3 = vec4<f32>();
        for (var c = 0u; c < shape.columns; c++) {
          let key = qkv[key_at + c] * shape.scale;
          let q = sixteen(query_at + c);
          s0 = products(s0, key, q.a);
          s1 = products(s1, key, q.b);
          s2 = products(s2, key, q.c);
          s3 = products(s3, key, q.d);
          let value = qkv[value_at + c];
          let g = douts(out_at + c);
          p0 = products(p0, value, g.a);
          p1 = products(p1, value, g.b);
          p2 = products(p2, value, g.c);
          p3 = products(p3, value, g.d);
        }
        let query = vec4<u32>(j) + vec4<u32>(0u, 1u, 2u, 3u);
        let last = vec4<u32>(row_end);
        let sum = sums(tokens * shape.heads + h);
        let w0 = weights(s0, sum.a, (query >= from_) & (query < last));
        let w1 = weights(s1, sum.b, (query + 4u >= from_) & (query + 4u < last));
        let w2 = weights(s2, sum.c, (query + 8u >= from_) & (query + 8u < last));
        let w3 = weights(s3, sum.d, (query + 12u >= from_) & (query + 12u < last));
        let d0 = dscores(w0, p0, sum.a);
        let d1 = dscores(w1, p1, sum.b);
        let d2 = dscores(w2, p2, sum.c);
        let d3 = dscores(w3, p3, sum.d);
        for (var c = 0u; c < shape.columns; c++) {
          let g = douts(out_at + c);
          let dvalue = weighed(weighed(dqkv[value_at + c], w0, g.a), w1, g.b);
          let q = sixteen(query_at + c);
          let dkey = weighed(weighed(dqkv[key_at + c], d0, q.a), d1, q.b);
          if (stores) {
            dqkv[value_at + c] = weighed(weighed(dvalue, w2, g.c), w3, g.d);
            dqkv[key_at + c] = weighed(weighed(dkey, d2, q.c), d3, q.d);
          }
        }
      }
      first = row_end;
    }
  }
}
