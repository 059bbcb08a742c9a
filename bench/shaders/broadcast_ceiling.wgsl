// As many values handed from one invocation to all of its subgroup as the adapter can hand on. Used by the benchmark
// alone.
//
// Grid: any; workgroups of LANES invocations, each given 4 * 8 * ROUNDS values.
enable subgroups;

const LANES: u32 = 8u;
const ROUNDS: u32 = 512u;

// [invocations], written so that nothing can be left out
@group(0) @binding(0) var<storage, read_write> out: array<f32>;

fn four(v: vec4<f32>) -> vec4<f32> {
  return (subgroupBroadcast(v, 0u) + subgroupBroadcast(v, 1u)) + (subgroupBroadcast(v, 2u) + subgroupBroadcast(v, 3u));
}

@compute @workgroup_size(LANES)
fn broadcast_ceiling(@builtin(global_invocation_id) id: vec3<u32>) {
  var a = vec4<f32>(f32(id.x) * 1e-6) + vec4<f32>(0.0, 1.0, 2.0, 3.0);
  var b = a + 4.0;
  for (var i = 0u; i < ROUNDS; i++) {
    a = 0.249 * four(a);
    b = 0.249 * four(b);
  }
  out[id.x] = dot(a + b, vec4<f32>(1.0));
}
