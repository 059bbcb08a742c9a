// logits := dloss/dlogits, in place: coefficient * (onehot(target) - softmax(logits / temperature)) / temperature.
//
// Consumer: the head's backward pass; `coefficient` is dloss/dlogp of each active token, from `token_loss`.
// Grid: one invocation a (row of the chunk, token id), in rows of workgroups of 64.

struct Extent { count: u32, start: u32 }
struct Shape { vocabulary: u32, inverse_temperature: f32 }

// Rows of this chunk, C = extent.count, which are entries extent.start and on of the active tokens.
@group(0) @binding(0) var<uniform> extent: Extent;
// V = vocabulary.
@group(0) @binding(1) var<uniform> shape: Shape;
// [A] token ids
@group(0) @binding(2) var<storage, read> targets: array<u32>;
// [A]
@group(0) @binding(3) var<storage, read> normaliser: array<f32>;
// [A] dloss/dlogp
@group(0) @binding(4) var<storage, read> coefficient: array<f32>;
// [C, V] logits, overwritten with their gradient
@group(0) @binding(5) var<storage, read_write> logits: array<f32>;

@compute @workgroup_size(64)
fn logits_backward(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
                   @builtin(local_invocation_index) lane: u32) {
  let i = (group.y * groups.x + group.x) * 64u + lane;
  let row = i / shape.vocabulary;
  if (row >= extent.count) { return; }
  let entry = extent.start + row;
  let p = exp(logits[i] * shape.inverse_temperature - normaliser[entry]);
  let hit = select(0.0, 1.0, i % shape.vocabulary == targets[entry]);
  logits[i] = coefficient[entry] * (hit - p) * shape.inverse_temperature;
}
