// total += sum over slices of partial: the second half of a reduction that was parted into slices.
//
// Consumer: gradients of weights and of norm weights; with one slice, an adapter's norm offsets.
// Grid: one invocation a value, in rows of workgroups of 64 (x fastest).

const SLICES: u32 = 16u;
// Elements that an invocation takes: 4 where their number is a multiple of 4.
const VECTOR: u32 = 1u;
alias Value = f32;

struct Size { count: u32 }

// Elements of `total`.
@group(0) @binding(0) var<uniform> size: Size;
// [SLICES, count]
@group(0) @binding(1) var<storage, read> slices: array<Value>;
// [count], added to
@group(0) @binding(2) var<storage, read_write> total: array<Value>;

@compute @workgroup_size(64)
fn accumulate_slices(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
                     @builtin(local_invocation_index) lane: u32) {
  let i = (group.y * groups.x + group.x) * 64u + lane;
  let count = size.count / VECTOR;
  if (i >= count) { return; }
  var sum = Value();
  for (var s = 0u; s < SLICES; s++) { sum += slices[s * count + i]; }
  total[i] += sum;
}
