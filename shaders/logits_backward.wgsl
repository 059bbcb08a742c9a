// logits := dloss/dlogits, in place: coefficient * (onehot(target) - softmax(logits / temperature)) / temperature.
//
// Consumer: the head's backward pass; `coefficient` is dloss/dlogp of each active token, from `token_loss`.
// Grid: (token ids / 8, rows of the chunk / 32) workgroups of 8 x 32, one invocation a logit.

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

@compute @workgroup_size(8, 32)
fn logits_backward(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= shape.vocabulary || id.y >= extent.count) { return; }
  let entry = extent.start + id.y;
  let i = id.y * shape.vocabulary + id.x;
  let p = exp(logits[i] * shape.inverse_temperature - normaliser[entry]);
  let hit = select(0.0, 1.0, id.x == targets[entry]);
  logits[i] = coefficient[entry] * (hit - p) * shape.inverse_temperature;
}
