// x[t] = embedding[ids[t]]: looks up the rows of the embedding table.
//
// Consumer: the first operation of the policy, in training and decoding.
// Grid: one invocation a (token, column), in rows of workgroups of 64 (x fastest). Overwrites x.

struct Extent { count: u32, start: u32 }
struct Shape { width: u32 }

// Tokens, T = extent.count.
@group(0) @binding(0) var<uniform> extent: Extent;
// D = width.
@group(0) @binding(1) var<uniform> shape: Shape;
// [T] token ids, each smaller than the table's rows (the host checks)
@group(0) @binding(2) var<storage, read> ids: array<u32>;
// [V, D]
@group(0) @binding(3) var<storage, read> table: array<f32>;
// [T, D], written
@group(0) @binding(4) var<storage, read_write> x: array<f32>;

@compute @workgroup_size(64)
fn embedding(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
             @builtin(local_invocation_index) lane: u32) {
  let i = (group.y * groups.x + group.x) * 64u + lane;
  let token = i / shape.width;
  if (token >= extent.count) { return; }
  x[i] = table[ids[token] * shape.width + i % shape.width];
}
