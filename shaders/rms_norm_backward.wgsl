// dx += the gradient of RMSNorm's input.
//
// With g = dy * weight and r = 1 / rms(x):  dx = r g - x r^3 / D * sum(g x).
// Consumer: the backward pass at each norm. With SCATTER, row r of dy belongs to row rows[extent.start + r] of
// x and dx (the gathered rows of the head; no row occurs twice).
// Grid: one invocation a row, in rows of workgroups of 64. Adds to dx: the residual stream's gradient is in it.

const SCATTER: bool = false;

struct Extent { count: u32, start: u32 }
struct Shape { width: u32, epsilon: f32 }

// Rows of dy, M = extent.count; extent.start is the first entry of `rows` where SCATTER.
@group(0) @binding(0) var<uniform> extent: Extent;
// D = width.
@group(0) @binding(1) var<uniform> shape: Shape;
// [A] rows of x, read where SCATTER
@group(0) @binding(2) var<storage, read> rows: array<u32>;
// [T, D]
@group(0) @binding(3) var<storage, read> x: array<f32>;
// [D]
@group(0) @binding(4) var<storage, read> weight: array<f32>;
// [M] from the forward pass
@group(0) @binding(5) var<storage, read> inverse: array<f32>;
// [M, D]
@group(0) @binding(6) var<storage, read> dy: array<f32>;
// [T, D], added to
@group(0) @binding(7) var<storage, read_write> dx: array<f32>;

@compute @workgroup_size(64)
fn rms_norm_backward(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
                     @builtin(local_invocation_index) lane: u32) {
  let row = (group.y * groups.x + group.x) * 64u + lane;
  if (row >= extent.count) { return; }
  let width = shape.width;
  var source = row;
  if (SCATTER) { source = rows[extent.start + row]; }
  let at = source * width;
  let scale = inverse[row];
  var along = 0.0;
  for (var i = 0u; i < width; i++) { along += dy[row * width + i] * weight[i] * x[at + i]; }
  let pull = along * scale * scale * scale / f32(width);
  for (var i = 0u; i < width; i++) {
    dx[at + i] += dy[row * width + i] * weight[i] * scale - x[at + i] * pull;
  }
}
