// dx = dy w with 16-byte loads: `linear_backward_input` where inputs and outputs are multiples of 4.
//
// Before it: `linear_backward_input_parts.wgsl` (bindings, `four` rows of w, `store`), `linear_rows.wgsl` (`four_rows`
// stored), `linear_sums.wgsl` (`add`: the order of summation).
// Grid: (inputs / 32, rows / 32) workgroups of 8 x 8; each invocation makes a 4 x 4 tile of dx. Overwrites dx.

@compute @workgroup_size(8, 8)
fn linear_backward_input_vec4(@builtin(global_invocation_id) id: vec3<u32>) {
  let row = id.y * 4u;
  let k4 = shape.inputs / 4u;
  if (row >= extent.count || id.x >= k4) { return; }
  let n4 = shape.outputs / 4u;
  let last_row = extent.count - 1u;
  let y0 = row * n4;
  let y1 = min(row + 1u, last_row) * n4;
  let y2 = min(row + 2u, last_row) * n4;
  let y3 = min(row + 3u, last_row) * n4;
  var a = mat4x4<f32>();
  for (var n = 0u; n < n4; n++) {
    a = add(a, four(n * 4u * k4 + id.x, k4), mat4x4<f32>(dy[y0 + n], dy[y1 + n], dy[y2 + n], dy[y3 + n]));
  }
  four_rows(row, id.x, a);
}
