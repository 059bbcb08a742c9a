import { beforeAll, describe, expect, it } from 'vitest';
import { create, globals } from 'webgpu';
import { BufferPool, type Gpu } from './device';
import { type BoundKernel, Kernels, type ShaderFile } from './kernel';
import { Profile } from './profile';
import { openTestGpu } from './testing';

const COUNT_UP: ShaderFile = {
  name: 'count_up',
  code: `@group(0) @binding(0) var<storage, read_write> x: array<u32>;
@compute @workgroup_size(1)
fn count_up(@builtin(global_invocation_id) id: vec3<u32>) { x[id.x] = x[id.x] * 3u + 1u; }`,
};
const USE = { kernel: 'count_up', shape: { width: 4 }, constants: {} };

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
  const x = pool.storage('x', 4);
  const kernel: BoundKernel = kernels.bind(COUNT_UP, { x });
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
  encoder.copyBufferToBuffer(x, 0, staging, 0, 16);
  device.queue.submit([encoder.finish()]);
  await staging.mapAsync(GPUMapMode.READ);
  const values = [...new Uint32Array(staging.getMappedRange())];
  pool.destroy();
  return values;
}

describe('a profile', () => {
  // One more dispatch than a query set has room for.
  for (const times of [1, 3, 2049])
    it(`has each of ${times} dispatches with its time, and they compute what they compute without it`, async () => {
      const profile = new Profile(gpu.device);
      expect(profile.timed).toBe(true);
      expect(await run(gpu.device, times, profile)).toEqual(await run(gpu.device, times, null));
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
