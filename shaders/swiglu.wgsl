// out = silu(gate) * up: the gated activation of Llama's MLP (Shazeer, arXiv 2002.05202).
//
// Consumer: between the MLP's fused gate-and-up projection and its down projection.
// Grid: (values of a row / 8, tokens / 32) workgroups of 8 x 32, one invocation a value of out. Overwrites out.

// Columns that an invocation takes: 4 where F is a multiple of 4.
const VECTOR: u32 = 1u;
alias Value = f32;

struct Extent { count: u32, start: u32 }
struct Shape { width: u32 }

// Tokens, T = extent.count.
@group(0) @binding(0) var<uniform> extent: Extent;
// F = width.
@group(0) @binding(1) var<uniform> shape: Shape;
// [T, 2 F]: gate, then up
@group(0) @binding(2) var<storage, read> gate_up: array<Value>;
// [T, F], written
@group(0) @binding(3) var<storage, read_write> out: array<Value>;

@compute @workgroup_size(8, 32)
fn swiglu(@builtin(global_invocation_id) id: vec3<u32>) {
  let columns = shape.width / VECTOR;
  if (id.x >= columns || id.y >= extent.count) { return; }
  let at = id.y * 2u * columns + id.x;
  let gate = gate_up[at];
  out[id.y * columns + id.x] = gate / (1.0 + exp(-gate)) * gate_up[at + columns];
}
