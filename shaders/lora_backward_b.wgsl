// db += scale * dw aᵀ: the gradient of an adapter's second factor, from the gradient of the merged weight.
//
// Consumer: `model/adapter.ts`, after the backward pass over rows that the adapter is active on.
// Grid: one invocation a value of b, in rows of workgroups of 64. Adds to db.

struct Shape { rank: u32, outputs: u32, inputs: u32, first: u32, scale: f32 }

// R = rank, N = outputs, K = inputs of the adapted layer, whose weight lies from `first` on in the device tensor.
@group(0) @binding(0) var<uniform> shape: Shape;
// [R, K]
@group(0) @binding(1) var<storage, read> a: array<f32>;
// [first + N * K]
@group(0) @binding(2) var<storage, read> dw: array<f32>;
// [N, R], added to
@group(0) @binding(3) var<storage, read_write> db: array<f32>;

@compute @workgroup_size(64)
fn lora_backward_b(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
                   @builtin(local_invocation_index) lane: u32) {
  let i = (group.y * groups.x + group.x) * 64u + lane;
  let row = i / shape.rank;
  if (row >= shape.outputs) { return; }
  let r = i % shape.rank;
  let at = shape.first + row * shape.inputs;
  var sum = 0.0;
  for (var k = 0u; k < shape.inputs; k++) { sum += dw[at + k] * a[r * shape.inputs + k]; }
  db[i] += shape.scale * sum;
}
