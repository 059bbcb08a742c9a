// What attention in a subgroup has in common, forward and back: its first bindings, and 16 keys read for all.
//
// Every invocation, which has a token of its own, needs the keys of the same 16 tokens, four columns at a time. So each
// reads those of one of the 16 (of two in a subgroup of eight, of four in one of four) and hands them to all others by
// broadcast: a value is read once for as many tokens as the subgroup has invocations. Values and queries go the same way.
// No entry point: put before `attention_subgroup`, `attention_backward_query_subgroup` and
// `attention_backward_key_value_subgroup`, whose other bindings follow.
enable subgroups;

// Invocations of a subgroup on this adapter.
const LANES: u32 = 8u;
// Which invocation has read the first of the second, third and fourth four tokens.
const SECOND: u32 = select(0u, 4u, LANES >= 8u);
const THIRD: u32 = select(0u, 8u, LANES >= 16u);
const FOURTH: u32 = THIRD + SECOND;

struct Extent { count: u32, start: u32 }
// H query heads, K key/value heads (K divides H); scale is 1 / sqrt(P); columns is P / 4, P being
// the columns of a head: as a number that compilers do not know, so that they do not unroll.
struct Shape { heads: u32, kv_heads: u32, scale: f32, columns: u32 }

// Tokens, T = extent.count.
@group(0) @binding(0) var<uniform> extent: Extent;
@group(0) @binding(1) var<uniform> shape: Shape;
// [T] (first, end): the tokens of the row that this token is in
@group(0) @binding(2) var<storage, read> spans: array<vec2<u32>>;
// [T, (H + 2 K) P / 4]: queries, keys, values
@group(0) @binding(3) var<storage, read> qkv: array<vec4<f32>>;

// Four columns of 16 tokens' keys, values or queries; a matrix has a token in each of its columns.
struct Sixteen { a: mat4x4<f32>, b: mat4x4<f32>, c: mat4x4<f32>, d: mat4x4<f32> }

// a .. d: what this invocation has read of each four; where another has read it already it is not looked at.
fn shared_out(a: vec4<f32>, b: vec4<f32>, c: vec4<f32>, d: vec4<f32>) -> Sixteen {
  return Sixteen(
    mat4x4<f32>(subgroupBroadcast(a, 0u), subgroupBroadcast(a, 1u), subgroupBroadcast(a, 2u), subgroupBroadcast(a, 3u)),
    mat4x4<f32>(subgroupBroadcast(b, SECOND), subgroupBroadcast(b, SECOND + 1u), subgroupBroadcast(b, SECOND + 2u),
                subgroupBroadcast(b, SECOND + 3u)),
    mat4x4<f32>(subgroupBroadcast(c, THIRD), subgroupBroadcast(c, THIRD + 1u), subgroupBroadcast(c, THIRD + 2u),
                subgroupBroadcast(c, THIRD + 3u)),
    mat4x4<f32>(subgroupBroadcast(d, FOURTH), subgroupBroadcast(d, FOURTH + 1u), subgroupBroadcast(d, FOURTH + 2u),
                subgroupBroadcast(d, FOURTH + 3u)));
}

// 16 of qkv. `at`: where this invocation reads its token of each four; those that another has read already are not read
// again.
fn sixteen(at: vec4<u32>) -> Sixteen {
  let a = qkv[at.x];
  var b = a;
  var c = a;
  if (LANES < 8u) { b = qkv[at.y]; }
  if (LANES < 16u) { c = qkv[at.z]; }
  var d = c;
  if (LANES < 8u) { d = qkv[at.w]; }
  return shared_out(a, b, c, d);
}
