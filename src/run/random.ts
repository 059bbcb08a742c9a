/**
 * Counter-based random numbers: Philox 4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3",
 * SC 2011), the same function as `shaders/philox.wgsl`. A draw is a pure function of its key and counter, so
 * pausing, resuming, or another batch layout never changes what anything draws.
 *
 * Used by the tasks (problems, traces) and the trainer (keys of rollouts). No state outside `Stream`.
 */

const M0 = 0xd2511f53;
const M1 = 0xcd9e8d57;
const W0 = 0x9e3779b9;
const W1 = 0xbb67ae85;

/** High 32 bits of the 64-bit product of two unsigned 32-bit numbers. */
function mulHigh(a: number, b: number): number {
  const al = a & 0xffff;
  const ah = a >>> 16;
  const bl = b & 0xffff;
  const bh = b >>> 16;
  const mid = ah * bl + Math.floor((al * bl) / 65536);
  const mid2 = al * bh + (mid % 65536);
  return (ah * bh + Math.floor(mid / 65536) + Math.floor(mid2 / 65536)) >>> 0;
}

/** Ten rounds over counter [4] u32 with key [2] u32; returns [4] u32. */
export function philox(
  counter: readonly [number, number, number, number],
  key: readonly [number, number],
): [number, number, number, number] {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < 10; round++) {
    const h0 = mulHigh(M0, c0);
    const l0 = Math.imul(M0, c0) >>> 0;
    const h1 = mulHigh(M1, c2);
    const l1 = Math.imul(M1, c2) >>> 0;
    [c0, c1, c2, c3] = [(h1 ^ c1 ^ k0) >>> 0, l1, (h0 ^ c3 ^ k1) >>> 0, l0];
    k0 = (k0 + W0) >>> 0;
    k1 = (k1 + W1) >>> 0;
  }
  return [c0, c1, c2, c3];
}

/** What a draw is for. Part of the key, so that no two purposes ever share random numbers. */
export const Purpose = {
  trainProblem: 1,
  heldOutProblem: 2,
  rollout: 3,
  evaluation: 4,
  corpus: 5,
  initialise: 6,
  audit: 7,
  meta: 8,
  heldOutMeta: 9,
  bootstrap: 20,
  test: 99,
} as const;
export type Purpose = (typeof Purpose)[keyof typeof Purpose];

/** A sequence of draws keyed by (seed, purpose, a, b): values are read one after the other. */
export class Stream {
  private block: [number, number, number, number] = [0, 0, 0, 0];
  private drawn = 0;

  constructor(
    private readonly seed: number,
    private readonly purpose: Purpose,
    private readonly a = 0,
    private readonly b = 0,
  ) {}

  /** Uniform unsigned 32-bit integer. */
  u32(): number {
    if (this.drawn % 4 === 0)
      this.block = philox([this.a >>> 0, this.b >>> 0, this.drawn / 4, 0], [this.seed >>> 0, this.purpose]);
    return this.block[this.drawn++ % 4];
  }

  /** Uniform in [0, 1). */
  uniform(): number {
    return this.u32() / 4294967296;
  }

  /** Uniform integer in [low, high]. */
  integer(low: number, high: number): number {
    return low + Math.floor(this.uniform() * (high - low + 1));
  }

  /** True with probability p. */
  chance(p: number): boolean {
    return this.uniform() < p;
  }

  pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.uniform() * items.length)];
  }

  /** Normal with the given mean and standard deviation (Box-Muller, one of the pair). */
  normal(mean = 0, deviation = 1): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    return mean + deviation * radius * Math.cos(2 * Math.PI * this.uniform());
  }
}
