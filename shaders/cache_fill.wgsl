// Copies the prompts' keys and values into the rows' caches: each row of a group gets its prompt's.
//
// Consumer: prefill, once a layer, after the packed forward pass over the distinct prompts.
// Grid: one invocation a (row, position, column), in rows of workgroups of 64. Writes positions 0 .. length - 1.

struct Extent { count: u32, start: u32 }
// columns = 2 K P; skip = H P, the query columns of qkv; S = cache_length; longest = longest prompt.
struct Shape { columns: u32, skip: u32, cache_length: u32, longest: u32 }

// Rows to fill, extent.count.
@group(0) @binding(0) var<uniform> extent: Extent;
@group(0) @binding(1) var<uniform> shape: Shape;
// [rows] (first packed token of the row's prompt, its length); length 0: another pass fills this row
@group(0) @binding(2) var<storage, read> prompts: array<vec2<u32>>;
// [T, skip + columns] after rotation
@group(0) @binding(3) var<storage, read> qkv: array<f32>;
// [rows, S, columns]
@group(0) @binding(4) var<storage, read_write> cache: array<f32>;

@compute @workgroup_size(64)
fn cache_fill(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
              @builtin(local_invocation_index) lane: u32) {
  let i = (group.y * groups.x + group.x) * 64u + lane;
  let row = i / (shape.columns * shape.longest);
  if (row >= extent.count) { return; }
  let position = (i / shape.columns) % shape.longest;
  if (position >= prompts[row].y) { return; }
  let column = i % shape.columns;
  cache[(row * shape.cache_length + position) * shape.columns + column] =
    qkv[(prompts[row].x + position) * (shape.skip + shape.columns) + shape.skip + column];
}
