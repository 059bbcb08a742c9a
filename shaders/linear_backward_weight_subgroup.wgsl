// dw += dyᵀ x, its rows shared out in a subgroup: `linear_backward_weight_vec4` where subgroups have one fixed size.
//
// Adds over it what `linear_forward_subgroup` adds over its own: four rows of dy at a time are read by four invocations
// for all, handed on by broadcast.
// Grid: (inputs / (4 QUADS LANES), outputs / ROWS, slices) workgroups of one subgroup.
enable subgroups;

// Invocations of a subgroup on this adapter.
const LANES: u32 = 8u;
// Rows of a tile: 8, 16 or, in subgroups of 8 and more, 24.
const ROWS: u32 = 8u;
// Columns of an invocation, in fours: 1, or 2 with 16 rows.
const QUADS: u32 = 1u;
// Where in a subgroup the second four of eight rows are read.
const HIGH: u32 = select(0u, 4u, LANES >= 8u);
// Rows are parted into this many slices; 1 = add to dw directly.
const SLICES: u32 = 1u;

struct Extent { count: u32, start: u32 }
struct Shape { inputs: u32, outputs: u32 }

// Rows to add up, M = extent.count.
@group(0) @binding(0) var<uniform> extent: Extent;
// K = inputs, N = outputs of the layer.
@group(0) @binding(1) var<uniform> shape: Shape;
// [M, N / 4]
@group(0) @binding(2) var<storage, read> dy: array<vec4<f32>>;
// [M, K / 4]
@group(0) @binding(3) var<storage, read> x: array<vec4<f32>>;
// [N, K / 4] added to where SLICES is 1, else [SLICES, N, K / 4] overwritten
@group(0) @binding(4) var<storage, read_write> dw: array<vec4<f32>>;

fn store(slice: u32, row: u32, col4: u32, values: vec4<f32>) {
  let k4 = shape.inputs / 4u;
  if (row >= shape.outputs || col4 >= k4) { return; }
  let at = row * k4 + col4;
  if (SLICES == 1u) {
    dw[at] += values;
  } else {
    dw[slice * shape.outputs * k4 + at] = values;
  }
}

fn four_rows(slice: u32, row: u32, col4: u32, a: mat4x4<f32>) {
  store(slice, row, col4, a[0]);
  store(slice, row + 1u, col4, a[1]);
  store(slice, row + 2u, col4, a[2]);
  store(slice, row + 3u, col4, a[3]);
}

// Four rows of the product with four more terms each: row r gains m[r].x b[0], then m[r].y b[1], and so on. All
// variants of this product add in this order, by fma(), and so give the same bits.
fn add(a: mat4x4<f32>, b: mat4x4<f32>, m: mat4x4<f32>) -> mat4x4<f32> {
  return mat4x4<f32>(add_row(a[0], b, m[0]), add_row(a[1], b, m[1]), add_row(a[2], b, m[2]), add_row(a[3], b, m[3]));
}

fn add_row(a: vec4<f32>, b: mat4x4<f32>, v: vec4<f32>) -> vec4<f32> {
  return fma(vec4<f32>(v.w), b[3], fma(vec4<f32>(v.z), b[2], fma(vec4<f32>(v.y), b[1], fma(vec4<f32>(v.x), b[0], a))));
}

// What the first four invocations hold, and what the next four do.
fn low(v: vec4<f32>) -> mat4x4<f32> {
  return mat4x4<f32>(subgroupBroadcast(v, 0u), subgroupBroadcast(v, 1u),
                     subgroupBroadcast(v, 2u), subgroupBroadcast(v, 3u));
}

fn high(v: vec4<f32>) -> mat4x4<f32> {
  return mat4x4<f32>(subgroupBroadcast(v, HIGH), subgroupBroadcast(v, HIGH + 1u),
                     subgroupBroadcast(v, HIGH + 2u), subgroupBroadcast(v, HIGH + 3u));
}

// Four rows of x from m on.
fn four(m: u32, most: u32, column: u32, stride: u32) -> mat4x4<f32> {
  return mat4x4<f32>(x[m * stride + column], x[min(m + 1u, most) * stride + column],
                     x[min(m + 2u, most) * stride + column], x[min(m + 3u, most) * stride + column]);
}

// Of the four rows of dy from m on, the one that this invocation reads for all.
fn mine(m: u32, last: u32, lane: u32, column: u32, stride: u32) -> vec4<f32> {
  let at = m + lane % 4u;
  return select(vec4<f32>(), dy[min(at, last - 1u) * stride + column], at < last);
}

@compute @workgroup_size(LANES)
fn linear_backward_weight_subgroup(@builtin(workgroup_id) group: vec3<u32>,
                                   @builtin(subgroup_invocation_id) lane: u32) {
  let columns = shape.inputs / 4u;
  let row = group.y * ROWS;
  let size = shape.outputs / 4u;
  // Whole fours of rows a slice; what the last four lack counts as zeros, which change no sum.
  let per_slice = (extent.count + 4u * SLICES - 1u) / (4u * SLICES) * 4u;
  let first = min(group.z * per_slice, extent.count);
  let last = min(first + per_slice, extent.count);
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
