// dw += dyᵀ x by tiles in workgroup memory: `linear_backward_weight_vec4` for a GPU.
//
// Adds over it what `linear_forward_tile` adds over its own.
// Grid: (inputs / 64, outputs / 64, slices) workgroups of 8 x 8; each invocation makes 8 x 8 values.

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

// 64 columns of 16 rows of dy: [16, 16 fours of columns].
var<workgroup> dy_tile: array<vec4<f32>, 256>;
// The same of x.
var<workgroup> x_tile: array<vec4<f32>, 256>;

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

@compute @workgroup_size(8, 8)
fn linear_backward_weight_tile(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) id: vec3<u32>,
                               @builtin(local_invocation_index) lane: u32) {
  let columns = shape.inputs / 4u;
  let row = group.y * 64u;
  // Rows id.y * 4 and on, and 32 below; fours of columns id.x, and 8 to the right.
  var a00 = mat4x4<f32>();
  var a01 = mat4x4<f32>();
  var a10 = mat4x4<f32>();
  var a11 = mat4x4<f32>();
  let size = shape.outputs / 4u;
  // Whole fours of rows a slice; what the last four lack counts as zeros, which change no sum.
  let per_slice = (extent.count + 4u * SLICES - 1u) / (4u * SLICES) * 4u;
  let first = min(group.z * per_slice, extent.count);
  let last = min(first + per_slice, extent.count);
  for (var base = first; base < last; base += 16u) {
    for (var i = lane; i < 256u; i += 64u) {
      let m = base + i / 16u;
      let at = min(m, last - 1u);
      let dy_column = min(row / 4u + i % 16u, size - 1u);
      dy_tile[i] = select(vec4<f32>(), dy[at * size + dy_column], m < last);
      x_tile[i] = x[at * columns + min(group.x * 16u + i % 16u, columns - 1u)];
    }
    workgroupBarrier();
    for (var m = 0u; m < 4u; m++) {
      let y0 = m * 64u + id.y;
      let m0 = transpose(mat4x4<f32>(dy_tile[y0], dy_tile[y0 + 16u], dy_tile[y0 + 32u], dy_tile[y0 + 48u]));
      let m1 = transpose(mat4x4<f32>(dy_tile[y0 + 8u], dy_tile[y0 + 24u], dy_tile[y0 + 40u], dy_tile[y0 + 56u]));
      let x0 = m * 64u + id.x;
      let b0 = mat4x4<f32>(x_tile[x0], x_tile[x0 + 16u], x_tile[x0 + 32u], x_tile[x0 + 48u]);
      let b1 = mat4x4<f32>(x_tile[x0 + 8u], x_tile[x0 + 24u], x_tile[x0 + 40u], x_tile[x0 + 56u]);
      a00 = add(a00, b0, m0);
      a01 = add(a01, b1, m0);
      a10 = add(a10, b0, m1);
      a11 = add(a11, b1, m1);
    }
    workgroupBarrier();
  }
  // A loop, as in the subgroup's kernel; past the last row there may be nothing to store below.
  let blocks = select(2u, 4u, row + 32u < shape.outputs);
  for (var i = 0u; i < blocks; i++) {
    var a = a00;
    if (i == 1u) { a = a01; }
    if (i == 2u) { a = a10; }
    if (i == 3u) { a = a11; }
    four_rows(group.z, row + i / 2u * 32u + id.y * 4u, group.x * 16u + i % 2u * 8u + id.x, a);
  }
}
