// da += scale * bᵀ dw: the gradient of an adapter's first factor, from the gradient of the merged weight.
//
// Consumer: `model/adapter.ts`, after the backward pass over rows that the adapter is active on.
// Grid: one invocation a value of a, in rows of workgroups of 64. Adds to da.

struct Shape { rank: u32, outputs: u32, inputs: u32, first: u32, scale: f32 }

// R = rank, N = outputs, K = inputs of the adapted layer, whose weight lies from `first` on in the device tensor.
@group(0) @binding(0) var<uniform> shape: Shape;
// [N, R]
@group(0) @binding(1) var<storage, read> b: array<f32>;
// [first + N * K]
@group(0) @binding(2) var<storage, read> dw: array<f32>;
// [R, K], added to
@group(0) @binding(3) var<storage, read_write> da: array<f32>;

@compute @workgroup_size(64)
fn lora_backward_a(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
                   @builtin(local_invocation_index) lane: u32) {
  let i = (group.y * groups.x + group.x) * 64u + lane;
  let r = i / shape.inputs;
  if (r >= shape.rank) { return; }
  let column = i % shape.inputs;
  let at = shape.first + column;
  var sum = 0.0;
  for (var n = 0u; n < shape.outputs; n++) { sum += b[n * shape.rank + r] * dw[at + n * shape.inputs]; }
  da[i] += shape.scale * sum;
}
