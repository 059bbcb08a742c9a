// out = silu(gate) * up: the gated activation of Llama's MLP (Shazeer, arXiv 2002.05202).
//
// Consumer: between the MLP's fused gate-and-up projection and its down projection.
// Grid: one invocation an element of out, in rows of workgroups of 64. Overwrites out.

struct Extent { count: u32, start: u32 }
struct Shape { width: u32 }

// Tokens, T = extent.count.
@group(0) @binding(0) var<uniform> extent: Extent;
// F = width.
@group(0) @binding(1) var<uniform> shape: Shape;
// [T, 2 F]: gate, then up
@group(0) @binding(2) var<storage, read> gate_up: array<f32>;
// [T, F], written
@group(0) @binding(3) var<storage, read_write> out: array<f32>;

@compute @workgroup_size(64)
fn swiglu(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
          @builtin(local_invocation_index) lane: u32) {
  let i = (group.y * groups.x + group.x) * 64u + lane;
  let token = i / shape.width;
  if (token >= extent.count) { return; }
  let at = token * 2u * shape.width + i % shape.width;
  let gate = gate_up[at];
  out[i] = gate / (1.0 + exp(-gate)) * gate_up[at + shape.width];
}
