// Attention with keys and values handed round in a subgroup: `attention` where subgroups have one fixed size of at
// least 4, and heads columns in fours.
//
// Adds over `attention`: a subgroup attends for as many tokens as it has invocations. Each invocation reads one key of
// 16 and the others get it by broadcast, so that a key is read once for all of them; the 16 are four of `attention`'s
// blocks, and the sums the same, bit for bit. The running sum stands in out, so that a head of any size compiles fast.
// Before it: `attention_sixteen.wgsl` (the first bindings, and what a subgroup reads together), `attention_sums.wgsl`
// (the order of sums).
// Grid: (tokens / LANES, heads) workgroups of one subgroup. Rows lie end to end, and LANES tokens may be of several:
// one row after the other is gone through, masked for the others. Overwrites out and logsumexp.
enable subgroups;

const MASKED = -3.4e38;

// [T, H P / 4], written
@group(0) @binding(4) var<storage, read_write> out: array<vec4<f32>>;
// [T, H], written
@group(0) @binding(5) var<storage, read_write> logsumexp: array<f32>;

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
        let keys = sixteen(at + key_column + c);
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
        let values = sixteen(at + value_column + i);
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
