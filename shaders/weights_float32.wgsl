// How weights are stored where a forward product reads them: as they are trained, in single precision.
//
// A kernel calls `weight` or `weights` on what it has read. Behind `weights_float16` instead, the same kernel is one over
// weights in half the bytes, `NAME_float16`.
// No entry point: put before the `linear_forward` kernels and `linear_pair_tile`.

// A word of one weight.
alias Weight = f32;
fn word_of(at: u32) -> u32 { return at; }
fn weight(word: Weight, at: u32) -> f32 { return word; }

// Four columns of a row.
alias Weights = vec4<f32>;
fn weights(stored: Weights) -> vec4<f32> { return stored; }
