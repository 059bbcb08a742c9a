// dw += dyᵀ x, its rows shared out in a subgroup: `linear_backward_weight_vec4` where subgroups have one fixed size.
//
// Adds over it what `linear_forward_subgroup` adds over its own: four rows of dy at a time are read by four invocations
// for all, handed on by broadcast.
// Before it: `linear_backward_weight_parts.wgsl` (bindings, the rows of a slice, `four` rows of x, `four_rows` stored),
// `linear_sums.wgsl` (`add`: the order of summation), `linear_broadcast.wgsl` (the tile's sizes, `low` and `high`).
// Grid: (inputs / (4 QUADS LANES), outputs / ROWS, slices) workgroups of one subgroup.
enable subgroups;

// Of the four rows of dy from m on, the one that this invocation reads for all.
fn mine(m: u32, last: u32, lane: u32, column: u32, stride: u32) -> vec4<f32> {
  return gradient(m + lane % 4u, last, column, stride);
}

@compute @workgroup_size(LANES)
fn linear_backward_weight_subgroup(@builtin(workgroup_id) group: vec3<u32>,
                                   @builtin(subgroup_invocation_id) lane: u32) {
  let columns = shape.inputs / 4u;
  let row = group.y * ROWS;
  let size = shape.outputs / 4u;
  let rows = rows_of(group.z);
  let first = rows.x;
  let last = rows.y;
  // An invocation past the last column computes what it does not store: a broadcast needs every one of them.
  let col = group.x * QUADS * LANES + lane;
  let column = min(col, columns - 1u);
  let next = min(col + LANES, columns - 1u);
  // What this invocation reads for all: the second where a subgroup is smaller than eight.
  let low0 = min(row / 4u + lane % 8u / 4u, size - 1u);
  let high0 = min(row / 4u + 1u + lane % 8u / 4u, size - 1u);
  let low1 = min(row / 4u + 2u + lane % 8u / 4u, size - 1u);
  let high1 = min(row / 4u + 3u + lane % 8u / 4u, size - 1u);
  let low2 = min(row / 4u + 4u + lane % 8u / 4u, size - 1u);
  let high2 = min(row / 4u + 5u + lane % 8u / 4u, size - 1u);
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
  for (var m = first; m < last; m += 4u) {
    let b = four(m, last - 1u, column, columns);
    var d = b;
    if (QUADS > 1u) { d = four(m, last - 1u, next, columns); }
    {
      let v = mine(m, last, lane, low0, size);
      var u = v;
      if (LANES < 8u) { u = mine(m, last, lane, high0, size); }
      let f = transpose(low(v));
      let s = transpose(high(u));
      a0 = add(a0, b, f);
      a1 = add(a1, b, s);
      if (QUADS > 1u) {
        c0 = add(c0, d, f);
        c1 = add(c1, d, s);
      }
    }
    if (ROWS > 8u) {
      let v = mine(m, last, lane, low1, size);
      var u = v;
      if (LANES < 8u) { u = mine(m, last, lane, high1, size); }
      let f = transpose(low(v));
      let s = transpose(high(u));
      a2 = add(a2, b, f);
      a3 = add(a3, b, s);
      if (QUADS > 1u) {
        c2 = add(c2, d, f);
        c3 = add(c3, d, s);
      }
    }
    if (ROWS > 16u) {
      let v = mine(m, last, lane, low2, size);
      var u = v;
      if (LANES < 8u) { u = mine(m, last, lane, high2, size); }
      let f = transpose(low(v));
      let s = transpose(high(u));
      a4 = add(a4, b, f);
      a5 = add(a5, b, s);
    }
  }
  if (LANES < 8u) {
    four_rows(group.z, row, col, a0);
    four_rows(group.z, row + 4u, col, a1);
    if (ROWS > 8u) {
      four_rows(group.z, row + 8u, col, a2);
      four_rows(group.z, row + 12u, col, a3);
    }
    if (QUADS > 1u) {
      four_rows(group.z, row, col + LANES, c0);
      four_rows(group.z, row + 4u, col + LANES, c1);
      four_rows(group.z, row + 8u, col + LANES, c2);
      four_rows(group.z, row + 12u, col + LANES, c3);
    }
    return;
  }
  // Else in a loop, since a store is a good deal of code where it is made one invocation after the other.
  let blocks = (min(ROWS, shape.outputs - row) + 3u) / 4u;
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
    four_rows(group.z, row + 4u * i, col, a);
    if (QUADS > 1u) { four_rows(group.z, row + 4u * i, col + LANES, c); }
  }
}
