// dtable[id] += sum of dx over the tokens with that id: the gradient of the embedding table.
//
// Consumer: the last operation of the backward pass. The host sorts the micro-batch's tokens by id, so that each
// table row is added up by one invocation a column, in token order: no atomics, the same sum every time.
// Grid: one invocation a (distinct id, column), in rows of workgroups of 64. Adds to dtable.

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
@group(0) @binding(4) var<storage, read> dx: array<f32>;
// [V, D], added to
@group(0) @binding(5) var<storage, read_write> dtable: array<f32>;

@compute @workgroup_size(64)
fn embedding_backward(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
                      @builtin(local_invocation_index) lane: u32) {
  let i = (group.y * groups.x + group.x) * 64u + lane;
  let segment = i / shape.width;
  if (segment >= extent.count) { return; }
  let column = i % shape.width;
  let range = segments[segment];
  var sum = 0.0;
  for (var t = range.y; t < range.z; t++) { sum += dx[order[t] * shape.width + column]; }
  dtable[range.x * shape.width + column] += sum;
}
