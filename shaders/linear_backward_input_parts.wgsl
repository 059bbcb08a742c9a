// What the kernels of dx = dy w with 16-byte loads share: their bindings, how w is read, how dx is stored.
//
// Rows and columns past the end are computed by some of them, and never stored.
// No entry point: put before `linear_backward_input_vec4`, `linear_backward_input_subgroup` and
// `linear_backward_input_tile`.

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

// Four rows of w from `at` on.
fn four(at: u32, stride: u32) -> mat4x4<f32> {
  return mat4x4<f32>(w[at], w[at + stride], w[at + 2u * stride], w[at + 3u * stride]);
}

fn store(row: u32, col4: u32, values: vec4<f32>) {
  let k4 = shape.inputs / 4u;
  if (row >= extent.count || col4 >= k4) { return; }
  dx[row * k4 + col4] = values;
}
