// How weights are stored where rollouts read them in half the bytes: halves (IEEE binary16), two to a word, as
// `pack_float16` makes them.
//
// They are widened as they are read, and what is done with them is single precision, so that a kernel behind this file gives
// the bits of the one behind `weights_float32` over weights that were rounded before. The type f16, which not every adapter
// has, is not used.
// No entry point: put before `embedding_float16`, and in place of `weights_float32` before the kernels that name it.

// A word of two weights, the earlier in the lower bits.
alias Weight = u32;
fn word_of(at: u32) -> u32 { return at / 2u; }
fn weight(word: Weight, at: u32) -> f32 { return unpack2x16float(word)[at % 2u]; }

// Four columns of a row.
alias Weights = vec2<u32>;
fn weights(stored: Weights) -> vec4<f32> { return vec4<f32>(unpack2x16float(stored.x), unpack2x16float(stored.y)); }
