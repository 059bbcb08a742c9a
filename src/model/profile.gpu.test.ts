/** The profile of a policy's work: exact in its counts, and without any effect on what is computed. */
import { beforeAll, describe, expect, it, vi } from 'vitest';
import type { Gpu } from '../gpu/device';
import { openTestGpu } from '../gpu/testing';
import { decodingCost, forwardFlops, trainingFlops } from './cost';
import type { KernelEntry } from './kernel-profile';
import type { LossSettings } from './loss';
import type { OptimizerSettings } from './optimizer';
import type { Policy } from './policy';
import { makePolicy, randomBatch, randomWeights, sampling, tinyConfig } from './testing';
import { FULL } from './testing-adapter';

const CONFIG = tinyConfig({ num_hidden_layers: 2 });
const WEIGHTS = randomWeights(CONFIG, 3).f32;
const SAMPLING = sampling(2);
const RANDOMNESS = { seed: 5, purpose: 1, step: 0 };
const LOSS: LossSettings = {
  kind: 'token',
  old: 'given',
  epsilon: 0.2,
  epsilon_high: 0.28,
  beta: 0,
  temperature: 1,
};
const OPTIMIZER: OptimizerSettings = {
  learning_rate: 1e-2,
  beta1: 0.9,
  beta2: 0.99,
  epsilon: 1e-8,
  weight_decay: 0.1,
  max_grad_norm: 1,
};
const PROMPTS = [
  [1, 4, 5, 6],
  [1, 4, 5, 6],
  [1, 7],
  [1, 8, 9],
];
const ROWS = PROMPTS.map((prompt, id) => ({ prompt, id, limit: [17, 9, 3, 0][id] }));
const BATCH = randomBatch(CONFIG, [12, 5, 21, 8], 9, (length) => 1 / (length * 4)).rows;

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openTestGpu();
});

/** `tokens` so small that the batch takes several micro-batches. */
const make = (changes: Partial<Policy['capacity']> = {}) =>
  makePolicy(gpu, CONFIG, WEIGHTS, { tokens: 24, decodeRows: 4, cacheLength: 24, newTokens: 20, ...changes });

async function step(policy: Policy) {
  policy.profiling.stage = 'rollout';
  const decoded = await policy.decode(ROWS, SAMPLING, RANDOMNESS);
  policy.profiling.stage = 'update';
  const report = await policy.trainStep(BATCH, LOSS, OPTIMIZER);
  return { decoded, report };
}

const total = (entries: readonly KernelEntry[], kernels: RegExp, stage?: string) =>
  entries
    .filter((each) => kernels.test(each.kernel) && (stage === undefined || each.stage === stage))
    .reduce((sum, { flops }) => sum + flops!, 0);

const bits = (tensors: ReadonlyMap<string, Float32Array>) =>
  [...tensors].map(([name, values]) => [name, [...new Uint32Array(values.buffer)]]);

