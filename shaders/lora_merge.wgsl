// merged += scale * b a: adds a low-rank adapter to a copy of the weight it adapts (LoRA, arXiv 2106.09685).
//
// Consumer: `model/adapter.ts`, once after each change of the base weights or of the adapter; the passes over rows
// that the adapter is active on then use the merged weights like any others.
// Grid: one invocation a weight, in rows of workgroups of 64. Adds to merged.

struct Shape { rank: u32, outputs: u32, inputs: u32, first: u32, scale: f32 }

// R = rank, N = outputs, K = inputs of the adapted layer, whose weight lies from `first` on in the device tensor.
@group(0) @binding(0) var<uniform> shape: Shape;
// [R, K]
@group(0) @binding(1) var<storage, read> a: array<f32>;
// [N, R]
@group(0) @binding(2) var<storage, read> b: array<f32>;
// [first + N * K], the last N * K values added to
@group(0) @binding(3) var<storage, read_write> merged: array<f32>;

@compute @workgroup_size(64)
fn lora_merge(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
              @builtin(local_invocation_index) lane: u32) {
  let i = (group.y * groups.x + group.x) * 64u + lane;
  let row = i / shape.inputs;
  if (row >= shape.outputs) { return; }
  let column = i % shape.inputs;
  var sum = 0.0;
  for (var r = 0u; r < shape.rank; r++) { sum += b[row * shape.rank + r] * a[r * shape.inputs + column]; }
  merged[shape.first + i] += shape.scale * sum;
}
