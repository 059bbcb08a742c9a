// How attention adds up: columns of a score, and keys by their weights, one after the other by fma().
//
// That order is part of attention's definition (see `attention`), so that kernels that share reading out differently give
// the same bits.
// No entry point: put before the attention kernels with 16-byte loads that attend in tiles or subgroups.

// sum + a . b, column after column.
fn product(sum: f32, a: vec4<f32>, b: vec4<f32>) -> f32 {
  return fma(a.w, b.w, fma(a.z, b.z, fma(a.y, b.y, fma(a.x, b.x, sum))));
}

// sum + the product of x with each of four keys, column after column; a matrix has a key in each of its columns.
fn products(sum: vec4<f32>, x: vec4<f32>, keys: mat4x4<f32>) -> vec4<f32> {
  let k = transpose(keys);
  return fma(vec4<f32>(x.w), k[3], fma(vec4<f32>(x.z), k[2], fma(vec4<f32>(x.y), k[1], fma(vec4<f32>(x.x), k[0], sum))));
}

// sum + four values by their weights, value after value.
fn weighed(sum: vec4<f32>, weight: vec4<f32>, values: mat4x4<f32>) -> vec4<f32> {
  return fma(vec4<f32>(weight.w), values[3], fma(vec4<f32>(weight.z), values[2],
         fma(vec4<f32>(weight.y), values[1], fma(vec4<f32>(weight.x), values[0], sum))));
}
