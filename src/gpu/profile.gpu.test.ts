import { beforeAll, describe, expect, it } from 'vitest';
import { create, globals } from 'webgpu';
import accumulateSlices from '../../shaders/accumulate_slices.wgsl?raw';
import { BufferPool, type Gpu } from './device';
import { type BoundKernel, Kernels, type ShaderFile } from './kernel';
import { Profile } from './profile';
import { openTestGpu } from './testing';

/** Adds one to each of four values: what a dispatch leaves, the next one reads. */
const ADD: ShaderFile = { name: 'accumulate_slices', code: accumulateSlices };
const USE = { kernel: 'accumulate_slices', shape: { count: 4 }, constants: { SLICES: 1 } };

let gpu: Gpu;
let untimed: GPUDevice;
// Held for as long as the process lives: Dawn's objects must not outlive the instance they come from.
let instance: GPU;

beforeAll(async () => {
  gpu = await openTestGpu();
  Object.assign(globalThis, globals);
  instance = create([]);
  untimed = await (await instance.requestAdapter())!.requestDevice();
});

/** Runs `times` dispatches that depend on each other, profiled or not; what they leave behind. */
async function run(device: GPUDevice, times: number, profile: Profile | null): Promise<number[]> {
  const kernels = new Kernels(device);
  const pool = new BufferPool(device);
  const total = pool.storage('total', 4);
  const slices = pool.storage('slices', 4);
  device.queue.writeBuffer(slices, 0, new Float32Array([1, 1, 1, 1]));
  const size = pool.uniform('size', new Uint32Array([4]));
  const kernel: BoundKernel = kernels.bind(ADD, { size, slices, total }, { SLICES: 1 });
  await kernels.ready();
  const encoder = device.createCommandEncoder();
  const pass = profile ? profile.begin(encoder) : encoder.beginComputePass();
  for (let i = 0; i < times; i++) {
    if (profile) {
      profile.stage = i % 2 === 0 ? 'even' : 'odd';
      (pass as ReturnType<Profile['begin']>).about(USE, i);
    }
    kernel.encode(pass, [4, 1, 1]);
  }
  // Encodes nothing, and is no dispatch.
  kernel.encode(pass, [0, 1, 1]);
  pass.end();
  const staging = pool.readback('read', 16);
  encoder.copyBufferToBuffer(total, 0, staging, 0, 16);
  device.queue.submit([encoder.finish()]);
  await staging.mapAsync(GPUMapMode.READ);
  const values = [...new Float32Array(staging.getMappedRange())];
  pool.destroy();
  return values;
}

describe('a profile', () => {
  // One more dispatch than a query set has room for.
  for (const times of [1, 3, 2049])
    it(`has each of ${times} dispatches with its time, and they compute what they compute without it`, async () => {
      const profile = new Profile(gpu.device);
      expect(profile.timed).toBe(true);
      const values = await run(gpu.device, times, profile);
      expect(values).toEqual([times, times, times, times]);
      expect(values).toEqual(await run(gpu.device, times, null));
      const { dispatches, resolutionMs } = await profile.take();
      expect(dispatches.map(({ count }) => count)).toEqual(Array.from({ length: times }, (_, i) => i));
      dispatches.forEach(({ use, stage, workgroups, ms }, i) => {
        expect([use, stage, workgroups]).toEqual([USE, i % 2 === 0 ? 'even' : 'odd', 4]);
        expect(ms).toBeGreaterThanOrEqual(0);
        // A dispatch of four invocations; a timestamp of another one would be far off.
        expect(ms).toBeLessThan(10_000);
      });
      if (times < 2000) return;
      expect(dispatches.reduce((sum, { ms }) => sum + ms!, 0)).toBeGreaterThan(0);
      expect(resolutionMs).toBeGreaterThan(0);
      for (const { ms } of dispatches) {
        const steps = ms! / resolutionMs!;
        expect(Math.abs(steps - Math.round(steps))).toBeLessThan(1e-6 * Math.max(1, steps));
      }
    });

  it('without timestamps counts the same dispatches and says that none is timed', async () => {
    expect(untimed.features.has('timestamp-query')).toBe(false);
    const profile = new Profile(untimed);
    expect(await run(untimed, 3, profile)).toEqual(await run(untimed, 3, null));
    expect(profile.timed).toBe(false);
    const { dispatches, resolutionMs } = await profile.take();
    expect(dispatches.map(({ count, ms }) => [count, ms])).toEqual([
      [0, null],
      [1, null],
      [2, null],
    ]);
    expect(resolutionMs).toBeNull();
  });

  it('of nothing is empty', async () => {
    expect(await new Profile(gpu.device).take()).toEqual({ dispatches: [], resolutionMs: null });
  });
});
