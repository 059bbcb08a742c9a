// dx = dy w, its rows shared out in a subgroup: `linear_backward_input_vec4` where subgroups have one fixed size.
//
// Adds over it what `linear_forward_subgroup` adds over its own: one row of dy read by each invocation, handed on by
// broadcast. The sums are the same in the same order, bit for bit.
// Grid: (inputs / (4 LANES), rows / 8) workgroups of one subgroup; each invocation makes 8 x 4 values. Overwrites dx.
enable subgroups;

// Invocations of a subgroup on this adapter.
const LANES: u32 = 8u;
// Where in a subgroup the tile's second four rows are read.
const HIGH: u32 = select(0u, 4u, LANES >= 8u);

struct Extent { count: u32, start: u32 }
struct Shape { inputs: u32, outputs: u32 }

// Rows to compute, M = extent.count.
@group(0) @binding(0) var<uniform> extent: Extent;
// K = inputs, N = outputs of the layer.
@group(0) @binding(1) var<uniform> shape: Shape;
// [M, N / 4]
@group(0) @binding(2) var<storage, read> dy: array<vec4<f32>>;
// [N, K / 4]
@group(0) @binding(3) var<storage, read> w: array<vec4<f32>>;
// [M, K / 4], written
@group(0) @binding(4) var<storage, read_write> dx: array<vec4<f32>>;

fn store(row: u32, col4: u32, values: vec4<f32>) {
  if (row >= extent.count || col4 * 4u >= shape.inputs) { return; }
  dx[row * (shape.inputs / 4u) + col4] = values;
}

@compute @workgroup_size(LANES)
fn linear_backward_input_subgroup(@builtin(workgroup_id) group: vec3<u32>,
                                  @builtin(subgroup_invocation_id) lane: u32) {
  let k4 = shape.inputs / 4u;
  let n4 = shape.outputs / 4u;
  let row = group.y * 8u;
  let last_row = extent.count - 1u;
  // The rows that this invocation reads for all: the second where a subgroup is smaller than the tile.
  let y_low = min(row + lane % 8u, last_row) * n4;
  let y_high = min(row + 4u + lane % 8u, last_row) * n4;
  // An invocation past the last column computes what it does not store: a broadcast needs every one of them.
  let col4 = group.x * LANES + lane;
  let column = min(col4, k4 - 1u);
  var a0 = vec4<f32>();
  var a1 = vec4<f32>();
  var a2 = vec4<f32>();
  var a3 = vec4<f32>();
  var a4 = vec4<f32>();
  var a5 = vec4<f32>();
  var a6 = vec4<f32>();
  var a7 = vec4<f32>();
  for (var n = 0u; n < n4; n++) {
    let at = n * 4u * k4 + column;
    let b = mat4x4<f32>(w[at], w[at + k4], w[at + 2u * k4], w[at + 3u * k4]);
    let low = dy[y_low + n];
    var high = low;
    if (LANES < 8u) { high = dy[y_high + n]; }
    a0 += b * subgroupBroadcast(low, 0u);
    a1 += b * subgroupBroadcast(low, 1u);
    a2 += b * subgroupBroadcast(low, 2u);
    a3 += b * subgroupBroadcast(low, 3u);
    a4 += b * subgroupBroadcast(high, HIGH + 0u);
    a5 += b * subgroupBroadcast(high, HIGH + 1u);
    a6 += b * subgroupBroadcast(high, HIGH + 2u);
    a7 += b * subgroupBroadcast(high, HIGH + 3u);
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
