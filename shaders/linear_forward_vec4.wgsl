// y = x wᵀ (+ residual) with 16-byte loads: `linear_forward` where inputs and outputs are multiples of 4.
//
// Adds over `linear_forward`: x, w and y are read and written four values at a time, which quarters the
// number of load instructions for 64 multiply-adds.
// Before it: `weights_float32.wgsl` (how weights are stored), `linear_forward_parts.wgsl` (bindings, `four` rows of w,
// `store`), `linear_rows.wgsl` (`four_rows` stored), `linear_sums.wgsl` (`add`: the order of summation).
// Grid: (outputs / 32, rows / 32) workgroups of 8 x 8; each invocation makes a 4 x 4 tile. Overwrites y.

@compute @workgroup_size(8, 8)
fn linear_forward_vec4(@builtin(global_invocation_id) id: vec3<u32>) {
  let col = id.x * 4u;
  let row = id.y * 4u;
  if (row >= extent.count || col >= shape.outputs) { return; }
  let k_size = shape.inputs / 4u;
  let last_row = extent.count - 1u;
  let x0 = row * k_size;
  let x1 = min(row + 1u, last_row) * k_size;
  let x2 = min(row + 2u, last_row) * k_size;
  let x3 = min(row + 3u, last_row) * k_size;
  let w0 = col * k_size;
  var a = mat4x4<f32>();
  for (var k = 0u; k < k_size; k++) {
    a = add(a, four(w0 + k, k_size), mat4x4<f32>(x[x0 + k], x[x1 + k], x[x2 + k], x[x3 + k]));
  }
  four_rows(row, id.x, a);
}
