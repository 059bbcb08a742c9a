// y = x wᵀ (+ residual) by tiles in workgroup memory: `linear_forward_vec4` for a GPU.
//
// Adds over it: 64 invocations make a tile of 64 x 64, 8 x 8 each. They read 16 columns of x and w at a time into
// workgroup memory, neighbours reading what lies together, so that a value read from the buffers serves 64 multiply-adds
// and one read from there 8, where the registers of one invocation alone make it 4.
// Before it: `weights_float32.wgsl` (how weights are stored), `linear_forward_parts.wgsl` (bindings, `four` rows of w,
// `store`), `linear_rows.wgsl` (`four_rows` stored), `linear_sums.wgsl` (`add`: the order of summation).
// Grid: (outputs / 64, rows / 64) workgroups of 8 x 8. Overwrites y.

// 16 columns of 64 rows: [4 fours of columns, 64].
var<workgroup> x_tile: array<vec4<f32>, 256>;
// The same of w, its rows in the order 0, 4, 8 .., 1, 5, 9 ..: those that neighbours read together lie together.
var<workgroup> w_tile: array<vec4<f32>, 256>;

@compute @workgroup_size(8, 8)
fn linear_forward_tile(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) id: vec3<u32>,
                       @builtin(local_invocation_index) lane: u32) {
  let row = group.y * 64u;
  // Rows id.y * 4 and on, and 32 below; fours of columns id.x, and 8 to the right.
  var a00 = mat4x4<f32>();
  var a01 = mat4x4<f32>();
  var a10 = mat4x4<f32>();
  var a11 = mat4x4<f32>();
  let size = shape.inputs / 4u;
  if (row >= extent.count) { return; }
  let last_row = extent.count - 1u;
  for (var base = 0u; base < size; base += 4u) {
    for (var i = lane; i < 256u; i += 64u) {
      let k = base + i % 4u;
      let r = i / 4u;
      let x_row = min(row + r, last_row);
      let w_row = min(group.x * 64u + r, shape.outputs - 1u);
      // Zeros past the end change no sum.
      let inside = k < size;
      let at = min(k, size - 1u);
      x_tile[i % 4u * 64u + r] = select(vec4<f32>(), x[x_row * size + at], inside);
      w_tile[i % 4u * 64u + r % 4u * 16u + r / 4u] = select(vec4<f32>(), weights(w[w_row * size + at]), inside);
    }
    workgroupBarrier();
    for (var k = 0u; k < 4u; k++) {
      let m0 = mat4x4<f32>(x_tile[k * 64u + id.y * 4u], x_tile[k * 64u + id.y * 4u + 1u],
                           x_tile[k * 64u + id.y * 4u + 2u], x_tile[k * 64u + id.y * 4u + 3u]);
      let m1 = mat4x4<f32>(x_tile[k * 64u + 32u + id.y * 4u], x_tile[k * 64u + 32u + id.y * 4u + 1u],
                           x_tile[k * 64u + 32u + id.y * 4u + 2u], x_tile[k * 64u + 32u + id.y * 4u + 3u]);
      let w0 = k * 64u + id.x;
      let b0 = transpose(mat4x4<f32>(w_tile[w0], w_tile[w0 + 16u], w_tile[w0 + 32u], w_tile[w0 + 48u]));
      let b1 = transpose(mat4x4<f32>(w_tile[w0 + 8u], w_tile[w0 + 24u], w_tile[w0 + 40u], w_tile[w0 + 56u]));
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
