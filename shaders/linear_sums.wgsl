// How the products of a linear layer add up: the one order of summation that all of their kernels share.
//
// A kernel that goes through its terms four at a time adds them by `add`: one after the other, each by fma(), which rounds
// once. Tiles, subgroups and workgroup memory only change who reads a value; the sums, and with them the bits, stay the
// same, so that which kernel is fastest can be a matter of measurement.
// No entry point: put before the `linear_*` kernels with 16-byte loads.

// Four rows of the product with four more terms each: row r gains m[r].x b[0], then m[r].y b[1], and so on.
fn add(a: mat4x4<f32>, b: mat4x4<f32>, m: mat4x4<f32>) -> mat4x4<f32> {
  return mat4x4<f32>(add_row(a[0], b, m[0]), add_row(a[1], b, m[1]), add_row(a[2], b, m[2]), add_row(a[3], b, m[3]));
}

fn add_row(a: vec4<f32>, b: mat4x4<f32>, v: vec4<f32>) -> vec4<f32> {
  return fma(vec4<f32>(v.w), b[3], fma(vec4<f32>(v.z), b[2], fma(vec4<f32>(v.y), b[1], fma(vec4<f32>(v.x), b[0], a))));
}
