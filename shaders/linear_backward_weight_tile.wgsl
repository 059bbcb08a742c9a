// dw += dyᵀ x by tiles in workgroup memory: `linear_backward_weight_vec4` for a GPU.
//
// Adds over it what `linear_forward_tile` adds over its own.
// Before it: `linear_backward_weight_parts.wgsl` (bindings, the rows of a slice, `four` rows of x, `four_rows` stored),
// `linear_sums.wgsl` (`add`: the order of summation).
// Grid: (inputs / 64, outputs / 64, slices) workgroups of 8 x 8; each invocation makes 8 x 8 values.

// 64 columns of 16 rows of dy: [16, 16 fours of columns].
var<workgroup> dy_tile: array<vec4<f32>, 256>;
// The same of x.
var<workgroup> x_tile: array<vec4<f32>, 256>;

@compute @workgroup_size(8, 8)
fn linear_backward_weight_tile(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) id: vec3<u32>,
                               @builtin(local_invocation_index) lane: u32) {
  let columns = shape.inputs / 4u;
  let row = group.y * 64u;
  // Rows id.y * 4 and on, and 32 below; fours of columns id.x, and 8 to the right.
  var a00 = mat4x4<f32>();
  var a01 = mat4x4<f32>();
  var a10 = mat4x4<f32>();
  var a11 = mat4x4<f32>();
  let size = shape.outputs / 4u;
  let rows = rows_of(group.z);
  let first = rows.x;
  let last = rows.y;
  for (var base = first; base < last; base += 16u) {
    for (var i = lane; i < 256u; i += 64u) {
      let m = base + i / 16u;
      let at = min(m, last - 1u);
      let dy_column = min(row / 4u + i % 16u, size - 1u);
      dy_tile[i] = select(vec4<f32>(), dy[at * size + dy_column], m < last);
      x_tile[i] = x[at * columns + min(group.x * 16u + i % 16u, columns - 1u)];
    }
    workgroupBarrier();
    for (var m = 0u; m < 4u; m++) {
      let y0 = m * 64u + id.y;
      let m0 = transpose(mat4x4<f32>(dy_tile[y0], dy_tile[y0 + 16u], dy_tile[y0 + 32u], dy_tile[y0 + 48u]));
      let m1 = transpose(mat4x4<f32>(dy_tile[y0 + 8u], dy_tile[y0 + 24u], dy_tile[y0 + 40u], dy_tile[y0 + 56u]));
      let x0 = m * 64u + id.x;
      let b0 = mat4x4<f32>(x_tile[x0], x_tile[x0 + 16u], x_tile[x0 + 32u], x_tile[x0 + 48u]);
      let b1 = mat4x4<f32>(x_tile[x0 + 8u], x_tile[x0 + 24u], x_tile[x0 + 40u], x_tile[x0 + 56u]);
      a00 = add(a00, b0, m0);
      a01 = add(a01, b1, m0);
      a10 = add(a10, b0, m1);
      a11 = add(a11, b1, m1);
    }
    workgroupBarrier();
  }
  // A loop, as in the subgroup's kernel; past the last row there may be nothing to store below.
  let blocks = select(2u, 4u, row + 32u < shape.outputs);
  for (var i = 0u; i < blocks; i++) {
    var a = a00;
    if (i == 1u) { a = a01; }
    if (i == 2u) { a = a10; }
    if (i == 3u) { a = a11; }
    four_rows(group.z, row + i / 2u * 32u + id.y * 4u, group.x * 16u + i % 2u * 8u + id.x, a);
  }
}
