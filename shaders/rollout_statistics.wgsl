// Sums of each rollout over its active tokens: what the host needs for a step's metrics, in eight numbers.
//
// Consumer: the trainer's one read-back. Grid: one invocation a rollout, in rows of workgroups of 64.
// Overwrites entries extent.start and on of `statistics`.

struct Extent { count: u32, start: u32 }

// Rollouts of the micro-batch, R = extent.count; extent.start is the batch's index of the first.
@group(0) @binding(0) var<uniform> extent: Extent;
// [R] (first, count): the rollout's active tokens
@group(0) @binding(1) var<storage, read> ranges: array<vec2<u32>>;
// [A]
@group(0) @binding(2) var<storage, read> logp: array<f32>;
// [A] the sampler's log-probability
@group(0) @binding(3) var<storage, read> old_logp: array<f32>;
// [A]
@group(0) @binding(4) var<storage, read> entropy: array<f32>;
// [A] (weighted loss, k3, clipped below, clipped above)
@group(0) @binding(5) var<storage, read> detail: array<vec4<f32>>;
// [rollouts of the batch, 2]: sums of (loss, k3, clipped below, clipped above), then
// (entropy, logp, |logp - old|, the largest |logp - old|)
@group(0) @binding(6) var<storage, read_write> statistics: array<vec4<f32>>;

const BLOCK = 64u;

@compute @workgroup_size(64)
fn rollout_statistics(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
                      @builtin(local_invocation_index) lane: u32) {
  let row = (group.y * groups.x + group.x) * 64u + lane;
  if (row >= extent.count) { return; }
  let range = ranges[row];
  var first = vec4<f32>();
  var second = vec4<f32>();
  let end = range.x + range.y;
  // In blocks: one long running sum would lose a digit over a row of thousands of tokens.
  for (var block = range.x; block < end; block += BLOCK) {
    var first_part = vec4<f32>();
    var second_part = vec3<f32>();
    for (var a = block; a < min(block + BLOCK, end); a++) {
      first_part += detail[a];
      let off = abs(logp[a] - old_logp[a]);
      second_part += vec3<f32>(entropy[a], logp[a], off);
      second.w = max(second.w, off);
    }
    first += first_part;
    second += vec4<f32>(second_part, 0.0);
  }
  statistics[(extent.start + row) * 2u] = first;
  statistics[(extent.start + row) * 2u + 1u] = second;
}
