// y = x wᵀ (+ residual): the linear layer forward, at any size.
//
// Consumer: every projection of the policy, the head, and decoding.
// Grid: (outputs / 32, rows / 32) workgroups of 8 x 8; each invocation makes a 4 x 4 tile of y in registers.
// No workgroup memory and no barrier: on processors that run WebGPU in software a barrier costs more than the
// loads it saves. Where inputs and outputs are multiples of 4 it has variants, which add the same terms in the same
// order, to the same bits, and differ in who reads what: `linear_forward_vec4` reads four values at a time; in
// `linear_forward_subgroup` each invocation reads a row of x for its whole subgroup; `linear_forward_tile` reads x and
// w into workgroup memory first. Which is fastest on an adapter is measured (`src/model/tune.ts`).
// Before it: `weights_float32.wgsl` (how weights are stored).
// Assumes: nothing about sizes. Overwrites y.

// Adds `residual` to the product; otherwise the binding is not read.
const RESIDUAL: bool = false;

struct Extent { count: u32, start: u32 }
struct Shape { inputs: u32, outputs: u32 }

// Rows to compute, M = extent.count.
@group(0) @binding(0) var<uniform> extent: Extent;
// K = inputs, N = outputs.
@group(0) @binding(1) var<uniform> shape: Shape;
// [M, K]
@group(0) @binding(2) var<storage, read> x: array<f32>;
// [N, K], as `weight` reads them
@group(0) @binding(3) var<storage, read> w: array<Weight>;
// [M, N], read where RESIDUAL
@group(0) @binding(4) var<storage, read> residual: array<f32>;
// [M, N], written
@group(0) @binding(5) var<storage, read_write> y: array<f32>;

// Weight number `at` of w.
fn w_at(at: u32) -> f32 { return weight(w[word_of(at)], at); }

fn store(row: u32, col: u32, values: vec4<f32>) {
  if (row >= extent.count) { return; }
  let n = shape.outputs;
  for (var j = 0u; j < 4u; j++) {
    if (col + j < n) {
      let at = row * n + col + j;
      if (RESIDUAL) { y[at] = values[j] + residual[at]; } else { y[at] = values[j]; }
    }
  }
}

@compute @workgroup_size(8, 8)
fn linear_forward(@builtin(global_invocation_id) id: vec3<u32>) {
  let col = id.x * 4u;
  let row = id.y * 4u;
  if (row >= extent.count || col >= shape.outputs) { return; }
  let k_size = shape.inputs;
  // Tail rows and columns compute a clamped neighbour's value and are not stored.
  let last_row = extent.count - 1u;
  let last_col = shape.outputs - 1u;
  let x0 = row * k_size;
  let x1 = min(row + 1u, last_row) * k_size;
  let x2 = min(row + 2u, last_row) * k_size;
  let x3 = min(row + 3u, last_row) * k_size;
  let w0 = col * k_size;
  let w1 = min(col + 1u, last_col) * k_size;
  let w2 = min(col + 2u, last_col) * k_size;
  let w3 = min(col + 3u, last_col) * k_size;
  var a0 = vec4<f32>();
  var a1 = vec4<f32>();
  var a2 = vec4<f32>();
  var a3 = vec4<f32>();
  for (var k = 0u; k < k_size; k++) {
    let b = vec4<f32>(w_at(w0 + k), w_at(w1 + k), w_at(w2 + k), w_at(w3 + k));
    a0 += x[x0 + k] * b;
    a1 += x[x1 + k] * b;
    a2 += x[x2 + k] * b;
    a3 += x[x3 + k] * b;
  }
  store(row, col, a0);
  store(row + 1u, col, a1);
  store(row + 2u, col, a2);
  store(row + 3u, col, a3);
}
