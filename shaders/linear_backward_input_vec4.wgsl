// dx = dy w with 16-byte loads: `linear_backward_input` where inputs and outputs are multiples of 4.
//
// Grid: (inputs / 32, rows / 32) workgroups of 8 x 8; each invocation makes a 4 x 4 tile of dx. Overwrites dx.

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
  if (row >= extent.count) { return; }
  let at = row * (shape.inputs / 4u) + col4;
  dx[at] = values;
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
fn linear_backward_input_vec4(@builtin(global_invocation_id) id: vec3<u32>) {
  let row = id.y * 4u;
  let k4 = shape.inputs / 4u;
  if (row >= extent.count || id.x >= k4) { return; }
  let n4 = shape.outputs / 4u;
  let last_row = extent.count - 1u;
  let y0 = row * n4;
  let y1 = min(row + 1u, last_row) * n4;
  let y2 = min(row + 2u, last_row) * n4;
  let y3 = min(row + 3u, last_row) * n4;
  var a = mat4x4<f32>();
  for (var n = 0u; n < n4; n++) {
    let at = n * 4u * k4 + id.x;
    let b = mat4x4<f32>(w[at], w[at + k4], w[at + 2u * k4], w[at + 3u * k4]);
    a = add(a, b, mat4x4<f32>(dy[y0 + n], dy[y1 + n], dy[y2 + n], dy[y3 + n]));
  }
  store(row, id.x, a[0]);
  store(row + 1u, id.x, a[1]);
  store(row + 2u, id.x, a[2]);
  store(row + 3u, id.x, a[3]);
}
