// dtable[id] += sum of dx over the tokens with that id: the gradient of the embedding table.
//
// Consumer: the last operation of the backward pass. The host sorts the micro-batch's tokens by id, so that each
// table row is added up by one invocation a value, in token order: no atomics, the same sum every time.
// Grid: (values of a row / 8, distinct ids / 32) workgroups of 8 x 32, one invocation a value. Adds to dtable.

// Columns that an invocation takes: 4 where D is a multiple of 4.
const VECTOR: u32 = 1u;
alias Value = f32;

struct Extent { count: u32, start: u32 }
struct Shape { width: u32 }

// Distinct ids in the micro-batch, U = extent.count.
@group(0) @binding(0) var<uniform> extent: Extent;
// D = width.
@group(0) @binding(1) var<uniform> shape: Shape;
// [U] (id, first, end): tokens order[first .. end) have this id; w is unused
@group(0) @binding(2) var<storage, read> segments: array<vec4<u32>>;
// [T] token indices sorted by id
@group(0) @binding(3) var<storage, read> order: array<u32>;
// [T, D]
@group(0) @binding(4) var<storage, read> dx: array<Value>;
// [V, D], added to
@group(0) @binding(5) var<storage, read_write> dtable: array<Value>;

@compute @workgroup_size(8, 32)
fn embedding_backward(@builtin(global_invocation_id) id: vec3<u32>) {
  let columns = shape.width / VECTOR;
  if (id.x >= columns || id.y >= extent.count) { return; }
  let range = segments[id.y];
  var sum = Value();
  for (var t = range.y; t < range.z; t++) { sum += dx[order[t] * columns + id.x]; }
  dtable[range.x * columns + id.x] += sum;
}
