// Partial sums of squares of the gradient, and how many of its values are not finite.
//
// Consumer: `clip_gradient`. Grid: PARTIALS invocations in workgroups of 64; invocation i takes the values
// i, i + PARTIALS, ... so that neighbours read neighbours, and the order of additions never changes.
// Overwrites its entry of `partials`.

const PARTIALS: u32 = 1024u;

struct Size { count: u32, first_partial: u32 }

// Values of the gradient; place of this arena's sums among the partials.
@group(0) @binding(0) var<uniform> size: Size;
// [count]
@group(0) @binding(1) var<storage, read> gradient: array<f32>;
// [arenas * PARTIALS] (sum of squares, values not finite)
@group(0) @binding(2) var<storage, read_write> partials: array<vec2<f32>>;

@compute @workgroup_size(64)
fn sum_squares(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= PARTIALS) { return; }
  var sum = 0.0;
  var broken = 0.0;
  for (var i = id.x; i < size.count; i += PARTIALS) {
    let g = gradient[i];
    sum += g * g;
    // An exponent of all ones is infinity or NaN. Asked of the bits, since WGSL may assume there are none.
    if ((bitcast<u32>(g) & 0x7f800000u) == 0x7f800000u) { broken += 1.0; }
  }
  partials[size.first_partial + id.x] = vec2<f32>(sum, broken);
}
