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

// Four rows of the product with four more terms each: row r gains m[r].x b[0], then m[r].y b[1], and so on. All
// variants of this product add in this order, by fma(), and so give the same bits.
fn add(a: mat4x4<f32>, b: mat4x4<f32>, m: mat4x4<f32>) -> mat4x4<f32> {
  return mat4x4<f32>(add_row(a[0], b, m[0]), add_row(a[1], b, m[1]), add_row(a[2], b, m[2]), add_row(a[3], b, m[3]));
}

fn add_row(a: vec4<f32>, b: mat4x4<f32>, v: vec4<f32>) -> vec4<f32> {
  return fma(vec4<f32>(v.w), b[3], fma(vec4<f32>(v.z), b[2], fma(vec4<f32>(v.y), b[1], fma(vec4<f32>(v.x), b[0], a))));
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

@compute @workgroup_size(8, 8)
fn linear_backward_weight_vec4(@builtin(global_invocation_id) id: vec3<u32>) {
  let k4 = shape.inputs / 4u;
  let n4 = shape.outputs / 4u;
  if (id.x >= k4 || id.y >= n4) { return; }
  // Whole fours of rows a slice; what the last four lack counts as zeros, which change no sum.
  let per_slice = (extent.count + 4u * SLICES - 1u) / (4u * SLICES) * 4u;
  let first = min(id.z * per_slice, extent.count);
  let last = min(first + per_slice, extent.count);
  var a = mat4x4<f32>();
  for (var m = first; m < last; m += 4u) {
    let d = mat4x4<f32>(dy[m * n4 + id.y], gradient(m + 1u, last, id.y, n4),
                        gradient(m + 2u, last, id.y, n4), gradient(m + 3u, last, id.y, n4));
    a = add(a, four(m, last - 1u, id.x, k4), transpose(d));
  }
  let row = id.y * 4u;
  store(id.z, row, id.x, a[0]);
  store(id.z, row + 1u, id.x, a[1]);
  store(id.z, row + 2u, id.x, a[2]);
  store(id.z, row + 3u, id.x, a[3]);
}
