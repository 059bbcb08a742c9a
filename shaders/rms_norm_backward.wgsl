// dx += the gradient of RMSNorm's input, and y, the norm's output, once more.
//
// With g = dy * weight and r = 1 / rms(x):  dx = r g - x r^3 / D * sum(g x).
// Consumer: the backward pass at each norm. The forward pass does not keep y of every layer; the gradient of the
// projection's weight takes it from here, the same bits as there. With SCATTER, row r of dy belongs to row
// rows[extent.start + r] of x and dx (the gathered rows of the head; no row occurs twice).
// The sum is made in eight chains, as in `rms_norm`.
// Before it: `norm_sums.wgsl` (`tree`: how the chains add up).
// Grid: SHARE invocations a row, in workgroups of 64. Adds to dx, as the residual stream's gradient is in it.
// Overwrites y, where RECOMPUTE.

const SCATTER: bool = false;
const RECOMPUTE: bool = false;
// Invocations that share a row: 1, or 8.
const SHARE: u32 = 1u;
// Rows of a workgroup.
const ROWS: u32 = 64u / SHARE;
// Columns that make a value: 4 where D is a multiple of 4.
const VECTOR: u32 = 1u;
alias Value = f32;

struct Extent { count: u32, start: u32 }
struct Shape { width: u32, epsilon: f32 }

// Rows of dy, M = extent.count; extent.start is the first entry of `rows` where SCATTER.
@group(0) @binding(0) var<uniform> extent: Extent;
// D = width.
@group(0) @binding(1) var<uniform> shape: Shape;
// [A] rows of x, read where SCATTER
@group(0) @binding(2) var<storage, read> rows: array<u32>;
// [T, D]
@group(0) @binding(3) var<storage, read> x: array<Value>;
// [D]
@group(0) @binding(4) var<storage, read> weight: array<Value>;
// [M] from the forward pass
@group(0) @binding(5) var<storage, read> inverse: array<f32>;
// [M, D]
@group(0) @binding(6) var<storage, read> dy: array<Value>;
// [T, D], added to
@group(0) @binding(7) var<storage, read_write> dx: array<Value>;
// [M, D], written where RECOMPUTE
@group(0) @binding(8) var<storage, read_write> y: array<Value>;

var<workgroup> shared_chains: array<Value, 64>;

// dy weight x over every eighth value of a row, from its value `first` on.
fn chain(row: u32, at: u32, first: u32) -> Value {
  var sum = Value();
  for (var i = first; i < shape.width / VECTOR; i += 8u) { sum += dy[row + i] * weight[i] * x[at + i]; }
  return sum;
}

@compute @workgroup_size(SHARE, ROWS)
fn rms_norm_backward(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
                     @builtin(local_invocation_id) local: vec3<u32>) {
  let first = (group.y * groups.x + group.x) * ROWS;
  let own = first + local.y;
  if (first >= extent.count) { return; }
  // An invocation past the last row sums with the others: a barrier needs every one of them.
  let r = min(own, extent.count - 1u);
  let columns = shape.width / VECTOR;
  var source = r;
  if (SCATTER) { source = rows[extent.start + r]; }
  let at = source * columns;
  let row = r * columns;
  var along: f32;
  if (SHARE == 1u) {
    along = tree(chain(row, at, 0u), chain(row, at, 1u), chain(row, at, 2u), chain(row, at, 3u),
                 chain(row, at, 4u), chain(row, at, 5u), chain(row, at, 6u), chain(row, at, 7u));
  } else {
    let c = local.y * SHARE;
    shared_chains[c + local.x] = chain(row, at, local.x);
    workgroupBarrier();
    along = tree(shared_chains[c], shared_chains[c + 1u], shared_chains[c + 2u], shared_chains[c + 3u],
                 shared_chains[c + 4u], shared_chains[c + 5u], shared_chains[c + 6u], shared_chains[c + 7u]);
  }
  if (own >= extent.count) { return; }
  let scale = inverse[r];
  let pull = along * scale * scale * scale / f32(shape.width);
  for (var i = local.x; i < columns; i += SHARE) {
    let value = x[at + i];
    dx[at + i] += dy[row + i] * weight[i] * scale - value * pull;
    // As `rms_norm` writes it.
    if (RECOMPUTE) { y[row + i] = value * scale * weight[i]; }
  }
}
