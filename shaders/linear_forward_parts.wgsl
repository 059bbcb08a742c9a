// What the kernels of y = x wᵀ (+ residual) with 16-byte loads share: their bindings, how w is read, how y is stored.
//
// Rows and columns past the end are computed by some of them, and never stored.
// No entry point: put before `linear_forward_vec4`, `linear_forward_subgroup` and `linear_forward_tile`.

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

// The same four columns of four rows of w, column by column.
fn four(at: u32, stride: u32) -> mat4x4<f32> {
  return transpose(mat4x4<f32>(weights(w[at]), weights(w[at + stride]), weights(w[at + 2u * stride]),
                               weights(w[at + 3u * stride])));
}

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
