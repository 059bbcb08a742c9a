// dw += dyᵀ x: the gradient of a linear layer's weight, at any size.
//
// Consumer: the backward pass of every projection and of the head.
// Grid: (inputs / 32, outputs / 32, slices) workgroups of 8 x 8; each invocation makes a 4 x 4 tile of dw over
// its slice of the rows. With one slice it adds to dw at once; with more, each slice overwrites its own copy and
// `accumulate_slices` adds them up in order, so the result does not depend on timing. Slices give an adapter enough to
// do: a small layer's dw is a few tiles, and its sums run over thousands of rows.
// Its variants `_vec4`, `_subgroup` and `_tile` are what those of `linear_forward` are.

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
// [M, K]
@group(0) @binding(3) var<storage, read> x: array<f32>;
// [N, K] added to where SLICES is 1, else [SLICES, N, K] overwritten
@group(0) @binding(4) var<storage, read_write> dw: array<f32>;

fn store(slice: u32, row: u32, col: u32, values: vec4<f32>) {
  if (row >= shape.outputs) { return; }
  for (var j = 0u; j < 4u; j++) {
    if (col + j < shape.inputs) {
      let at = row * shape.inputs + col + j;
      if (SLICES == 1u) {
        dw[at] += values[j];
      } else {
        dw[slice * shape.outputs * shape.inputs + at] = values[j];
      }
    }
  }
}

@compute @workgroup_size(8, 8)
fn linear_backward_weight(@builtin(global_invocation_id) id: vec3<u32>) {
  let col = id.x * 4u;
  let row = id.y * 4u;
  if (row >= shape.outputs || col >= shape.inputs) { return; }
  let per_slice = (extent.count + SLICES - 1u) / SLICES;
  let first = min(id.z * per_slice, extent.count);
  let last = min(first + per_slice, extent.count);
  let n1 = min(row + 1u, shape.outputs - 1u);
  let n2 = min(row + 2u, shape.outputs - 1u);
  let n3 = min(row + 3u, shape.outputs - 1u);
  let k1 = min(col + 1u, shape.inputs - 1u);
  let k2 = min(col + 2u, shape.inputs - 1u);
  let k3 = min(col + 3u, shape.inputs - 1u);
  var a0 = vec4<f32>();
  var a1 = vec4<f32>();
  var a2 = vec4<f32>();
  var a3 = vec4<f32>();
  for (var m = first; m < last; m++) {
    let y = m * shape.outputs;
    let at = m * shape.inputs;
    let b = vec4<f32>(x[at + col], x[at + k1], x[at + k2], x[at + k3]);
    a0 += dy[y + row] * b;
    a1 += dy[y + n1] * b;
    a2 += dy[y + n2] * b;
    a3 += dy[y + n3] * b;
  }
  store(id.z, row, col, a0);
  store(id.z, row + 1u, col, a1);
  store(id.z, row + 2u, col, a2);
  store(id.z, row + 3u, col, a3);
}
