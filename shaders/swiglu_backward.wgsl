// dgate and dup of out = silu(gate) * up, and out once more.
//
// With s = 1 / (1 + exp(-gate)):  dup = dout gate s,  dgate = dout up s (1 + gate (1 - s)).
// Consumer: the backward pass of the MLP. The forward pass does not keep `out` of every layer; the gradient of the
// down projection's weight takes it from here, the same bits as there.
// Grid: (values of a row / 8, tokens / 32) workgroups of 8 x 32, one invocation a value of dout. Overwrites dgate_up
// and out.

// Columns that an invocation takes: 4 where F is a multiple of 4.
const VECTOR: u32 = 1u;
alias Value = f32;

struct Extent { count: u32, start: u32 }
struct Shape { width: u32 }

// Tokens, T = extent.count.
@group(0) @binding(0) var<uniform> extent: Extent;
// F = width.
@group(0) @binding(1) var<uniform> shape: Shape;
// [T, 2 F]
@group(0) @binding(2) var<storage, read> gate_up: array<Value>;
// [T, F]
@group(0) @binding(3) var<storage, read> dout: array<Value>;
// [T, 2 F], written
@group(0) @binding(4) var<storage, read_write> dgate_up: array<Value>;
// [T, F], written
@group(0) @binding(5) var<storage, read_write> out: array<Value>;

@compute @workgroup_size(8, 32)
fn swiglu_backward(@builtin(global_invocation_id) id: vec3<u32>) {
  let columns = shape.width / VECTOR;
  if (id.x >= columns || id.y >= extent.count) { return; }
  let at = id.y * 2u * columns + id.x;
  let here = id.y * columns + id.x;
  let gate = gate_up[at];
  let up = gate_up[at + columns];
  let below = 1.0 + exp(-gate);
  let s = 1.0 / below;
  let d = dout[here];
  dgate_up[at] = d * up * s * (1.0 + gate * (1.0 - s));
  dgate_up[at + columns] = d * gate * s;
  // As `swiglu` writes it.
  out[here] = gate / below * up;
}
