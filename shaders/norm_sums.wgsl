// How the norm's kernels add up a row: eight chains, each over every eighth of the row's values, as a tree.
//
// The same sum whether one invocation has all chains or eight have one each; of a value's four floats, the halves first.
// No entry point: put before `rms_norm` and `rms_norm_backward`, which say what a `Value` is.

fn tree(a: Value, b: Value, c: Value, d: Value, e: Value, f: Value, g: Value, h: Value) -> f32 {
  let sum = vec4<f32>(((a + e) + (c + g)) + ((b + f) + (d + h)));
  return select((sum.x + sum.z) + (sum.y + sum.w), sum.x, VECTOR == 1u);
}
