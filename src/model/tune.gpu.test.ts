import { describe, expect, it } from 'vitest';
import type { ShaderFile } from '../gpu/kernel';
import { openTestGpu } from '../gpu/testing';
import { SHADERS } from './shaders';
import { tuneFamilies } from './tune';
import type { Family } from './variants';
import { perElement } from './workspace';

const good = SHADERS.accumulateSlices;
const changed = (name: string, from: string, to: string): ShaderFile => {
  expect(good.code).toContain(from);
  return { name, code: good.code.replace(from, to) };
};

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
    const idle =
      'for (var r = 0u; r < 20000u; r++) { if (total[i] == f32(r) - 7e9) { return; } }\n  total[i] += sum';
    const files = [changed('sum_slow', 'total[i] += sum', idle), good];
    try {
      await tuneFamilies(gpu, [family('sum of 16', files)]);
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
