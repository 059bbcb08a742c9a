// The global gradient norm, what the gradient is to be scaled by, and whether it may be applied at all.
//
//   scale = min(1, max_norm / (norm + 1e-6))      (torch.nn.utils.clip_grad_norm_)
// Consumer: `adamw`, and the host. Grid: one workgroup of 64: each invocation adds up every 64th partial sum, the
// first one their sums. Overwrites `result`.

struct Size { count: u32, max_norm: f32 }

// Partial sums to add up.
@group(0) @binding(0) var<uniform> size: Size;
// [count] (sum of squares, values not finite)
@group(0) @binding(1) var<storage, read> partials: array<vec2<f32>>;
// (norm, scale, 1 where norm and values are finite, values not finite), written
@group(0) @binding(2) var<storage, read_write> result: vec4<f32>;

var<workgroup> sums: array<vec2<f32>, 64>;

@compute @workgroup_size(64)
fn clip_gradient(@builtin(local_invocation_index) lane: u32) {
  var own = vec2<f32>();
  for (var i = lane; i < size.count; i += 64u) { own += partials[i]; }
  sums[lane] = own;
  workgroupBarrier();
  if (lane > 0u) { return; }
  var all = vec2<f32>();
  for (var i = 0u; i < 64u; i++) { all += sums[i]; }
  let norm = sqrt(all.x);
  let finite = all.y == 0.0 && (bitcast<u32>(all.x) & 0x7f800000u) != 0x7f800000u;
  result = vec4<f32>(norm, min(1.0, size.max_norm / (norm + 1e-6)), select(0.0, 1.0, finite), all.y);
}
