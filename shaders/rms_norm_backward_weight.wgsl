// slices[s] = sum over the slice's rows of dy * x / rms(x): the gradient of RMSNorm's weight, in slices.
//
// Consumer: the backward pass at each norm; `accumulate_slices` adds the slices to the gradient in order.
// With GATHER, row r of dy belongs to row rows[extent.start + r] of x.
// Grid: one invocation a (slice, column), in rows of workgroups of 64. Overwrites slices.

const GATHER: bool = false;
const SLICES: u32 = 16u;

struct Extent { count: u32, start: u32 }
struct Shape { width: u32, epsilon: f32 }

// Rows of dy, M = extent.count; extent.start is the first entry of `rows` where GATHER.
@group(0) @binding(0) var<uniform> extent: Extent;
// D = width.
@group(0) @binding(1) var<uniform> shape: Shape;
// [A] rows of x, read where GATHER
@group(0) @binding(2) var<storage, read> rows: array<u32>;
// [T, D]
@group(0) @binding(3) var<storage, read> x: array<f32>;
// [M]
@group(0) @binding(4) var<storage, read> inverse: array<f32>;
// [M, D]
@group(0) @binding(5) var<storage, read> dy: array<f32>;
// [SLICES, D], written
@group(0) @binding(6) var<storage, read_write> slices: array<f32>;

@compute @workgroup_size(64)
fn rms_norm_backward_weight(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
                            @builtin(local_invocation_index) lane: u32) {
  let i = (group.y * groups.x + group.x) * 64u + lane;
  let width = shape.width;
  if (i >= SLICES * width) { return; }
  let slice = i / width;
  let column = i % width;
  let per_slice = (extent.count + SLICES - 1u) / SLICES;
  let first = min(slice * per_slice, extent.count);
  let last = min(first + per_slice, extent.count);
  var sum = 0.0;
  for (var row = first; row < last; row++) {
    var source = row;
    if (GATHER) { source = rows[extent.start + row]; }
    sum += dy[row * width + column] * x[source * width + column] * inverse[row];
  }
  slices[i] = sum;
}
