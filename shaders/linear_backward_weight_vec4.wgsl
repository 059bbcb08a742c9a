// dw += dyᵀ x with 16-byte loads: `linear_backward_weight` where inputs and outputs are multiples of 4.
//
// Before it: `linear_backward_weight_parts.wgsl` (bindings, the rows of a slice, `four` rows of x, `four_rows` stored),
// `linear_sums.wgsl` (`add`: the order of summation).
// Grid: (inputs / 32, outputs / 32, slices) workgroups of 8 x 8; each invocation makes a 4 x 4 tile of dw.

@compute @workgroup_size(8, 8)
fn linear_backward_weight_vec4(@builtin(global_invocation_id) id: vec3<u32>) {
  let k4 = shape.inputs / 4u;
  let n4 = shape.outputs / 4u;
  if (id.x >= k4 || id.y >= n4) { return; }
  let rows = rows_of(id.z);
  let first = rows.x;
  let last = rows.y;
  var a = mat4x4<f32>();
  for (var m = first; m < last; m += 4u) {
    let d = mat4x4<f32>(dy[m * n4 + id.y], gradient(m + 1u, last, id.y, n4),
                        gradient(m + 2u, last, id.y, n4), gradient(m + 3u, last, id.y, n4));
    a = add(a, four(m, last - 1u, id.x, k4), transpose(d));
  }
  four_rows(id.z, id.y * 4u, id.x, a);
}
