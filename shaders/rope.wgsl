// Rotates queries and keys by their position, in place: RoPE (Su et al., arXiv 2104.09864) in Llama's layout,
// where column i of a head pairs with column i + P / 2.
//
// Consumer: after the query, key and value projection; with REVERSE, the backward pass (the transpose of a
// rotation turns the other way).
// Grid: one invocation a (token, head, pair) over the query and key heads, in rows of workgroups of 64.

const REVERSE: bool = false;

struct Extent { count: u32, start: u32 }
// P = head_dim; rotated = query heads + key heads; stride = columns of a row of qkv.
struct Shape { head_dim: u32, rotated: u32, stride: u32 }

// Tokens, T = extent.count.
@group(0) @binding(0) var<uniform> extent: Extent;
@group(0) @binding(1) var<uniform> shape: Shape;
// [T] position of each token in its row
@group(0) @binding(2) var<storage, read> positions: array<u32>;
// [positions, P / 2] (cosine, sine), made by the host in double precision
@group(0) @binding(3) var<storage, read> angles: array<vec2<f32>>;
// [T, stride]: queries, then keys, then values; rotated in place
@group(0) @binding(4) var<storage, read_write> qkv: array<f32>;

@compute @workgroup_size(64)
fn rope(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
        @builtin(local_invocation_index) lane: u32) {
  let i = (group.y * groups.x + group.x) * 64u + lane;
  let pairs = shape.head_dim / 2u;
  let token = i / (shape.rotated * pairs);
  if (token >= extent.count) { return; }
  let head = (i / pairs) % shape.rotated;
  let pair = i % pairs;
  let angle = angles[positions[token] * pairs + pair];
  let sine = select(angle.y, -angle.y, REVERSE);
  let at = token * shape.stride + head * shape.head_dim + pair;
  let a = qkv[at];
  let b = qkv[at + pairs];
  qkv[at] = a * angle.x - b * sine;
  qkv[at + pairs] = b * angle.x + a * sine;
}
