// y = x wᵀ (+ residual), its rows shared out in a subgroup: `linear_forward_vec4` where subgroups have one fixed size.
//
// Adds over `linear_forward_vec4`: each invocation reads one row of x instead of all eight and hands it to the others
// by broadcast, so that a tile of 8 rows costs 5 loads for 128 multiply-adds instead of 12. The sums are the same in
// the same order, bit for bit.
// Grid: (outputs / (4 LANES), rows / 8) workgroups of one subgroup; each invocation makes 8 x 4 values. Overwrites y.
enable subgroups;

// Invocations of a subgroup on this adapter.
const LANES: u32 = 8u;
// Where in a subgroup the tile's second four rows are read.
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
// [N, K / 4]
@group(0) @binding(3) var<storage, read> w: array<vec4<f32>>;
// [M, N / 4], read where RESIDUAL
@group(0) @binding(4) var<storage, read> residual: array<vec4<f32>>;
// [M, N / 4], written
@group(0) @binding(5) var<storage, read_write> y: array<vec4<f32>>;

fn store(row: u32, col4: u32, values: vec4<f32>) {
  if (row >= extent.count || col4 * 4u >= shape.outputs) { return; }
  let at = row * (shape.outputs / 4u) + col4;
  if (RESIDUAL) {
    y[at] = values + residual[at];
  } else {
    y[at] = values;
  }
}

@compute @workgroup_size(LANES)
fn linear_forward_subgroup(@builtin(workgroup_id) group: vec3<u32>,
                           @builtin(subgroup_invocation_id) lane: u32) {
  let k_size = shape.inputs / 4u;
  let row = group.y * 8u;
  let last_row = extent.count - 1u;
  // The rows that this invocation reads for all: the second where a subgroup is smaller than the tile.
  let x_low = min(row + lane % 8u, last_row) * k_size;
  let x_high = min(row + 4u + lane % 8u, last_row) * k_size;
  // An invocation past the last column computes what it does not store: a broadcast needs every one of them.
  let col4 = group.x * LANES + lane;
  let w0 = min(col4 * 4u, shape.outputs - 4u) * k_size;
  let w1 = w0 + k_size;
  let w2 = w1 + k_size;
  let w3 = w2 + k_size;
  var a0 = vec4<f32>();
  var a1 = vec4<f32>();
  var a2 = vec4<f32>();
  var a3 = vec4<f32>();
  var a4 = vec4<f32>();
  var a5 = vec4<f32>();
  var a6 = vec4<f32>();
  var a7 = vec4<f32>();
  for (var k = 0u; k < k_size; k++) {
    let b = mat4x4<f32>(w[w0 + k], w[w1 + k], w[w2 + k], w[w3 + k]);
    let low = x[x_low + k];
    var high = low;
    if (LANES < 8u) { high = x[x_high + k]; }
    // v * b is the row vector (dot(v, b[0]), .., dot(v, b[3])).
    a0 += subgroupBroadcast(low, 0u) * b;
    a1 += subgroupBroadcast(low, 1u) * b;
    a2 += subgroupBroadcast(low, 2u) * b;
    a3 += subgroupBroadcast(low, 3u) * b;
    a4 += subgroupBroadcast(high, HIGH + 0u) * b;
    a5 += subgroupBroadcast(high, HIGH + 1u) * b;
    a6 += subgroupBroadcast(high, HIGH + 2u) * b;
    a7 += subgroupBroadcast(high, HIGH + 3u) * b;
  }
  store(row + 0u, col4, a0);
  store(row + 1u, col4, a1);
  store(row + 2u, col4, a2);
  store(row + 3u, col4, a3);
  store(row + 4u, col4, a4);
  store(row + 5u, col4, a5);
  store(row + 6u, col4, a6);
  store(row + 7u, col4, a7);
}
