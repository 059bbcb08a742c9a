// x[t] = embedding[ids[t]], from a table of halves: `embedding` for the copy of the weights that decoding reads.
//
// Consumer: the first operation of decoding where its weights are halves.
// Before it: `weights_float16.wgsl` (how weights are stored).
// Grid: (D / 8, tokens / 32) workgroups of 8 x 32, one invocation a value of x. Overwrites x.

struct Extent { count: u32, start: u32 }
struct Shape { width: u32 }

// Tokens, T = extent.count.
@group(0) @binding(0) var<uniform> extent: Extent;
// D = width.
@group(0) @binding(1) var<uniform> shape: Shape;
// [T] token ids, each smaller than the table's rows (the host checks)
@group(0) @binding(2) var<storage, read> ids: array<u32>;
// [V, D], as `weight` reads them
@group(0) @binding(3) var<storage, read> table: array<Weight>;
// [T, D], written
@group(0) @binding(4) var<storage, read_write> x: array<f32>;

@compute @workgroup_size(8, 32)
fn embedding_float16(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= shape.width || id.y >= extent.count) { return; }
  let at = ids[id.y] * shape.width + id.x;
  x[id.y * shape.width + id.x] = weight(table[word_of(at)], at);
}
