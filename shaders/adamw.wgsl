// One AdamW step on a flat arena of parameters (Loshchilov & Hutter, arXiv 1711.05101; torch.optim.AdamW).
//
//   p -= lr * decay * p;  m, v: running means of g and g²;  p -= lr / c1 * m / (sqrt(v) / sqrt(c2) + epsilon)
// with g the gradient times `clip.scale`, c1 = 1 - beta1^t, c2 = 1 - beta2^t. Decay acts on the values before
// `decay_end`: matrices lie before norm weights in an arena.
// Does nothing where the gradient is not finite: the last good weights stay.
// Consumer: the end of a step. Grid: one invocation a value from `first` to `end`, in rows of workgroups of 64: a
// whole arena, or one tensor of it where others are frozen.

// Floats that an invocation updates: 4 where ends and first are multiples of 4.
const VECTOR: u32 = 1u;
alias Value = f32;

struct Size { end: u32, decay_end: u32, first: u32 }
struct Step { learning_rate: f32, beta1: f32, beta2: f32, epsilon: f32, correction1: f32, correction2: f32, weight_decay: f32 }

@group(0) @binding(0) var<uniform> size: Size;
@group(0) @binding(1) var<uniform> step: Step;
// (norm, scale, 1 where finite, values not finite)
@group(0) @binding(2) var<storage, read> clip: vec4<f32>;
// [N]
@group(0) @binding(3) var<storage, read> gradient: array<Value>;
// [N], updated
@group(0) @binding(4) var<storage, read_write> parameters: array<Value>;
// [N], updated
@group(0) @binding(5) var<storage, read_write> mean: array<Value>;
// [N], updated
@group(0) @binding(6) var<storage, read_write> square: array<Value>;

@compute @workgroup_size(64)
fn adamw(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
         @builtin(local_invocation_index) lane: u32) {
  let i = size.first / VECTOR + (group.y * groups.x + group.x) * 64u + lane;
  if (i >= size.end / VECTOR || clip.z == 0.0) { return; }
  let g = gradient[i] * clip.y;
  let m = step.beta1 * mean[i] + (1.0 - step.beta1) * g;
  let v = step.beta2 * square[i] + (1.0 - step.beta2) * g * g;
  mean[i] = m;
  square[i] = v;
  var p = parameters[i];
  if (i < size.decay_end / VECTOR) { p -= step.learning_rate * step.weight_decay * p; }
  parameters[i] = p - step.learning_rate / step.correction1 * m / (sqrt(v) / sqrt(step.correction2) + step.epsilon);
}
