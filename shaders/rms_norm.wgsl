// y = x / rms(x) * weight: RMSNorm (Zhang & Sennrich, arXiv 1910.07467), as in Llama.
//
// Consumer: before attention, before the MLP, and before the head. With GATHER, row r of y is the norm of row
// rows[extent.start + r] of x: the head is only computed for the tokens that are trained on.
// Grid: one invocation a row, in rows of workgroups of 64. Overwrites y and inverse.

const GATHER: bool = false;

struct Extent { count: u32, start: u32 }
struct Shape { width: u32, epsilon: f32 }

// Rows of y, M = extent.count; extent.start is the first entry of `rows` where GATHER.
@group(0) @binding(0) var<uniform> extent: Extent;
// D = width.
@group(0) @binding(1) var<uniform> shape: Shape;
// [A] rows of x to take, read where GATHER
@group(0) @binding(2) var<storage, read> rows: array<u32>;
// [T, D]
@group(0) @binding(3) var<storage, read> x: array<f32>;
// [D]
@group(0) @binding(4) var<storage, read> weight: array<f32>;
// [M, D], written
@group(0) @binding(5) var<storage, read_write> y: array<f32>;
// [M] 1 / rms(x), written: the backward pass needs it
@group(0) @binding(6) var<storage, read_write> inverse: array<f32>;

@compute @workgroup_size(64)
fn rms_norm(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
            @builtin(local_invocation_index) lane: u32) {
  let row = (group.y * groups.x + group.x) * 64u + lane;
  if (row >= extent.count) { return; }
  let width = shape.width;
  var source = row;
  if (GATHER) { source = rows[extent.start + row]; }
  let from_ = source * width;
  var squares = 0.0;
  for (var i = 0u; i < width; i++) {
    let value = x[from_ + i];
    squares += value * value;
  }
  let scale = inverseSqrt(squares / f32(width) + shape.epsilon);
  for (var i = 0u; i < width; i++) { y[row * width + i] = x[from_ + i] * scale * weight[i]; }
  inverse[row] = scale;
}
