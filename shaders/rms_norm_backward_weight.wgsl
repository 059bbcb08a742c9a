// slices[s] = sum over the slice's rows of dy * x / rms(x): the gradient of RMSNorm's weight, in slices.
//
// Consumer: the backward pass at each norm; `accumulate_slices` adds the slices to the gradient in order.
// With GATHER, row r of dy belongs to row rows[extent.start + r] of x.
// Grid: (values of a row / 8, SLICES / 8) workgroups of 8 x 8, one invocation a value of a slice. Overwrites slices.

const GATHER: bool = false;
const SLICES: u32 = 16u;
// Columns that an invocation takes: 4 where D is a multiple of 4.
const VECTOR: u32 = 1u;
alias Value = f32;

struct Extent { count: u32, start: u32 }
struct Shape { width: u32, epsilon: f32 }

// Rows of dy, M = extent.count; extent.start is the first entry of `rows` where GATHER.
@group(0) @binding(0) var<uniform> extent: Extent;
// D = width.
@group(0) @binding(1) var<uniform> shape: Shape;
// [A] rows of x, read where GATHER
@group(0) @binding(2) var<storage, read> rows: array<u32>;
// [T, D]
@group(0) @binding(3) var<storage, read> x: array<Value>;
// [M]
@group(0) @binding(4) var<storage, read> inverse: array<f32>;
// [M, D]
@group(0) @binding(5) var<storage, read> dy: array<Value>;
// [SLICES, D], written
@group(0) @binding(6) var<storage, read_write> slices: array<Value>;

@compute @workgroup_size(8, 8)
fn rms_norm_backward_weight(@builtin(global_invocation_id) id: vec3<u32>) {
  let columns = shape.width / VECTOR;
  if (id.x >= columns || id.y >= SLICES) { return; }
  let per_slice = (extent.count + SLICES - 1u) / SLICES;
  let first = min(id.y * per_slice, extent.count);
  let last = min(first + per_slice, extent.count);
  var sum = Value();
  for (var row = first; row < last; row++) {
    var source = row;
    if (GATHER) { source = rows[extent.start + row]; }
    sum += dy[row * columns + id.x] * x[source * columns + id.x] * inverse[row];
  }
  slices[id.y * columns + id.x] = sum;
}
