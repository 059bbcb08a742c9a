// The log-probability of each target token and the entropy of its distribution, from the logits.
//
// Consumer: the head, in training and scoring. The softmax itself is not stored: `logits_backward` makes it
// again from `normaliser`.
// A row's sums are made in SHARE parts, each over every SHARE-th value, that are added up in order.
// Grid: SHARE invocations a row of the chunk, in workgroups of 64. Overwrites its entries of logp, entropy and
// normaliser.

// Invocations that share a row: 1 for the vocabulary of a small task, 64 for that of a language.
const SHARE: u32 = 1u;
// Token ids that make a value: 4 where V is a multiple of 4.
const VECTOR: u32 = 1u;
alias Value = f32;

struct Extent { count: u32, start: u32 }
struct Shape { vocabulary: u32, inverse_temperature: f32 }

// Rows of this chunk, C = extent.count, which are entries extent.start and on of the active tokens.
@group(0) @binding(0) var<uniform> extent: Extent;
// V = vocabulary.
@group(0) @binding(1) var<uniform> shape: Shape;
// [C, V]
@group(0) @binding(2) var<storage, read> logits: array<Value>;
// [A] token ids
@group(0) @binding(3) var<storage, read> targets: array<u32>;
// [A] log softmax(logits / temperature)[target], written
@group(0) @binding(4) var<storage, read_write> logp: array<f32>;
// [A] in nats, written
@group(0) @binding(5) var<storage, read_write> entropy: array<f32>;
// [A] log sum exp(logits / temperature), written
@group(0) @binding(6) var<storage, read_write> normaliser: array<f32>;

var<workgroup> highest_parts: array<f32, 64>;
var<workgroup> sum_parts: array<vec2<f32>, 64>;

/// The sum over a value's floats; a single float stands in all four places.
fn total(v: vec4<f32>) -> f32 { return select((v.x + v.z) + (v.y + v.w), v.x, VECTOR == 1u); }

@compute @workgroup_size(SHARE, 64 / SHARE)
fn log_softmax_gather(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
                      @builtin(local_invocation_id) local: vec3<u32>) {
  let first = (group.y * groups.x + group.x) * (64u / SHARE);
  let own = first + local.y;
  if (first >= extent.count) { return; }
  // An invocation past the last row sums with the others: a barrier needs every one of them.
  let row = min(own, extent.count - 1u);
  let columns = shape.vocabulary / VECTOR;
  let at = row * columns;
  let beta = shape.inverse_temperature;
  var most = Value(-3.4e38);
  for (var i = local.x; i < columns; i += SHARE) { most = max(most, logits[at + i] * beta); }
  let mosts = vec4<f32>(most);
  var highest = max(max(mosts.x, mosts.y), max(mosts.z, mosts.w));
  if (SHARE > 1u) {
    highest_parts[local.x] = highest;
    workgroupBarrier();
    for (var part = 0u; part < SHARE; part++) { highest = max(highest, highest_parts[part]); }
  }
  var sums = vec4<f32>();
  var weighted = vec4<f32>();
  for (var i = local.x; i < columns; i += SHARE) {
    let z = vec4<f32>(logits[at + i] * beta - highest);
    let e = exp(z);
    sums += e;
    weighted += e * z;
  }
  // (sum of e, sum of e z)
  var all = vec2<f32>(total(sums), total(weighted));
  if (SHARE > 1u) {
    sum_parts[local.x] = all;
    workgroupBarrier();
    all = vec2<f32>();
    for (var part = 0u; part < SHARE; part++) { all += sum_parts[part]; }
  }
  if (local.x > 0u || own >= extent.count) { return; }
  let log_total = log(all.x);
  let entry = extent.start + row;
  let target_ = targets[entry];
  let hit = vec4<f32>(logits[at + target_ / VECTOR]);
  logp[entry] = hit[target_ % VECTOR] * beta - highest - log_total;
  // H = log sum exp z - sum p z, both relative to the highest logit.
  entropy[entry] = log_total - all.y / all.x;
  normaliser[entry] = highest + log_total;
}
