// As many multiply-adds as the adapter can do, touching memory only at the end.
//
// Each invocation keeps 8 accumulators of 4 lanes in registers: 32 independent chains, so that neither latency nor
// loads hold it back. What a matrix product could reach at best. Used by the benchmark alone.
// Grid: any; 64 invocations a workgroup, 2 * 32 * ROUNDS operations each.

const ROUNDS: u32 = 1024u;

// [invocations], written so that nothing can be left out
@group(0) @binding(0) var<storage, read_write> out: array<f32>;

@compute @workgroup_size(64)
fn fma_ceiling(@builtin(global_invocation_id) id: vec3<u32>) {
  let seed = f32(id.x) * 1e-6;
  let factor = vec4<f32>(0.999 + seed, 0.998, 0.997 - seed, 0.996);
  let addend = vec4<f32>(1e-3, seed, 2e-3, 3e-3);
  var a0 = vec4<f32>(seed);
  var a1 = a0 + 1.0;
  var a2 = a0 + 2.0;
  var a3 = a0 + 3.0;
  var a4 = a0 + 4.0;
  var a5 = a0 + 5.0;
  var a6 = a0 + 6.0;
  var a7 = a0 + 7.0;
  for (var i = 0u; i < ROUNDS; i++) {
    a0 = fma(a0, factor, addend);
    a1 = fma(a1, factor, addend);
    a2 = fma(a2, factor, addend);
    a3 = fma(a3, factor, addend);
    a4 = fma(a4, factor, addend);
    a5 = fma(a5, factor, addend);
    a6 = fma(a6, factor, addend);
    a7 = fma(a7, factor, addend);
  }
  let sum = a0 + a1 + a2 + a3 + a4 + a5 + a6 + a7;
  out[id.x] = sum.x + sum.y + sum.z + sum.w;
}
