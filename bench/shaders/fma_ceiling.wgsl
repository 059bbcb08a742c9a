// As many multiply-adds as the adapter can do, touching memory only at the end: what a matrix product could reach at
// best. Used by the benchmark alone.
//
// Each invocation keeps 12 accumulators in registers, enough to hide latency and few enough to stay out of memory where
// invocations are the lanes of a processor's vectors. Eight steps go by between two turns of the loop: there, where a
// loop's variables are merged under a mask turn by turn, one step a turn reaches no more than a quarter to a half.
// Grid: any; 64 invocations a workgroup, 2 * 12 * 8 * ROUNDS operations each.

const ROUNDS: u32 = 512u;

// [invocations], written so that nothing can be left out
@group(0) @binding(0) var<storage, read_write> out: array<f32>;

fn eight(start: vec4<f32>, factor: vec4<f32>, addend: vec4<f32>) -> vec4<f32> {
  var a = fma(start, factor, addend);
  a = fma(a, factor, addend);
  a = fma(a, factor, addend);
  a = fma(a, factor, addend);
  a = fma(a, factor, addend);
  a = fma(a, factor, addend);
  a = fma(a, factor, addend);
  return fma(a, factor, addend);
}

@compute @workgroup_size(64)
fn fma_ceiling(@builtin(global_invocation_id) id: vec3<u32>) {
  let seed = f32(id.x) * 1e-6;
  let factor = vec4<f32>(0.999 + seed);
  let addend = vec4<f32>(1e-3 + seed);
  var a0 = seed + vec4<f32>(0.0, 1.0, 2.0, 3.0);
  var a1 = a0 + 4.0;
  var a2 = a0 + 8.0;
  for (var i = 0u; i < ROUNDS; i++) {
    a0 = eight(a0, factor, addend);
    a1 = eight(a1, factor, addend);
    a2 = eight(a2, factor, addend);
  }
  out[id.x] = dot(a0 + a1 + a2, vec4<f32>(1.0));
}
