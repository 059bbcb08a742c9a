import { describe, expect, it } from 'vitest';
import { BufferPool, type Gpu } from '../gpu/device';
import type { ShaderFile } from '../gpu/kernel';
import { openTestGpu } from '../gpu/testing';
import { KernelClock } from './kernel-clock';
import { SHADERS } from './shaders';
import { OpMaker, perElement } from './workspace';

const VALUES = 100;
const quick = SHADERS.accumulateSlices;
/** Thousands of times the work, so that no busy machine makes the other slower. */
const slow: ShaderFile = {
  name: 'sum_idle',
  code: quick.code.replace(
    'total[i] += sum',
    'for (var r = 0u; r < 200000u; r++) { if (total[i] == f32(r) - 7e9) { return; } }\n  total[i] += sum',
  ),
};

/** Both over the same values. */
function runs(gpu: Gpu): { clock: KernelClock; run(file: ShaderFile): Parameters<KernelClock['unitsOf']> } {
  const maker = new OpMaker(gpu, new BufferPool(gpu.device));
  const buffers = {
    size: maker.pool.uniform('size', new Uint32Array([VALUES])),
    slices: maker.pool.storage('slices', 16 * VALUES),
    total: maker.pool.storage('total', VALUES),
  };
  return {
    clock: new KernelClock(maker),
    run: (file) => [[maker.op(file, buffers, { grid: (count) => perElement(count)(1) })], VALUES],
  };
}

/** The device with another answer to some of what a clock asks of it. */
function changed(gpu: Gpu, change: Partial<GPUDevice>): Gpu {
  const { device } = gpu;
  const asked: Partial<GPUDevice> = {
    features: device.features,
    queue: device.queue,
    limits: device.limits,
    createBuffer: (descriptor) => device.createBuffer(descriptor),
    createQuerySet: (descriptor) => device.createQuerySet(descriptor),
    createCommandEncoder: (descriptor) => device.createCommandEncoder(descriptor),
    ...change,
  };
  return { ...gpu, device: asked as GPUDevice };
}

async function expectTold(gpu: Gpu): Promise<void> {
  const { clock, run } = runs(gpu);
  const [ofQuick, ofSlow] = [run(quick), run(slow)];
  await gpu.kernels.ready();
  expect(await clock.unitsOf(...ofQuick)).toBeGreaterThan(await clock.unitsOf(...ofSlow));
  const turn = [ofQuick, ofSlow].map(([ops, count]) => ({ ops, count, units: 2 }));
  const turns = await clock.time([turn, turn, turn]);
  expect(turns.map((times) => times.length)).toEqual([2, 2, 2]);
  const best = (of: number) => Math.min(...turns.map((times) => times[of]));
  expect(best(0)).toBeLessThan(best(1));
}

describe('the clock that kernels are chosen by', () => {
  it('tells a quick kernel from a slow one by timestamps', async () => {
    const gpu = await openTestGpu();
    expect(gpu.device.features.has('timestamp-query')).toBe(true);
    await expectTold(gpu);
  });

  it('goes by the clock of the host where the device has no timestamps', async () => {
    const gpu = await openTestGpu();
    const features = new Set([...gpu.device.features].filter((name) => name !== 'timestamp-query'));
    const createQuerySet = () => {
      throw new Error('expected no timestamps to be asked for');
    };
    await expectTold(changed(gpu, { features, createQuerySet }));
  });

  it('goes by the clock of the host once the timestamps of a device were found to say nothing', async () => {
    const gpu = await openTestGpu();
    let asked = 0;
    const silent = changed(gpu, {
      createCommandEncoder(descriptor) {
        const encoder = gpu.device.createCommandEncoder(descriptor);
        encoder.resolveQuerySet = () => {
          asked++;
        };
        return encoder;
      },
    });
    await expectTold(silent);
    const before = asked;
    expect(before).toBeGreaterThan(0);
    await expectTold(silent);
    expect(asked).toBe(before);
  });
});
