// Weights as halves (IEEE binary16), two to a word, made by `pack_float16`: half the bytes to read. They are widened as
// they are read, and what is done with them is single precision. Put before the kernels that read weights through
// `weight` or `weights`; `weights_float32` is the same for the weights themselves. Needs no feature of the adapter: its
// own type f16 is not used.

// A word of two weights, the earlier in the lower bits.
alias Weight = u32;
fn word_of(at: u32) -> u32 { return at / 2u; }
fn weight(word: Weight, at: u32) -> f32 { return unpack2x16float(word)[at % 2u]; }

// Four columns of a row.
alias Weights = vec2<u32>;
fn weights(stored: Weights) -> vec4<f32> { return vec4<f32>(unpack2x16float(stored.x), unpack2x16float(stored.y)); }
