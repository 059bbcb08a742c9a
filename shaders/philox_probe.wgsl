// Philox alone, as the sampler computes it: for the test that holds it to the generator of src/run/random.ts.
// Before it: `philox.wgsl`.
// Grid: one invocation a draw.

const DRAWS: u32 = 1u;

// [2 DRAWS] of each draw the counter, then the key (two words of it)
@group(0) @binding(0) var<storage, read> draws: array<vec4<u32>>;
// [DRAWS], written
@group(0) @binding(1) var<storage, read_write> out: array<vec4<u32>>;

@compute @workgroup_size(64)
fn philox_probe(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x < DRAWS) { out[id.x] = philox(draws[2u * id.x], draws[2u * id.x + 1u].xy); }
}
