// dw += dyᵀ x with 16-byte loads: `linear_backward_weight` where inputs and outputs are multiples of 4.
//
// Grid: (inputs / 32, outputs / 32, slices) workgroups of 8 x 8; each invocation makes a 4 x 4 tile of dw.

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
  let at = row * (shape.inputs / 4u) + col4;
  if (SLICES == 1u) {
    dw[at] += values;
  } else {
    dw[slice * shape.outputs * (shape.inputs / 4u) + at] = values;
  }
}

@compute @workgroup_size(8, 8)
fn linear_backward_weight_vec4(@builtin(global_invocation_id) id: vec3<u32>) {
  let k4 = shape.inputs / 4u;
  let n4 = shape.outputs / 4u;
  if (id.x >= k4 || id.y >= n4) { return; }
  let per_slice = (extent.count + SLICES - 1u) / SLICES;
  let first = min(id.z * per_slice, extent.count);
  let last = min(first + per_slice, extent.count);
  var a0 = vec4<f32>();
  var a1 = vec4<f32>();
  var a2 = vec4<f32>();
  var a3 = vec4<f32>();
  for (var m = first; m < last; m++) {
    let d = dy[m * n4 + id.y];
    let b = x[m * k4 + id.x];
    a0 += d.x * b;
    a1 += d.y * b;
    a2 += d.z * b;
    a3 += d.w * b;
  }
  let row = id.y * 4u;
  store(id.z, row, id.x, a0);
  store(id.z, row + 1u, id.x, a1);
  store(id.z, row + 2u, id.x, a2);
  store(id.z, row + 3u, id.x, a3);
}
