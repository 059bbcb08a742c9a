// dx = dy w by tiles in workgroup memory: `linear_backward_input_vec4` for a GPU.
//
// Adds over it what `linear_forward_tile` adds over its own.
// Before it: `linear_backward_input_parts.wgsl` (bindings, `four` rows of w, `store`), `linear_rows.wgsl` (`four_rows`
// stored), `linear_sums.wgsl` (`add`: the order of summation).
// Grid: (inputs / 64, rows / 64) workgroups of 8 x 8; each invocation makes 8 x 8 values. Overwrites dx.

// 16 columns of 64 rows of dy: [4 fours of columns, 64].
var<workgroup> dy_tile: array<vec4<f32>, 256>;
// 64 columns of 16 rows of w: [16, 16 fours of columns].
var<workgroup> w_tile: array<vec4<f32>, 256>;

@compute @workgroup_size(8, 8)
fn linear_backward_input_tile(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) id: vec3<u32>,
                              @builtin(local_invocation_index) lane: u32) {
  let columns = shape.inputs / 4u;
  let row = group.y * 64u;
  // Rows id.y * 4 and on, and 32 below; fours of columns id.x, and 8 to the right.
  var a00 = mat4x4<f32>();
  var a01 = mat4x4<f32>();
  var a10 = mat4x4<f32>();
  var a11 = mat4x4<f32>();
  let size = shape.outputs / 4u;
  if (row >= extent.count) { return; }
  let last_row = extent.count - 1u;
  for (var base = 0u; base < size; base += 4u) {
    for (var i = lane; i < 256u; i += 64u) {
      // Zeros past the end change no sum.
      let n = base + i % 4u;
      let dy_row = min(row + i / 4u, last_row);
      dy_tile[i % 4u * 64u + i / 4u] = select(vec4<f32>(), dy[dy_row * size + min(n, size - 1u)], n < size);
      let w_row = min(base * 4u + i / 16u, shape.outputs - 1u);
      w_tile[i] = w[w_row * columns + min(group.x * 16u + i % 16u, columns - 1u)];
    }
    workgroupBarrier();
    for (var n = 0u; n < 4u; n++) {
      let m0 = mat4x4<f32>(dy_tile[n * 64u + id.y * 4u], dy_tile[n * 64u + id.y * 4u + 1u],
                           dy_tile[n * 64u + id.y * 4u + 2u], dy_tile[n * 64u + id.y * 4u + 3u]);
      let m1 = mat4x4<f32>(dy_tile[n * 64u + 32u + id.y * 4u], dy_tile[n * 64u + 32u + id.y * 4u + 1u],
                           dy_tile[n * 64u + 32u + id.y * 4u + 2u], dy_tile[n * 64u + 32u + id.y * 4u + 3u]);
      let w0 = n * 64u + id.x;
      let b0 = mat4x4<f32>(w_tile[w0], w_tile[w0 + 16u], w_tile[w0 + 32u], w_tile[w0 + 48u]);
      let b1 = mat4x4<f32>(w_tile[w0 + 8u], w_tile[w0 + 24u], w_tile[w0 + 40u], w_tile[w0 + 56u]);
      a00 = add(a00, b0, m0);
      a01 = add(a01, b1, m0);
      a10 = add(a10, b0, m1);
      a11 = add(a11, b1, m1);
    }
    workgroupBarrier();
  }
  // A loop, as in the subgroup's kernel; past the last row there may be nothing to store below.
  let blocks = select(2u, 4u, row + 32u < extent.count);
  for (var i = 0u; i < blocks; i++) {
    var a = a00;
    if (i == 1u) { a = a01; }
    if (i == 2u) { a = a10; }
    if (i == 3u) { a = a11; }
    four_rows(row + i / 2u * 32u + id.y * 4u, group.x * 16u + i % 2u * 8u + id.x, a);
  }
}
