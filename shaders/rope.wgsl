// Rotates queries and keys by their position, in place: RoPE (Su et al., arXiv 2104.09864) in Llama's layout,
// where column i of a head pairs with column i + P / 2.
//
// Consumer: after the query, key and value projection; with REVERSE, the backward pass (the transpose of a
// rotation turns the other way).
// Grid: (pairs of a token / 8, tokens / 32) workgroups of 8 x 32 over the query and key heads, one invocation a value
// of either half of a head.

const REVERSE: bool = false;
// P = head_dim.
const HEAD_DIM: u32 = 16u;
// Pairs that an invocation turns: 4 where P is a multiple of 8.
const VECTOR: u32 = 1u;
alias Value = f32;
// Values of half a head.
const HALF: u32 = HEAD_DIM / 2u / VECTOR;

struct Extent { count: u32, start: u32 }
// rotated = query heads + key heads; stride = columns of a row of qkv.
struct Shape { rotated: u32, stride: u32 }

// Tokens, T = extent.count.
@group(0) @binding(0) var<uniform> extent: Extent;
@group(0) @binding(1) var<uniform> shape: Shape;
// [T] position of each token in its row
@group(0) @binding(2) var<storage, read> positions: array<u32>;
// [positions, P]: P / 2 cosines, then P / 2 sines; made by the host in double precision
@group(0) @binding(3) var<storage, read> angles: array<Value>;
// [T, stride]: queries, then keys, then values; rotated in place
@group(0) @binding(4) var<storage, read_write> qkv: array<Value>;

@compute @workgroup_size(8, 32)
fn rope(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= shape.rotated * HALF || id.y >= extent.count) { return; }
  let head = id.x / HALF;
  let pair = id.x % HALF;
  let angle = positions[id.y] * 2u * HALF + pair;
  let cosine = angles[angle];
  var sine = angles[angle + HALF];
  if (REVERSE) { sine = -sine; }
  let at = id.y * (shape.stride / VECTOR) + head * 2u * HALF + pair;
  let a = qkv[at];
  let b = qkv[at + HALF];
  qkv[at] = a * cosine - b * sine;
  qkv[at + HALF] = b * cosine + a * sine;
}
