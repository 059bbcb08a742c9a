// y = x / rms(x) * weight: RMSNorm (Zhang & Sennrich, arXiv 1910.07467), as in Llama.
//
// Consumer: before attention, before the MLP, and before the head. With GATHER, row r of y is the norm of row
// rows[extent.start + r] of x: the head is only computed for the tokens that are trained on.
// The squares of a row are added up in eight chains, each over every eighth value, and the chains as a tree. So the
// sum is the same whether one invocation goes through all chains or eight invocations take one each.
// Before it: `norm_sums.wgsl` (`tree`: how the chains add up).
// Grid: SHARE invocations a row, in workgroups of 64. Overwrites y and inverse.

const GATHER: bool = false;
// Invocations that share a row: 1, or 8.
const SHARE: u32 = 1u;
// Rows of a workgroup.
const ROWS: u32 = 64u / SHARE;
// Columns that make a value: 4 where D is a multiple of 4.
const VECTOR: u32 = 1u;
alias Value = f32;

struct Extent { count: u32, start: u32 }
struct Shape { width: u32, epsilon: f32 }

// Rows of y, M = extent.count; extent.start is the first entry of `rows` where GATHER.
@group(0) @binding(0) var<uniform> extent: Extent;
// D = width.
@group(0) @binding(1) var<uniform> shape: Shape;
// [A] rows of x to take, read where GATHER
@group(0) @binding(2) var<storage, read> rows: array<u32>;
// [T, D]
@group(0) @binding(3) var<storage, read> x: array<Value>;
// [D]
@group(0) @binding(4) var<storage, read> weight: array<Value>;
// [M, D], written
@group(0) @binding(5) var<storage, read_write> y: array<Value>;
// [M] 1 / rms(x), written: the backward pass needs it
@group(0) @binding(6) var<storage, read_write> inverse: array<f32>;

var<workgroup> shared_chains: array<Value, 64>;

// The squares of every eighth value of the row at `from_`, from its value `first` on.
fn chain(from_: u32, first: u32) -> Value {
  var sum = Value();
  for (var i = first; i < shape.width / VECTOR; i += 8u) {
    let value = x[from_ + i];
    sum += value * value;
  }
  return sum;
}

@compute @workgroup_size(SHARE, ROWS)
fn rms_norm(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
            @builtin(local_invocation_id) local: vec3<u32>) {
  let first = (group.y * groups.x + group.x) * ROWS;
  let own = first + local.y;
  if (first >= extent.count) { return; }
  // An invocation past the last row sums with the others: a barrier needs every one of them.
  let row = min(own, extent.count - 1u);
  let columns = shape.width / VECTOR;
  var source = row;
  if (GATHER) { source = rows[extent.start + row]; }
  let from_ = source * columns;
  var squares: f32;
  if (SHARE == 1u) {
    squares = tree(chain(from_, 0u), chain(from_, 1u), chain(from_, 2u), chain(from_, 3u),
                   chain(from_, 4u), chain(from_, 5u), chain(from_, 6u), chain(from_, 7u));
  } else {
    let c = local.y * SHARE;
    shared_chains[c + local.x] = chain(from_, local.x);
    workgroupBarrier();
    squares = tree(shared_chains[c], shared_chains[c + 1u], shared_chains[c + 2u], shared_chains[c + 3u],
                   shared_chains[c + 4u], shared_chains[c + 5u], shared_chains[c + 6u], shared_chains[c + 7u]);
  }
  if (own >= extent.count) { return; }
  let scale = inverseSqrt(squares / f32(shape.width) + shape.epsilon);
  for (var i = local.x; i < columns; i += SHARE) { y[row * columns + i] = x[from_ + i] * scale * weight[i]; }
  if (local.x == 0u) { inverse[row] = scale; }
}
