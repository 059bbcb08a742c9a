// total += sum over slices of partial: the second half of a reduction that was parted into slices.
//
// Consumer: gradients of weights and of norm weights; with one slice, an adapter's norm offsets.
// Grid: one invocation an element, in rows of workgroups of 64 (x fastest).

const SLICES: u32 = 16u;

struct Size { count: u32 }

// Elements of `total`.
@group(0) @binding(0) var<uniform> size: Size;
// [SLICES, count]
@group(0) @binding(1) var<storage, read> slices: array<f32>;
// [count], added to
@group(0) @binding(2) var<storage, read_write> total: array<f32>;

@compute @workgroup_size(64)
fn accumulate_slices(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
                     @builtin(local_invocation_index) lane: u32) {
  let i = (group.y * groups.x + group.x) * 64u + lane;
  if (i >= size.count) { return; }
  var sum = 0.0;
  for (var s = 0u; s < SLICES; s++) { sum += slices[s * size.count + i]; }
  total[i] += sum;
}
