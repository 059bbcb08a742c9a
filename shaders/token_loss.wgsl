// GRPO's loss of each token and its derivative by the token's log-probability.
//
//   ratio = exp(logp - old),  loss = -min(ratio A, clip(ratio, 1 - epsilon, 1 + epsilon_high) A) + beta k3
//   k3 = exp(ref - logp) - (ref - logp) - 1        (Schulman's estimator, as in GRPO, arXiv 2402.03300)
// The weight that makes it grpo, bnpo, dr_grpo or dapo is constant inside a rollout and comes with it. In
// supervised mode the loss is -logp.
// Consumer: the head's backward pass (coefficient), `rollout_statistics` (detail).
// Grid: one invocation an active token, in rows of workgroups of 64. Overwrites coefficient and detail.

// Values of `Loss.old`: where the ratio's denominator comes from.
// The policy itself, so that the ratio is exactly 1 (the first update on a batch).
const OLD_IS_CURRENT: u32 = 0u;
// `old_logp`.
const OLD_IS_GIVEN: u32 = 1u;
// Values of `Loss.kind`.
const LOSS_SUPERVISED: u32 = 0u;
const LOSS_TOKEN_RATIO: u32 = 1u;
const LOSS_SEQUENCE_RATIO: u32 = 2u;

struct Extent { count: u32, start: u32 }
struct Loss { kind: u32, old: u32, epsilon: f32, epsilon_high: f32, beta: f32 }

// Active tokens: extent.count of all A, from extent.start on.
@group(0) @binding(0) var<uniform> extent: Extent;
@group(0) @binding(1) var<uniform> loss: Loss;
// [A] the rollout each token is of
@group(0) @binding(2) var<storage, read> rollout: array<u32>;
// [R] (advantage, weight of each token)
@group(0) @binding(3) var<storage, read> rollout_values: array<vec2<f32>>;
// [A]
@group(0) @binding(4) var<storage, read> logp: array<f32>;
// [A], read where OLD_IS_GIVEN
@group(0) @binding(5) var<storage, read> old_logp: array<f32>;
// [A], read where beta is above 0
@group(0) @binding(6) var<storage, read> reference_logp: array<f32>;
// [R] mean log ratio, read where the ratio is the sequence's
@group(0) @binding(7) var<storage, read> log_ratio: array<f32>;
// [A] dloss/dlogp, written
@group(0) @binding(8) var<storage, read_write> coefficient: array<f32>;
// [A] (weighted loss, k3, 1 if clipped below, 1 if clipped above), written
@group(0) @binding(9) var<storage, read_write> detail: array<vec4<f32>>;

@compute @workgroup_size(64)
fn token_loss(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
              @builtin(local_invocation_index) lane: u32) {
  let i = (group.y * groups.x + group.x) * 64u + lane;
  if (i >= extent.count) { return; }
  let a = extent.start + i;
  let row = rollout[a];
  let advantage = rollout_values[row].x;
  let weight = rollout_values[row].y;
  let current = logp[a];
  if (loss.kind == LOSS_SUPERVISED) {
    coefficient[a] = -weight;
    detail[a] = vec4<f32>(-weight * current, 0.0, 0.0, 0.0);
    return;
  }
  var difference = 0.0;
  if (loss.old == OLD_IS_GIVEN) {
    difference = current - old_logp[a];
    if (loss.kind == LOSS_SEQUENCE_RATIO) { difference = log_ratio[row]; }
  }
  let ratio = exp(difference);
  let low = 1.0 - loss.epsilon;
  let high = 1.0 + loss.epsilon_high;
  let gain = ratio * advantage;
  let clipped = clamp(ratio, low, high) * advantage;
  var value = -min(gain, clipped);
  // The gradient flows through the ratio unless the clipped gain is the smaller one. With a sequence-level ratio
  // each of the rollout's n tokens has 1/n of its gradient, and n tokens share it: the same coefficient.
  var slope = select(-gain, 0.0, clipped < gain);
  var k3 = 0.0;
  if (loss.beta > 0.0) {
    let reference = reference_logp[a] - current;
    k3 = exp(reference) - reference - 1.0;
    value += loss.beta * k3;
    slope += loss.beta * (1.0 - exp(reference));
  }
  coefficient[a] = weight * slope;
  detail[a] = vec4<f32>(weight * value, k3, select(0.0, 1.0, ratio < low && advantage < 0.0),
                        select(0.0, 1.0, ratio > high && advantage > 0.0));
}
