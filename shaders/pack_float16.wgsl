// halves[i] = w[2i], w[2i + 1] as halves in a word, the first in the lower bits: the copy of a weight that decoding reads.
//
// Consumer: `model/float16.ts`, once after each change of the weights. By integers alone, so that every adapter makes the
// same bits: rounded to the nearest half, ties to even; what is beyond the largest, 65504, is that; what is not a number
// or infinite stays so, and is seen in the logits. Below 2^-14 halves are 2^-24 apart.
// Grid: one invocation a word, in rows of workgroups of 64. Overwrites halves.

struct Size { count: u32 }

// Weights.
@group(0) @binding(0) var<uniform> size: Size;
// [count] bits of the weights
@group(0) @binding(1) var<storage, read> w: array<u32>;
// [ceil(count / 2)], written
@group(0) @binding(2) var<storage, read_write> halves: array<u32>;

// Bits of single-precision numbers: infinity, 65504, 2^-14.
const INFINITE = 0x7f800000u;
const LARGEST = 0x477fe000u;
const SMALLEST_NORMAL = 0x38800000u;

fn half_of(bits: u32) -> u32 {
  let sign = (bits >> 16u) & 0x8000u;
  let magnitude = bits & 0x7fffffffu;
  if (magnitude > INFINITE) { return sign | 0x7e00u; }
  if (magnitude == INFINITE) { return sign | 0x7c00u; }
  let m = min(magnitude, LARGEST);
  if (m >= SMALLEST_NORMAL) {
    // Another bias of the exponent, 127 against 15, and 13 bits less; adding carries into the exponent as it should.
    let biased = m - (112u << 23u);
    return sign | ((biased + 0xfffu + ((biased >> 13u) & 1u)) >> 13u);
  }
  // In units of 2^-24. What is less than half of one is 0.
  let exponent = m >> 23u;
  if (exponent < 102u) { return sign; }
  let significand = (m & 0x7fffffu) | 0x800000u;
  let shift = 126u - exponent;
  let odd = (significand >> shift) & 1u;
  return sign | ((significand + (1u << (shift - 1u)) - 1u + odd) >> shift);
}

@compute @workgroup_size(64)
fn pack_float16(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
                @builtin(local_invocation_index) lane: u32) {
  let i = (group.y * groups.x + group.x) * 64u + lane;
  if (i >= (size.count + 1u) / 2u) { return; }
  let first = half_of(w[2u * i]);
  var second = 0u;
  if (2u * i + 1u < size.count) { second = half_of(w[2u * i + 1u]); }
  halves[i] = first | (second << 16u);
}
