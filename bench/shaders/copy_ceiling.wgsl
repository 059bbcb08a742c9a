// A plain copy: the memory traffic that the adapter can do. Used by the benchmark alone.
//
// Grid: rows of workgroups of 64, one vec4 an invocation.

// [count / 4]
@group(0) @binding(0) var<storage, read> source: array<vec4<f32>>;
// [count / 4], written
@group(0) @binding(1) var<storage, read_write> target_: array<vec4<f32>>;

@compute @workgroup_size(64)
fn copy_ceiling(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
                @builtin(local_invocation_index) lane: u32) {
  let i = (group.y * groups.x + group.x) * 64u + lane;
  if (i < arrayLength(&source)) { target_[i] = source[i]; }
}
