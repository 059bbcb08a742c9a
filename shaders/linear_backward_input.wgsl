// dx = dy w: the gradient of a linear layer's input, at any size.
//
// Consumer: the backward pass of every projection and of the head.
// Grid: (inputs / 32, rows / 32) workgroups of 8 x 8; each invocation makes a 4 x 4 tile of dx in registers.
// Its variants `_vec4`, `_subgroup` and `_tile` are what those of `linear_forward` are. Overwrites dx.

struct Extent { count: u32, start: u32 }
struct Shape { inputs: u32, outputs: u32 }

// Rows to compute, M = extent.count.
@group(0) @binding(0) var<uniform> extent: Extent;
// K = inputs, N = outputs of the layer.
@group(0) @binding(1) var<uniform> shape: Shape;
// [M, N]
@group(0) @binding(2) var<storage, read> dy: array<f32>;
// [N, K]
@group(0) @binding(3) var<storage, read> w: array<f32>;
// [M, K], written
@group(0) @binding(4) var<storage, read_write> dx: array<f32>;

fn store(row: u32, col: u32, values: vec4<f32>) {
  if (row >= extent.count) { return; }
  let k_size = shape.inputs;
  for (var j = 0u; j < 4u; j++) {
    if (col + j < k_size) {
      let at = row * k_size + col + j;
      dx[at] = values[j];
    }
  }
}

@compute @workgroup_size(8, 8)
fn linear_backward_input(@builtin(global_invocation_id) id: vec3<u32>) {
  let col = id.x * 4u;
  let row = id.y * 4u;
  if (row >= extent.count || col >= shape.inputs) { return; }
  let n_size = shape.outputs;
  let k_size = shape.inputs;
  let last_row = extent.count - 1u;
  let y0 = row * n_size;
  let y1 = min(row + 1u, last_row) * n_size;
  let y2 = min(row + 2u, last_row) * n_size;
  let y3 = min(row + 3u, last_row) * n_size;
  let c1 = min(col + 1u, k_size - 1u);
  let c2 = min(col + 2u, k_size - 1u);
  let c3 = min(col + 3u, k_size - 1u);
  var a0 = vec4<f32>();
  var a1 = vec4<f32>();
  var a2 = vec4<f32>();
  var a3 = vec4<f32>();
  for (var n = 0u; n < n_size; n++) {
    let wn = n * k_size;
    let b = vec4<f32>(w[wn + col], w[wn + c1], w[wn + c2], w[wn + c3]);
    a0 += dy[y0 + n] * b;
    a1 += dy[y1 + n] * b;
    a2 += dy[y2 + n] * b;
    a3 += dy[y3 + n] * b;
  }
  store(row, col, a0);
  store(row + 1u, col, a1);
  store(row + 2u, col, a2);
  store(row + 3u, col, a3);
}
