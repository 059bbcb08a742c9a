/**
 * Halves (IEEE 754 binary16) in plain float64: the nearest to a number, and the number that 16 bits stand for. The truth
 * for `shaders/pack_float16.wgsl` and for what reads its words. Used by tests.
 */

const LARGEST = 65504;

/** The half next to `x`, ties to the even one, as a number. What is beyond the largest is the largest. */
export function nearestHalf(x: number): number {
  if (!Number.isFinite(x) || x === 0) return x;
  // 2^-24 apart below 2^-14, else 2^-10 of the power of 2 below.
  const exponent = Math.max(Math.floor(Math.log2(Math.abs(x))), -14);
  const unit = 2 ** (exponent - 10);
  const units = Math.abs(x) / unit;
  const floor = Math.floor(units);
  const rest = units - floor;
  const rounded = rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
  return Math.sign(x) * Math.min(rounded * unit, LARGEST);
}

/** The number that the bits of a half stand for. */
export function halfValue(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
}

/** Numbers as halves, two to a word, the first in the lower bits. Only of what is a half already. */
export function packHalves(values: ArrayLike<number>): Uint32Array<ArrayBuffer> {
  const words = new Uint32Array(Math.ceil(values.length / 2));
  for (let i = 0; i < values.length; i++) words[i >> 1] |= halfBits(values[i]) << (16 * (i & 1));
  return words;
}

function halfBits(value: number): number {
  const sign = Object.is(value, -0) || value < 0 ? 0x8000 : 0;
  const magnitude = Math.abs(value);
  if (magnitude < 2 ** -14) return sign | (magnitude * 2 ** 24);
  const exponent = Math.floor(Math.log2(magnitude));
  return sign | ((exponent + 15) << 10) | (magnitude * 2 ** (10 - exponent) - 1024);
}
