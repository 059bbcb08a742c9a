// dgate and dup of out = silu(gate) * up.
//
// With s = 1 / (1 + exp(-gate)):  dup = dout gate s,  dgate = dout up s (1 + gate (1 - s)).
// Consumer: the backward pass of the MLP.
// Grid: one invocation an element of dout, in rows of workgroups of 64. Overwrites dgate_up.

struct Extent { count: u32, start: u32 }
struct Shape { width: u32 }

// Tokens, T = extent.count.
@group(0) @binding(0) var<uniform> extent: Extent;
// F = width.
@group(0) @binding(1) var<uniform> shape: Shape;
// [T, 2 F]
@group(0) @binding(2) var<storage, read> gate_up: array<f32>;
// [T, F]
@group(0) @binding(3) var<storage, read> dout: array<f32>;
// [T, 2 F], written
@group(0) @binding(4) var<storage, read_write> dgate_up: array<f32>;

@compute @workgroup_size(64)
fn swiglu_backward(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
                   @builtin(local_invocation_index) lane: u32) {
  let i = (group.y * groups.x + group.x) * 64u + lane;
  let token = i / shape.width;
  if (token >= extent.count) { return; }
  let at = token * 2u * shape.width + i % shape.width;
  let gate = gate_up[at];
  let up = gate_up[at + shape.width];
  let s = 1.0 / (1.0 + exp(-gate));
  dgate_up[at] = dout[i] * up * s * (1.0 + gate * (1.0 - s));
  dgate_up[at + shape.width] = dout[i] * gate * s;
}
