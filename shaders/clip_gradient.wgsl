// The global gradient norm, what the gradient is to be scaled by, and whether it may be applied at all.
//
//   scale = min(1, max_norm / (norm + 1e-6))      (torch.nn.utils.clip_grad_norm_)
// Consumer: `adamw`, and the host. Grid: one invocation. Overwrites `result`.

struct Size { count: u32, max_norm: f32 }

// Partial sums to add up.
@group(0) @binding(0) var<uniform> size: Size;
// [count] (sum of squares, values not finite)
@group(0) @binding(1) var<storage, read> partials: array<vec2<f32>>;
// (norm, scale, 1 where norm and values are finite, values not finite), written
@group(0) @binding(2) var<storage, read_write> result: vec4<f32>;

@compute @workgroup_size(1)
fn clip_gradient() {
  var sum = 0.0;
  var broken = 0.0;
  for (var i = 0u; i < size.count; i++) {
    sum += partials[i].x;
    broken += partials[i].y;
  }
  let norm = sqrt(sum);
  let finite = broken == 0.0 && (bitcast<u32>(sum) & 0x7f800000u) != 0x7f800000u;
  result = vec4<f32>(norm, min(1.0, size.max_norm / (norm + 1e-6)), select(0.0, 1.0, finite), broken);
}
