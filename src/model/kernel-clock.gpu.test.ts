import { afterEach, describe, expect, it, vi } from 'vitest';
import { BufferPool, type Gpu } from '../gpu/device';
import { openTestGpu } from '../gpu/testing';
import { KernelClock, type Run } from './kernel-clock';
import { SHADERS } from './shaders';
import { OpMaker, perElement } from './workspace';

const VALUES = 100;
const MS = 1_000_000n;

/** A clock, and something small for it to time. */
function small(gpu: Gpu): { clock: KernelClock; ops: Run['ops'] } {
  const maker = new OpMaker(gpu, new BufferPool(gpu.device));
  const buffers = {
    size: maker.pool.uniform('size', new Uint32Array([VALUES])),
    slices: maker.pool.storage('slices', 16 * VALUES),
    total: maker.pool.storage('total', VALUES),
  };
  const grid = (count: number) => perElement(count)(1);
  return { clock: new KernelClock(maker), ops: [maker.op(SHADERS.accumulateSlices, buffers, { grid })] };
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

/** The device with timestamps that say these milliseconds of one run after the other, and the last of them of all others. */
function stamped(gpu: Gpu, ...ms: bigint[]): Gpu {
  let run = 0;
  return changed(gpu, {
    createCommandEncoder(descriptor) {
      const encoder = gpu.device.createCommandEncoder(descriptor);
      const copy = encoder.copyBufferToBuffer.bind(encoder) as (...all: unknown[]) => undefined;
      encoder.copyBufferToBuffer = (...[, , to]: unknown[]) => {
        const { size } = to as GPUBuffer;
        const { COPY_SRC, COPY_DST } = GPUBufferUsage;
        const told = gpu.device.createBuffer({ size, usage: COPY_SRC | COPY_DST });
        const times = new BigUint64Array(size / 8);
        for (let i = 0; i < times.length; i += 2) {
          // Far above what a number holds exactly.
          times[i] = 2n ** 60n + 1000n * MS * BigInt(i);
          times[i + 1] = times[i] + MS * (ms[run++] ?? ms.at(-1)!);
        }
        gpu.device.queue.writeBuffer(told, 0, times);
        copy(told, 0, to, 0, size);
        return undefined;
      };
      return encoder;
    },
  });
}

/** The host's clock, by which everything that is waited for takes so long. */
function everythingTakes(ms: number): void {
  let now = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => {
    now += ms;
    return now;
  });
}

afterEach(() => vi.restoreAllMocks());

describe('the clock that kernels are chosen by', () => {
  it('hears from the device itself how long each run of each turn took', async () => {
    const gpu = await openTestGpu();
    expect(gpu.device.features.has('timestamp-query')).toBe(true);
    const { clock, ops } = small(gpu);
    await gpu.kernels.ready();
    const run = { ops, count: VALUES, units: 128 };
    const turns = await clock.time([[run, run, run], [run]]);
    expect(turns.map((times) => times.length)).toEqual([3, 1]);
    for (const ms of turns.flat()) expect(ms).toBeGreaterThanOrEqual(0);
    expect(Math.max(...turns.flat())).toBeGreaterThan(0);
  });

  it('gives each run its own two timestamps, however late the device has been at work', async () => {
    const gpu = await openTestGpu();
    const { clock, ops } = small(stamped(gpu, 1n, 2n, 3n, 4n));
    await gpu.kernels.ready();
    const run = { ops, count: VALUES, units: 1 };
    expect(
      await clock.time([
        [run, run],
        [run, run],
      ]),
    ).toEqual([
      [1, 2],
      [3, 4],
    ]);
  });

  it('repeats what is quick until it takes as long as a turn, by the better of two tries', async () => {
    const gpu = await openTestGpu();
    // 1 unit takes nothing that can be told, 8 units take 2 and 1 milliseconds: a turn of 3 has 24.
    const { clock, ops } = small(stamped(gpu, 0n, 0n, 2n, 1n));
    await gpu.kernels.ready();
    expect(await clock.unitsOf(ops, VALUES)).toBe(24);
    const slow = small(stamped(gpu, 50n));
    await gpu.kernels.ready();
    expect(await slow.clock.unitsOf(slow.ops, VALUES)).toBe(1);
  });

  it('goes by the clock of the host where the device has no timestamps', async () => {
    const gpu = await openTestGpu();
    const features = new Set([...gpu.device.features].filter((name) => name !== 'timestamp-query'));
    const createQuerySet = () => {
      throw new Error('expected no timestamps to be asked for');
    };
    const { clock, ops } = small(changed(gpu, { features, createQuerySet }));
    await gpu.kernels.ready();
    everythingTakes(5);
    const run = { ops, count: VALUES, units: 2 };
    expect(await clock.time([[run], [run, run]])).toEqual([[5], [5, 5]]);
    // One unit in 5 milliseconds; a turn takes 8.
    expect(await clock.unitsOf(ops, VALUES)).toBe(2);
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
    const { clock, ops } = small(silent);
    await gpu.kernels.ready();
    everythingTakes(5);
    expect(await clock.unitsOf(ops, VALUES)).toBeGreaterThan(1);
    const before = asked;
    expect(before).toBeGreaterThan(0);
    expect(await clock.time([[{ ops, count: VALUES, units: 1 }]])).toEqual([[5]]);
    expect(asked).toBe(before);
  });
});
