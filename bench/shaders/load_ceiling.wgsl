// As many values read from a buffer as the adapter can read, each invocation four that lie together, neighbours a row
// apart, as a linear layer's weights are read; all of it stays in the cache. Used by the benchmark alone.
//
// Grid: any; workgroups of LANES invocations, 4 * 8 * ROUNDS values each.

const LANES: u32 = 8u;
const ROUNDS: u32 = 512u;
// Fours of values a row.
const ROW: u32 = 64u;

// [LANES * ROW]
@group(0) @binding(0) var<storage, read> source: array<vec4<f32>>;
// [invocations], written so that nothing can be left out
@group(0) @binding(1) var<storage, read_write> out: array<f32>;

@compute @workgroup_size(LANES)
fn load_ceiling(@builtin(global_invocation_id) id: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let start = lane * ROW;
  var a = vec4<f32>();
  for (var i = 0u; i < ROUNDS; i++) {
    let at = start + i * 8u % ROW;
    let low = (source[at] + source[at + 1u]) + (source[at + 2u] + source[at + 3u]);
    let high = (source[at + 4u] + source[at + 5u]) + (source[at + 6u] + source[at + 7u]);
    a += low + high;
  }
  out[id.x] = dot(a, vec4<f32>(1.0));
}
