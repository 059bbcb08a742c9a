// y = x wᵀ (+ residual), rows shared out in a subgroup: `linear_forward_vec4` where subgroups have one fixed size.
//
// Adds over `linear_forward_vec4`: each invocation reads one row of x for all and hands it to the others by broadcast.
// On a processor that plays GPU a load from scattered places costs as much as tens of multiply-adds: a tile of 8 rows
// takes 20 loads for 128 of them, one of 24 rows 28 for 384. On a GPU it saves loads from the cache.
// Before it: `weights_float32.wgsl` (how weights are stored), `linear_forward_parts.wgsl` (bindings, `four` rows of w,
// `store`), `linear_rows.wgsl` (`four_rows` stored), `linear_sums.wgsl` (`add`: the order of summation),
// `linear_broadcast.wgsl` (the tile's sizes, `low` and `high`).
// Grid: (outputs / (4 QUADS LANES), rows / ROWS) workgroups of one subgroup. Overwrites y.
enable subgroups;

@compute @workgroup_size(LANES)
fn linear_forward_subgroup(@builtin(workgroup_id) group: vec3<u32>,
                           @builtin(subgroup_invocation_id) lane: u32) {
  let columns = shape.outputs / 4u;
  let row = group.y * ROWS;
  let size = shape.inputs / 4u;
  if (row >= extent.count) { return; }
  let last_row = extent.count - 1u;
  // An invocation past the last column computes what it does not store: a broadcast needs every one of them.
  let col = group.x * QUADS * LANES + lane;
  let column = min(col, columns - 1u) * 4u * size;
  let next = min(col + LANES, columns - 1u) * 4u * size;
  // What this invocation reads for all: the second where a subgroup is smaller than eight.
  let low0 = min(row + 0u + lane % 8u, last_row) * size;
  let high0 = min(row + 4u + lane % 8u, last_row) * size;
  let low1 = min(row + 8u + lane % 8u, last_row) * size;
  let high1 = min(row + 12u + lane % 8u, last_row) * size;
  let low2 = min(row + 16u + lane % 8u, last_row) * size;
  let high2 = min(row + 20u + lane % 8u, last_row) * size;
  var a0 = mat4x4<f32>();
  var a1 = mat4x4<f32>();
  var a2 = mat4x4<f32>();
  var a3 = mat4x4<f32>();
  var a4 = mat4x4<f32>();
  var a5 = mat4x4<f32>();
  var c0 = mat4x4<f32>();
  var c1 = mat4x4<f32>();
  var c2 = mat4x4<f32>();
  var c3 = mat4x4<f32>();
  for (var k = 0u; k < size; k++) {
    let b = four(column + k, size);
    var d = b;
    if (QUADS > 1u) { d = four(next + k, size); }
    {
      let v = x[low0 + k];
      var u = v;
      if (LANES < 8u) { u = x[high0 + k]; }
      let f = low(v);
      let s = high(u);
      a0 = add(a0, b, f);
      a1 = add(a1, b, s);
      if (QUADS > 1u) {
        c0 = add(c0, d, f);
        c1 = add(c1, d, s);
      }
    }
    if (ROWS > 8u) {
      let v = x[low1 + k];
      var u = v;
      if (LANES < 8u) { u = x[high1 + k]; }
      let f = low(v);
      let s = high(u);
      a2 = add(a2, b, f);
      a3 = add(a3, b, s);
      if (QUADS > 1u) {
        c2 = add(c2, d, f);
        c3 = add(c3, d, s);
      }
    }
    if (ROWS > 16u) {
      let v = x[low2 + k];
      var u = v;
      if (LANES < 8u) { u = x[high2 + k]; }
      let f = low(v);
      let s = high(u);
      a4 = add(a4, b, f);
      a5 = add(a5, b, s);
    }
  }
  if (LANES < 8u) {
    four_rows(row, col, a0);
    four_rows(row + 4u, col, a1);
    if (ROWS > 8u) {
      four_rows(row + 8u, col, a2);
      four_rows(row + 12u, col, a3);
    }
    if (QUADS > 1u) {
      four_rows(row, col + LANES, c0);
      four_rows(row + 4u, col + LANES, c1);
      four_rows(row + 8u, col + LANES, c2);
      four_rows(row + 12u, col + LANES, c3);
    }
    return;
  }
  // Else in a loop, since a store is a good deal of code where it is made one invocation after the other.
  let blocks = (min(ROWS, extent.count - row) + 3u) / 4u;
  for (var i = 0u; i < blocks; i++) {
    var a = a0;
    var c = c0;
    if (i == 1u) {
      a = a1;
      c = c1;
    }
    if (i == 2u) {
      a = a2;
      c = c2;
    }
    if (i == 3u) {
      a = a3;
      c = c3;
    }
    if (i == 4u) { a = a4; }
    if (i == 5u) { a = a5; }
    four_rows(row + 4u * i, col, a);
    if (QUADS > 1u) { four_rows(row + 4u * i, col + LANES, c); }
  }
}
