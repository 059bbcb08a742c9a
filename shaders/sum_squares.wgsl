// Partial sums of squares of the gradient, and how many of its values are not finite.
//
// Consumer: `clip_gradient`. Grid: PARTIALS invocations in workgroups of 64; invocation i takes the values
// i, i + PARTIALS, ... so that neighbours read neighbours, and the order of additions never changes.
// Overwrites its entry of `partials`.

const PARTIALS: u32 = 1024u;
// Floats that make a value: 4 where their number is a multiple of 4, as an arena's is.
const VECTOR: u32 = 1u;
alias Value = f32;

struct Size { count: u32, first_partial: u32 }

// Floats of the gradient; place of this arena's sums among the partials.
@group(0) @binding(0) var<uniform> size: Size;
// [count]
@group(0) @binding(1) var<storage, read> gradient: array<Value>;
// [arenas * PARTIALS] (sum of squares, values not finite)
@group(0) @binding(2) var<storage, read_write> partials: array<vec2<f32>>;

// The sum over a value's floats; a single float stands in all four places.
fn total(v: vec4<f32>) -> f32 { return select((v.x + v.z) + (v.y + v.w), v.x, VECTOR == 1u); }

@compute @workgroup_size(64)
fn sum_squares(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= PARTIALS) { return; }
  var sum = vec4<f32>();
  var broken = vec4<f32>();
  for (var i = id.x; i < size.count / VECTOR; i += PARTIALS) {
    let g = vec4<f32>(gradient[i]);
    sum += g * g;
    // An exponent of all ones is infinity or NaN. Asked of the bits, since WGSL may assume there are none.
    let exponent = bitcast<vec4<u32>>(g) & vec4<u32>(0x7f800000u);
    broken += select(vec4<f32>(), vec4<f32>(1.0), exponent == vec4<u32>(0x7f800000u));
  }
  partials[size.first_partial + id.x] = vec2<f32>(total(sum), total(broken));
}
