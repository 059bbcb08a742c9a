// As many multiply-adds as the adapter can do, touching memory only at the end: what a matrix product could reach at
// best. Used by the benchmark alone.
//
// Each invocation keeps 8 accumulators in registers. More hide latency no better and, where invocations are the lanes
// of a processor's vectors, spill out of its 16 registers; measured there: 8 to 12 scalars are fastest, and products
// with sums are as fast as `fma`.
// Grid: any; 64 invocations a workgroup, 2 * 8 * ROUNDS operations each.

const ROUNDS: u32 = 4096u;

// [invocations], written so that nothing can be left out
@group(0) @binding(0) var<storage, read_write> out: array<f32>;

@compute @workgroup_size(64)
fn fma_ceiling(@builtin(global_invocation_id) id: vec3<u32>) {
  let seed = f32(id.x) * 1e-6;
  let factor = 0.999 + seed;
  let addend = 1e-3 + seed;
  var a0 = seed;
  var a1 = seed + 1.0;
  var a2 = seed + 2.0;
  var a3 = seed + 3.0;
  var a4 = seed + 4.0;
  var a5 = seed + 5.0;
  var a6 = seed + 6.0;
  var a7 = seed + 7.0;
  for (var i = 0u; i < ROUNDS; i++) {
    a0 = a0 * factor + addend;
    a1 = a1 * factor + addend;
    a2 = a2 * factor + addend;
    a3 = a3 * factor + addend;
    a4 = a4 * factor + addend;
    a5 = a5 * factor + addend;
    a6 = a6 * factor + addend;
    a7 = a7 * factor + addend;
  }
  out[id.x] = a0 + a1 + a2 + a3 + a4 + a5 + a6 + a7;
}
