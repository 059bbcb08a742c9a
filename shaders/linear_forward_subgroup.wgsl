// y = x wᵀ (+ residual), rows shared out in a subgroup: `linear_forward_vec4` where subgroups have one fixed size.
//
// Adds over `linear_forward_vec4`: each invocation reads one row of x for all and hands it to the others by broadcast.
// On a processor that plays GPU a load from scattered places costs as much as tens of multiply-adds: a tile of 8 rows
// takes 20 loads for 128 of them, one of 24 rows 28 for 384. On a GPU it saves loads from the cache.
// Grid: (outputs / (4 QUADS LANES), rows / ROWS) workgroups of one subgroup. Overwrites y.
enable subgroups;

// Invocations of a subgroup on this adapter.
const LANES: u32 = 8u;
// Rows of a tile: 8, 16 or, in subgroups of 8 and more, 24.
const ROWS: u32 = 8u;
// Columns of an invocation, in fours: 1, or 2 with 16 rows.
const QUADS: u32 = 1u;
// Where in a subgroup the second four of eight rows are read.
const HIGH: u32 = select(0u, 4u, LANES >= 8u);
// Adds `residual` to the product; otherwise the binding is not read.
const RESIDUAL: bool = false;

struct Extent { count: u32, start: u32 }
struct Shape { inputs: u32, outputs: u32 }

// Rows to compute, M = extent.count.
@group(0) @binding(0) var<uniform> extent: Extent;
// K = inputs, N = outputs.
@group(0) @binding(1) var<uniform> shape: Shape;
// [M, K / 4]
@group(0) @binding(2) var<storage, read> x: array<vec4<f32>>;
// [N, K / 4], as `weights` reads them
@group(0) @binding(3) var<storage, read> w: array<Weights>;
// [M, N / 4], read where RESIDUAL
@group(0) @binding(4) var<storage, read> residual: array<vec4<f32>>;
// [M, N / 4], written
@group(0) @binding(5) var<storage, read_write> y: array<vec4<f32>>;

fn store(row: u32, col4: u32, values: vec4<f32>) {
  let n4 = shape.outputs / 4u;
  if (row >= extent.count || col4 >= n4) { return; }
  let at = row * n4 + col4;
  if (RESIDUAL) {
    y[at] = values + residual[at];
  } else {
    y[at] = values;
  }
}

fn four_rows(row: u32, col4: u32, a: mat4x4<f32>) {
  store(row, col4, a[0]);
  store(row + 1u, col4, a[1]);
  store(row + 2u, col4, a[2]);
  store(row + 3u, col4, a[3]);
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

// The same four columns of four rows of w, column by column.
fn four(at: u32, stride: u32) -> mat4x4<f32> {
  return transpose(mat4x4<f32>(weights(w[at]), weights(w[at + stride]), weights(w[at + 2u * stride]),
                               weights(w[at + 3u * stride])));
}

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
