import { describe, expect, it } from 'vitest';
import type { ShaderFile } from '../gpu/kernel';
import { openTestGpu } from '../gpu/testing';
import { setChoice, sureness } from './choices';
import { SHADERS } from './shaders';
import { tuneFamilies } from './tune';
import type { Family } from './variants';
import { perElement } from './workspace';

const good = SHADERS.accumulateSlices;
const changed = (name: string, from: string, to: string): ShaderFile => {
  expect(good.code).toContain(from);
  return { name, code: good.code.replace(from, to) };
};

const IDLE =
  'for (var r = 0u; r < 20000u; r++) { if (total[i] == f32(r) - 7e9) { return; } }\n  total[i] += sum';
const SLOW = changed('sum_slow', 'total[i] += sum', IDLE);

/** Sums over slices by kernels of which only the first has to be right. */
function family(key: string, files: readonly ShaderFile[]): Family {
  return {
    key,
    operation: 'sum',
    variants: files.map(({ name }) => name),
    prepare(bench) {
      const total = bench.empty('total', 100);
      const slices = bench.floats('slices', 1600);
      return (name) => ({
        ops: [
          bench.maker.op(
            files.find((file) => file.name === name)!,
            { size: bench.pool.uniform('tune.size', new Uint32Array([100])), slices, total },
            { grid: (count) => perElement(count)(1) },
          ),
        ],
        count: 100,
        outputs: [total],
      });
    },
  };
}

describe('choosing by measurement', () => {
  it('leaves out what does not compile, gives other bits or writes nothing, and keeps one that always works', async () => {
    const gpu = await openTestGpu();
    const files = [
      good,
      changed('sum_broken', 'var sum = Value()', 'var sum = nothing'),
      changed('sum_wrong', 'total[i] += sum', 'total[i] = sum'),
      changed('sum_reordered', 'slices[s * count + i]', 'slices[(SLICES - 1u - s) * count + i]'),
      changed('sum_idle', 'total[i] += sum', 'total[0] += 0.0 * sum'),
    ];
    try {
      expect(await tuneFamilies(gpu, [family('sum of 16', files)])).toBe(true);
      expect(gpu.choices.get('sum of 16')).toBe(good.name);
      expect(gpu.failure()).toBeNull();
      // What failed is forgotten: whoever compiles next hears nothing of it.
      await gpu.kernels.ready();
    } finally {
      gpu.choices.clear();
    }
  });

  it('takes a variant that is right and faster', async () => {
    const gpu = await openTestGpu();
    const files = [SLOW, good];
    try {
      await tuneFamilies(gpu, [family('sum of 16', files)]);
      expect(gpu.choices.get('sum of 16')).toBe(good.name);
    } finally {
      gpu.choices.clear();
    }
  });

  it('goes by what won in others of the operation where somebody waits, and measures the rest at rest', async () => {
    const gpu = await openTestGpu();
    const files = [good, { ...good, name: 'sum_alike' }];
    const families = ['sum of 16', 'sum of 17', 'sum of 18'].map((key) => family(key, files));
    try {
      setChoice(gpu, 'sum of 16', 'sum_alike', 'measured');
      expect(await tuneFamilies(gpu, families, { isAwaited: () => true })).toBe(false);
      expect(gpu.choices.get('sum of 17')).toBe('sum_alike');
      expect(families.map(({ key }) => sureness(gpu, key))).toEqual(['measured', 'guessed', 'guessed']);
      // Known for this visit: only a thorough choice measures it.
      expect(await tuneFamilies(gpu, families)).toBe(false);

      // As soon as one is measured, somebody waits.
      let done = 0;
      const onProgress = (count: number) => {
        done = count;
      };
      const rest = { atRest: true, thorough: true, onProgress };
      expect(await tuneFamilies(gpu, families, { ...rest, isAwaited: () => done > 0 })).toBe(true);
      expect(families.map(({ key }) => sureness(gpu, key))).toEqual(['measured', 'measured', 'guessed']);
      expect(await tuneFamilies(gpu, families, rest)).toBe(true);
      expect(families.map(({ key }) => sureness(gpu, key))).toEqual(['measured', 'measured', 'measured']);
      expect(await tuneFamilies(gpu, families, rest)).toBe(false);
    } finally {
      gpu.choices.clear();
    }
  });

  it('begins nothing for which there is no time, and measures all where there is enough', async () => {
    const gpu = await openTestGpu();
    const files = [good, { ...good, name: 'sum_alike' }];
    const families = ['sum of 16', 'sum of 17'].map((key) => family(key, files));
    try {
      expect(await tuneFamilies(gpu, families, { mostMs: 0 })).toBe(false);
      expect(families.map(({ key }) => sureness(gpu, key))).toEqual(['guessed', 'guessed']);
      expect(await tuneFamilies(gpu, families, { mostMs: 600_000, thorough: true })).toBe(true);
      expect(families.map(({ key }) => sureness(gpu, key))).toEqual(['measured', 'measured']);
    } finally {
      gpu.choices.clear();
    }
  });

  it('holds for settled what is not tried because it was far behind in another operation of its kin', async () => {
    const gpu = await openTestGpu();
    const files = [good, { ...good, name: 'sum_alike' }, SLOW];
    const families = [
      family('sum of 16', files),
      { ...family('other of 16', files), operation: 'other', kin: 'sum' },
    ];
    try {
      expect(await tuneFamilies(gpu, families, { atRest: true })).toBe(true);
      expect(families.map(({ key }) => sureness(gpu, key))).toEqual(['measured', 'measured']);
      for (const { key } of families) expect(gpu.choices.get(key)).not.toBe(SLOW.name);
    } finally {
      gpu.choices.clear();
    }
  });

  it('measures again what was kept of variants that are no more', async () => {
    const gpu = await openTestGpu();
    try {
      setChoice(gpu, 'sum of 16', 'of an earlier version', 'measured');
      const families = [family('sum of 16', [good, { ...good, name: 'sum_alike' }])];
      expect(await tuneFamilies(gpu, families)).toBe(true);
      expect(families[0].variants).toContain(gpu.choices.get('sum of 16'));
      setChoice(gpu, 'sum of 16', 'of an earlier version', 'measured');
      expect(await tuneFamilies(gpu, families, { isAwaited: () => true })).toBe(false);
      expect(gpu.choices.get('sum of 16')).toBe(good.name);
    } finally {
      gpu.choices.clear();
    }
  });

  it('fails where the one that always works does not compile', async () => {
    const gpu = await openTestGpu();
    const broken = changed('sum_base_broken', 'var sum = Value()', 'var sum = nothing');
    const families = [family('sum of 16', [broken, good])];
    await expect(tuneFamilies(gpu, families)).rejects.toThrow(/nothing/);
    expect(gpu.choices.size).toBe(0);
    await gpu.kernels.ready();
    expect(gpu.failure()).toBeNull();
  });
});
