// The log-probability of each target token and the entropy of its distribution, from the logits.
//
// Consumer: the head, in training and scoring. The softmax itself is not stored: `logits_backward` makes it
// again from `normaliser`.
// Grid: one invocation a row of the chunk, in rows of workgroups of 64. Overwrites its entries of logp, entropy
// and normaliser.

struct Extent { count: u32, start: u32 }
struct Shape { vocabulary: u32, inverse_temperature: f32 }

// Rows of this chunk, C = extent.count, which are entries extent.start and on of the active tokens.
@group(0) @binding(0) var<uniform> extent: Extent;
// V = vocabulary.
@group(0) @binding(1) var<uniform> shape: Shape;
// [C, V]
@group(0) @binding(2) var<storage, read> logits: array<f32>;
// [A] token ids
@group(0) @binding(3) var<storage, read> targets: array<u32>;
// [A] log softmax(logits / temperature)[target], written
@group(0) @binding(4) var<storage, read_write> logp: array<f32>;
// [A] in nats, written
@group(0) @binding(5) var<storage, read_write> entropy: array<f32>;
// [A] log sum exp(logits / temperature), written
@group(0) @binding(6) var<storage, read_write> normaliser: array<f32>;

@compute @workgroup_size(64)
fn log_softmax_gather(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
                      @builtin(local_invocation_index) lane: u32) {
  let row = (group.y * groups.x + group.x) * 64u + lane;
  if (row >= extent.count) { return; }
  let at = row * shape.vocabulary;
  let beta = shape.inverse_temperature;
  var highest = logits[at] * beta;
  for (var v = 1u; v < shape.vocabulary; v++) { highest = max(highest, logits[at + v] * beta); }
  var total = 0.0;
  var weighted = 0.0;
  for (var v = 0u; v < shape.vocabulary; v++) {
    let z = logits[at + v] * beta - highest;
    let e = exp(z);
    total += e;
    weighted += e * z;
  }
  let log_total = log(total);
  let entry = extent.start + row;
  logp[entry] = logits[at + targets[entry]] * beta - highest - log_total;
  // H = log sum exp z - sum p z, both relative to the highest logit.
  entropy[entry] = log_total - weighted / total;
  normaliser[entry] = highest + log_total;
}
