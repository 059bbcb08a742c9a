// The mean log ratio of each rollout, for sequence-level importance (GSPO, arXiv 2507.18071).
//
// Consumer: `token_loss` where importance_sampling_level is `sequence`.
// Grid: one invocation a rollout, in rows of workgroups of 64. Overwrites log_ratio.

struct Extent { count: u32, start: u32 }

// Rollouts of the micro-batch, R = extent.count.
@group(0) @binding(0) var<uniform> extent: Extent;
// [R] (first, count): the rollout's active tokens
@group(0) @binding(1) var<storage, read> ranges: array<vec2<u32>>;
// [A]
@group(0) @binding(2) var<storage, read> logp: array<f32>;
// [A]
@group(0) @binding(3) var<storage, read> old_logp: array<f32>;
// [R], written
@group(0) @binding(4) var<storage, read_write> log_ratio: array<f32>;

@compute @workgroup_size(64)
fn sequence_ratio(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
                  @builtin(local_invocation_index) lane: u32) {
  let row = (group.y * groups.x + group.x) * 64u + lane;
  if (row >= extent.count) { return; }
  let range = ranges[row];
  var sum = 0.0;
  for (var a = range.x; a < range.x + range.y; a++) { sum += logp[a] - old_logp[a]; }
  log_ratio[row] = sum / f32(max(range.y, 1u));
}
