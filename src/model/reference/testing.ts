/**
 * What the tests of the reference share: reproducible random arrays, central differences, and the relative error of
 * arrays. Not for use outside of tests.
 */

/** A small reproducible generator (mulberry32) of numbers in [0, 1). */
export function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Uniform numbers in [-scale, scale) around `centre`. */
export function randomArray(random: () => number, size: number, scale = 1, centre = 0): Float64Array {
  return new Float64Array(size).map(() => centre + scale * (2 * random() - 1));
}

/** d f / d x[i] for each i by central differences; x is changed while f runs and restored after. */
export function centralDifferences(f: () => number, x: Float64Array, step = 1e-5): Float64Array {
  return new Float64Array(x.length).map((_, i) => {
    const value = x[i];
    x[i] = value + step;
    const above = f();
    x[i] = value - step;
    const below = f();
    x[i] = value;
    return (above - below) / (2 * step);
  });
}

/** Norm of the difference over the norm of the truth; the plain norm when the truth is 0. */
export function relativeError(got: ArrayLike<number>, truth: ArrayLike<number>): number {
  if (got.length !== truth.length)
    throw new RangeError(`relativeError: expected ${truth.length} elements, got ${got.length}`);
  let [difference, norm] = [0, 0];
  for (let i = 0; i < truth.length; i++) {
    difference += (got[i] - truth[i]) ** 2;
    norm += truth[i] ** 2;
  }
  return Math.sqrt(difference) / (Math.sqrt(norm) || 1);
}

/** The largest absolute difference; throws for different lengths. */
export function largestError(got: ArrayLike<number>, truth: ArrayLike<number>): number {
  if (got.length !== truth.length)
    throw new RangeError(`largestError: expected ${truth.length} elements, got ${got.length}`);
  let largest = 0;
  for (let i = 0; i < truth.length; i++) {
    const difference = Math.abs(got[i] - truth[i]);
    if (!(difference <= largest)) largest = difference;
  }
  return largest;
}

/** Sum of products: a scalar whose gradient by `a` is `b`, to test a backward pass with the upstream gradient b. */
export const dot = (a: Float64Array, b: Float64Array) => a.reduce((sum, x, i) => sum + x * b[i], 0);
