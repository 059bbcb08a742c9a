// x[t] = embedding[ids[t]]: looks up the rows of the embedding table.
//
// Consumer: the first operation of the policy, in training and decoding.
// Grid: (values of a row / 8, tokens / 32) workgroups of 8 x 32, one invocation a value of x. Overwrites x.

// Columns that an invocation takes: 4 where D is a multiple of 4.
const VECTOR: u32 = 1u;
alias Value = f32;

struct Extent { count: u32, start: u32 }
struct Shape { width: u32 }

// Tokens, T = extent.count.
@group(0) @binding(0) var<uniform> extent: Extent;
// D = width.
@group(0) @binding(1) var<uniform> shape: Shape;
// [T] token ids, each smaller than the table's rows (the host checks)
@group(0) @binding(2) var<storage, read> ids: array<u32>;
// [V, D]
@group(0) @binding(3) var<storage, read> table: array<Value>;
// [T, D], written
@group(0) @binding(4) var<storage, read_write> x: array<Value>;

@compute @workgroup_size(8, 32)
fn embedding(@builtin(global_invocation_id) id: vec3<u32>) {
  let columns = shape.width / VECTOR;
  if (id.x >= columns || id.y >= extent.count) { return; }
  x[id.y * columns + id.x] = table[ids[id.y] * columns + id.x];
}
