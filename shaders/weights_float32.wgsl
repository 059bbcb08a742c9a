// Weights as they are trained: single precision. Put before the kernels that read weights through `weight` or `weights`;
// `weights_float16` is the same for their copy in half the bytes.

// A word of one weight.
alias Weight = f32;
fn word_of(at: u32) -> u32 { return at; }
fn weight(word: Weight, at: u32) -> f32 { return word; }

// Four columns of a row.
alias Weights = vec4<f32>;
fn weights(stored: Weights) -> vec4<f32> { return stored; }
