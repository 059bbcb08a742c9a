// The log-probability of each target token and the entropy of its distribution, from the logits.
//
// Consumer: the head, in training and scoring. The softmax itself is not stored: `logits_backward` makes it
// again from `normaliser`.
// A row's sums are made in 64 parts, each over every 64th value, that are added up in order. So they are the same
// whether one invocation goes through all parts or 64 invocations take one each.
// Grid: SHARE invocations a row of the chunk, in workgroups of 64. Overwrites its entries of logp, entropy and
// normaliser.

// Invocations that share a row: 1, or 64.
const SHARE: u32 = 1u;
// Rows of a workgroup.
const ROWS: u32 = 64u / SHARE;
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

// The sum over a value's floats; a single float stands in all four places.
fn total(v: vec4<f32>) -> f32 { return select((v.x + v.z) + (v.y + v.w), v.x, VECTOR == 1u); }

// Sums of e and e z, with z a logit relative to the highest and e = exp(z), over every 64th value of the row at `at`.
fn part(at: u32, first: u32, highest: f32) -> vec2<f32> {
  var sum = vec4<f32>();
  var weighted = vec4<f32>();
  for (var i = first; i < shape.vocabulary / VECTOR; i += 64u) {
    let z = vec4<f32>(logits[at + i] * shape.inverse_temperature - highest);
    let e = exp(z);
    sum += e;
    weighted += e * z;
  }
  return vec2<f32>(total(sum), total(weighted));
}

@compute @workgroup_size(SHARE, ROWS)
fn log_softmax_gather(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
                      @builtin(local_invocation_id) local: vec3<u32>) {
  let first = (group.y * groups.x + group.x) * ROWS;
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
    for (var i = 0u; i < 64u; i++) { highest = max(highest, highest_parts[i]); }
  }
  // (sum of e, sum of e z)
  var all = vec2<f32>();
  if (SHARE == 1u) {
    for (var i = 0u; i < min(64u, columns); i++) { all += part(at, i, highest); }
  } else {
    sum_parts[local.x] = part(at, local.x, highest);
    workgroupBarrier();
    for (var i = 0u; i < 64u; i++) { all += sum_parts[i]; }
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
