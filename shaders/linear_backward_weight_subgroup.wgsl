// dw += dyᵀ x, its rows shared out in a subgroup: `linear_backward_weight_vec4` where subgroups have one fixed size.
//
// Adds over it what `linear_forward_subgroup` adds over its own: one column of dy read by each invocation, handed on
// by broadcast. The sums are the same in the same order, bit for bit.
// Grid: (inputs / (4 LANES), outputs / 8, slices) workgroups of one subgroup; each invocation makes 8 x 4 values.
enable subgroups;

// Invocations of a subgroup on this adapter.
const LANES: u32 = 8u;
// Where in a subgroup the tile's second four rows are read.
const HIGH: u32 = select(0u, 4u, LANES >= 8u);
// Rows are parted into this many slices; 1 = add to dw directly.
const SLICES: u32 = 1u;

struct Extent { count: u32, start: u32 }
struct Shape { inputs: u32, outputs: u32 }

// Rows to add up, M = extent.count.
@group(0) @binding(0) var<uniform> extent: Extent;
// K = inputs, N = outputs of the layer.
@group(0) @binding(1) var<uniform> shape: Shape;
// [M, N]
@group(0) @binding(2) var<storage, read> dy: array<f32>;
// [M, K / 4]
@group(0) @binding(3) var<storage, read> x: array<vec4<f32>>;
// [N, K / 4] added to where SLICES is 1, else [SLICES, N, K / 4] overwritten
@group(0) @binding(4) var<storage, read_write> dw: array<vec4<f32>>;

fn store(slice: u32, row: u32, col4: u32, values: vec4<f32>) {
  if (row >= shape.outputs || col4 * 4u >= shape.inputs) { return; }
  let at = row * (shape.inputs / 4u) + col4;
  if (SLICES == 1u) {
    dw[at] += values;
  } else {
    dw[slice * shape.outputs * (shape.inputs / 4u) + at] = values;
  }
}

@compute @workgroup_size(LANES)
fn linear_backward_weight_subgroup(@builtin(workgroup_id) group: vec3<u32>,
                                   @builtin(subgroup_invocation_id) lane: u32) {
  let k4 = shape.inputs / 4u;
  let row = group.y * 8u;
  let per_slice = (extent.count + SLICES - 1u) / SLICES;
  let first = min(group.z * per_slice, extent.count);
  let last = min(first + per_slice, extent.count);
  // The columns of dy that this invocation reads for all: the second where a subgroup is smaller than the tile.
  let y_low = min(row + lane % 8u, shape.outputs - 1u);
  let y_high = min(row + 4u + lane % 8u, shape.outputs - 1u);
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
  for (var m = first; m < last; m++) {
    let b = x[m * k4 + column];
    let low = dy[m * shape.outputs + y_low];
    var high = low;
    if (LANES < 8u) { high = dy[m * shape.outputs + y_high]; }
    a0 += subgroupBroadcast(low, 0u) * b;
    a1 += subgroupBroadcast(low, 1u) * b;
    a2 += subgroupBroadcast(low, 2u) * b;
    a3 += subgroupBroadcast(low, 3u) * b;
    a4 += subgroupBroadcast(high, HIGH + 0u) * b;
    a5 += subgroupBroadcast(high, HIGH + 1u) * b;
    a6 += subgroupBroadcast(high, HIGH + 2u) * b;
    a7 += subgroupBroadcast(high, HIGH + 3u) * b;
  }
  store(group.z, row + 0u, col4, a0);
  store(group.z, row + 1u, col4, a1);
  store(group.z, row + 2u, col4, a2);
  store(group.z, row + 3u, col4, a3);
  store(group.z, row + 4u, col4, a4);
  store(group.z, row + 5u, col4, a5);
  store(group.z, row + 6u, col4, a6);
  store(group.z, row + 7u, col4, a7);
}
