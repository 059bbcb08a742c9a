/**
 * Kernels to choose between: an operation in a shape class is a family, what can compute it are its variants.
 *
 * The first variant of a family works on every adapter; the others may only be taken where they were measured to give
 * the same bits sooner (`tune.ts`). What was chosen stands in `gpu.choices` by the family's key, and an operation looks
 * it up with `chosen` when it is bound. A new family joins `families.ts`. Used by the files that bind operations.
 */
import type { BufferPool, Gpu } from '../gpu/device';
import type { StoredMatrix } from './linear';
import type { RolloutDtype } from './plan';
import type { Extent, Op, OpMaker } from './workspace';

export interface Named {
  name: string;
}

/** One variant bound over test inputs. */
export interface Trial {
  /** Dispatched in this order. */
  ops: readonly Op[];
  /** What the grids of `ops` are made for. */
  count: number;
  /** All that `ops` write and that counts: the same buffers for every variant. They hold ones beforehand. */
  outputs: readonly GPUBuffer[];
}

export interface Family {
  /** What its choice is kept by: operation and shape class. */
  key: string;
  /** Families of one operation tend to go alike: where time is short, one goes by the others. */
  operation: string;
  /** Operations whose variants of one name are alike: one that is far behind in one is not tried in the others. */
  kin?: string;
  /** Names: the one that always works first, then the more promising first, as time may end the trying. */
  variants: readonly string[];
  /** Makes the test inputs and outputs, and returns what binds a variant over them. */
  prepare(bench: TestBench): (variant: string) => Trial;
}

/** A family of these variants, which `prepare` makes test inputs for and binds over them. */
export function familyOf<V extends Named>(
  about: Pick<Family, 'key' | 'operation' | 'kin'>,
  variants: readonly V[],
  prepare: (bench: TestBench) => (variant: V) => Trial,
): Family {
  return {
    ...about,
    variants: variants.map(({ name }) => name),
    prepare(bench) {
      const bind = prepare(bench);
      return (name) => bind(variants.find((variant) => variant.name === name)!);
    },
  };
}

/** What a family makes its test inputs with; all of it is destroyed once the family is measured. */
export class TestBench {
  constructor(
    readonly maker: OpMaker,
    readonly pool: BufferPool = maker.pool,
  ) {}

  /** Numbers between -1 and 1, the same every time, that a wrong order of summation shows in. */
  floats(label: string, count: number): GPUBuffer {
    const values = new Float32Array(bits(count));
    for (let i = 0; i < count; i++) values[i] /= 2 ** 31;
    return this.filled(label, values);
  }

  /** Weights between -1 and 1 as they are stored, the same every time. */
  weights(label: string, count: number, dtype: RolloutDtype): StoredMatrix {
    return dtype === 'float16' ? { float16: this.halves(label, count) } : this.floats(label, count);
  }

  private halves(label: string, count: number): GPUBuffer {
    const words = new Uint32Array(bits(Math.ceil(count / 2)));
    // Of either half the sign and all bits of the significand; exponents from 2^-8 to 2^-1.
    for (let i = 0; i < words.length; i++) words[i] = (words[i] & 0x9fff9fff) + 0x1c001c00;
    return this.filled(label, words);
  }

  filled(label: string, values: Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>): GPUBuffer {
    const buffer = this.pool.storage(`tune.${label}`, values.length);
    this.maker.device.queue.writeBuffer(buffer, 0, values);
    return buffer;
  }

  /** Room for results or for what lies between two operations. */
  empty(label: string, count: number): GPUBuffer {
    return this.pool.storage(`tune.${label}`, count);
  }

  extent(count: number, start = 0): Extent {
    const extent = this.maker.extent('tune');
    extent.write(count, start);
    return extent;
  }
}

/** As many whole numbers of 32 random bits, the same every time. */
function bits(count: number): Int32Array {
  const values = new Int32Array(count);
  let state = 12345;
  for (let i = 0; i < count; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    values[i] = state;
  }
  return values;
}

/**
 * An operation bound with the variant that was chosen. Where nobody wants to wait for that to be compiled, the one that
 * always works, whose kernel is the simplest, computes it until then: the bits are the same.
 */
export function bindChosen<V extends Named>(
  { gpu }: OpMaker,
  key: string,
  variants: readonly V[],
  bind: (variant: V) => Op,
): Op {
  const variant = chosen(gpu, key, variants);
  const { kernels } = gpu;
  if (variant === variants[0] || !kernels.isHurried) return bind(variant);
  const simple = bind(variants[0]);
  const fast = kernels.needed('soon', () => bind(variant));
  const now = () => (fast.kernel.isCompiled ? fast : simple);
  return {
    get kernel() {
      return now().kernel;
    },
    get use() {
      return now().use;
    },
    grid: (count) => now().grid(count),
  };
}

/** The variant that was chosen by measurement, or the first where nothing was measured. */
export function chosen<V extends Named>(gpu: Gpu, key: string, variants: readonly V[]): V {
  const name = gpu.choices.get(key);
  return variants.find((variant) => variant.name === name) ?? variants[0];
}
