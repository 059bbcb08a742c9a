// What the kernels of dw += dyᵀ x with 16-byte loads share: their bindings, the slices of the rows, how x is read and how
// dw is stored.
//
// No entry point: put before `linear_backward_weight_vec4`, `linear_backward_weight_subgroup` and
// `linear_backward_weight_tile`.

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

// The rows of a slice, (first, end): whole fours, but for the last of all. What the last four lack counts as zeros, which
// change no sum.
fn rows_of(slice: u32) -> vec2<u32> {
  let per_slice = (extent.count + 4u * SLICES - 1u) / (4u * SLICES) * 4u;
  let first = min(slice * per_slice, extent.count);
  return vec2<u32>(first, min(first + per_slice, extent.count));
}

// Four rows of x from m on.
fn four(m: u32, most: u32, column: u32, stride: u32) -> mat4x4<f32> {
  return mat4x4<f32>(x[m * stride + column], x[min(m + 1u, most) * stride + column],
                     x[min(m + 2u, most) * stride + column], x[min(m + 3u, most) * stride + column]);
}

// A row of dy, zeros past the last.
fn gradient(m: u32, last: u32, column: u32, stride: u32) -> vec4<f32> {
  return select(vec4<f32>(), dy[min(m, last - 1u) * stride + column], m < last);
}

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

// Stores four rows of four columns.
fn four_rows(slice: u32, row: u32, col4: u32, a: mat4x4<f32>) {
  store(slice, row, col4, a[0]);
  store(slice, row + 1u, col4, a[1]);
  store(slice, row + 2u, col4, a[2]);
  store(slice, row + 3u, col4, a[3]);
}
