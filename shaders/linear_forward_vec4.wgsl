// y = x wᵀ (+ residual) with 16-byte loads: `linear_forward` where inputs and outputs are multiples of 4.
//
// Adds over `linear_forward`: x, w and y are read and written four values at a time, which quarters the
// number of load instructions for 64 multiply-adds.
// Grid: (outputs / 32, rows / 32) workgroups of 8 x 8; each invocation makes a 4 x 4 tile. Overwrites y.

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
  if (row >= extent.count) { return; }
  let at = row * (shape.outputs / 4u) + col4;
  if (RESIDUAL) {
    y[at] = values + residual[at];
  } else {
    y[at] = values;
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

@compute @workgroup_size(8, 8)
fn linear_forward_vec4(@builtin(global_invocation_id) id: vec3<u32>) {
  let col = id.x * 4u;
  let row = id.y * 4u;
  if (row >= extent.count || col >= shape.outputs) { return; }
  let k_size = shape.inputs / 4u;
  let last_row = extent.count - 1u;
  let x0 = row * k_size;
  let x1 = min(row + 1u, last_row) * k_size;
  let x2 = min(row + 2u, last_row) * k_size;
  let x3 = min(row + 3u, last_row) * k_size;
  let w0 = col * k_size;
  let w1 = w0 + k_size;
  let w2 = w1 + k_size;
  let w3 = w2 + k_size;
  var a = mat4x4<f32>();
  for (var k = 0u; k < k_size; k++) {
    let b = transpose(mat4x4<f32>(weights(w[w0 + k]), weights(w[w1 + k]), weights(w[w2 + k]), weights(w[w3 + k])));
    a = add(a, b, mat4x4<f32>(x[x0 + k], x[x1 + k], x[x2 + k], x[x3 + k]));
  }
  store(row, id.x, a[0]);
  store(row + 1u, id.x, a[1]);
  store(row + 2u, id.x, a[2]);
  store(row + 3u, id.x, a[3]);
}