describe('the profile of a step', () => {
  it('leaves tokens, losses and weights as they are without it, bit for bit', async () => {
    const plain = await make();
    const profiled = await make();
    const expected = await step(plain);
    profiled.profiling.start();
    const got = await step(profiled);
    expect((await profiled.profiling.take()).timed).toBe(true);
    expect(got).toEqual(expected);
    expect(bits(await profiled.download('weights'))).toEqual(bits(await plain.download('weights')));
    // And again without, by the policy that was profiled.
    expect(await step(profiled)).toEqual(await step(plain));
    plain.destroy();
    profiled.destroy();
  });

  it('counts the operations of decoding as the trainer does, though only the device knew which rows lived', async () => {
    const policy = await make();
    policy.profiling.start();
    const { decoded } = await step(policy);
    const { kernels } = await policy.profiling.take();
    const lengths = decoded.map((d) => d.tokens.length);
    expect(new Set(lengths).size).toBeGreaterThan(2);
    expect(total(kernels, /^(linear|attention)/, 'rollout')).toBe(
      decodingCost(CONFIG, PROMPTS, lengths).flops,
    );
    policy.destroy();
  });

  it('counts the operations of training as the trainer does, and those that are done again', async () => {
    const policy = await make();
    policy.profiling.start();
    await step(policy);
    const { kernels } = await policy.profiling.take();
    // Of 18 operations a pair, attention needs 12: its backward kernels make scores and dp again.
    const attended = BATCH.reduce((sum, { tokens: { length } }) => sum + (length * (length + 1)) / 2, 0);
    const pairs = CONFIG.num_hidden_layers * CONFIG.num_attention_heads * CONFIG.head_dim * attended;
    expect(total(kernels, /^(linear|attention)/, 'update')).toBe(trainingFlops(CONFIG, BATCH) + 6 * pairs);
    expect(total(kernels, /^linear_forward/, 'update') + total(kernels, /^attention$/, 'update')).toBe(
      BATCH.reduce((sum, r) => sum + forwardFlops(CONFIG, r.tokens.length, r.active.length), 0),
    );
    policy.destroy();
  });

  it('has every dispatch, each with its workgroups and its time', async () => {
    const policy = await make();
    await step(policy);
    const spy = vi.spyOn(GPUComputePassEncoder.prototype, 'dispatchWorkgroups');
    policy.profiling.start();
    await step(policy);
    const { kernels } = await policy.profiling.take();
    const calls = spy.mock.calls;
    spy.mockRestore();
    expect(kernels.reduce((sum, { calls }) => sum + calls, 0)).toBe(calls.length);
    expect(kernels.reduce((sum, { workgroups }) => sum + workgroups, 0)).toBe(
      calls.reduce((sum, [x, y = 1, z = 1]) => sum + x * y * z, 0),
    );
    for (const { kernel, ms } of kernels) expect(ms, kernel).toBeGreaterThanOrEqual(0);
    expect(kernels.reduce((sum, { ms }) => sum + ms!, 0)).toBeGreaterThan(0);
    expect(kernels.find(({ kernel }) => kernel === 'attention_decode')).toMatchObject({
      stage: 'rollout',
      shape: { cache_length: 24, head_dim: 4 },
      constants: { HEADS: 2, KV_HEADS: 1 },
    });
    policy.destroy();
  });

  it('costs nothing while it is off: a steady step makes no query set, no buffer and one pass a submission', async () => {
    const policy = await make();
    await step(policy);
    const made = [
      vi.spyOn(gpu.device, 'createQuerySet'),
      vi.spyOn(gpu.device, 'createBuffer'),
      vi.spyOn(gpu.device, 'createBindGroup'),
    ];
    const passes = vi.spyOn(GPUCommandEncoder.prototype, 'beginComputePass');
    const encoders = vi.spyOn(gpu.device, 'createCommandEncoder');
    await step(policy);
    for (const spy of made) expect(spy, spy.getMockName()).not.toHaveBeenCalled();
    // Prefill, chunks of tokens (how many depends on the clock), micro-batches (12 + 5, 21, 8), optimiser.
    const chunks = encoders.mock.calls.filter(([options]) => options?.label === 'decoder.chunk').length;
    expect(chunks).toBeGreaterThan(1);
    expect(passes).toHaveBeenCalledTimes(1 + chunks + 3 + 1);
    expect(passes.mock.calls.every((args) => args.length === 0)).toBe(true);
    for (const spy of [...made, passes, encoders]) spy.mockRestore();
    policy.destroy();
  });

  it('that was not taken is let go of when another begins, and with the policy', async () => {
    const policy = await make();
    const spy = vi.spyOn(GPUQuerySet.prototype, 'destroy');
    policy.profiling.start();
    await step(policy);
    policy.profiling.start();
    expect(spy).toHaveBeenCalledTimes(1);
    await step(policy);
    policy.profiling.drop();
    expect(spy).toHaveBeenCalledTimes(2);
    expect(policy.profiling.isOn).toBe(false);
    const made = vi.spyOn(gpu.device, 'createQuerySet');
    await step(policy);
    expect(made).not.toHaveBeenCalled();
    made.mockRestore();
    policy.profiling.start();
    await step(policy);
    policy.destroy();
    expect(spy).toHaveBeenCalledTimes(3);
    spy.mockRestore();
  });
});

describe('an inspection', () => {
  it('in the middle of a profiled step is no part of its profile', async () => {
    const policy = await make();
    const calls = async (look: boolean) => {
      policy.profiling.start();
      const inspected = async () => {
        if (look) await policy.inspect([1, 4, 5, 6], { temperature: 1, top: 2, layer: 0, head: 0 });
      };
      await policy.decode(ROWS, SAMPLING, RANDOMNESS, inspected);
      const { kernels } = await policy.profiling.take();
      return kernels.map(({ kernel, calls, flops }) => [kernel, calls, flops]);
    };
    expect(await calls(true)).toEqual(await calls(false));
    policy.destroy();
  });
});

describe('the inventory of memory', () => {
  for (const changes of [
    {},
    { reference: true, experts: true },
    { adapter: FULL, experts: true },
    { trained: false, decodeRows: 0 },
  ])
    it(`adds up to what was allocated, and holder by holder to the plan: ${Object.keys(changes).join(', ')}`, async () => {
      const spy = vi.spyOn(gpu.device, 'createBuffer');
      const policy = await make(changes);
      const allocated = spy.mock.calls.reduce((sum, [{ size }]) => sum + size, 0);
      spy.mockRestore();
      const { memory, plan } = policy;
      expect(memory.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(allocated);
      expect(memory.reduce((sum, each) => sum + each.planned_bytes, 0)).toBe(plan.bytes);
      for (const { holder, bytes, planned_bytes } of memory)
        if (holder === 'settings' || holder === 'readback') expect(planned_bytes).toBe(0);
        // The decoder's live count, which a kernel writes, is 16 bytes.
        else expect(bytes - planned_bytes, holder).toBe(holder === 'rollouts' ? 16 : 0);
      policy.destroy();
    });
});
