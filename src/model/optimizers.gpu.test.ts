import { describe, expect, it, vi } from 'vitest';
import { openTestGpu } from '../gpu/testing';
import { initialAdapter } from './adapter-layout';
import { SUPERVISED } from './loss';
import type { OptimizerSettings } from './optimizer';
import type { NamedTensors, Parameters } from './parameters';
import type { Policy } from './policy';
import type { AdamWMoments } from './reference/adamw';
import type { Weights } from './reference/policy';
import { generator, relativeError } from './reference/testing';
import { lossAndGradients, type OptimiserSettings, update } from './reference/training';
import {
  adamw,
  GRPO,
  makePolicy,
  REFERENCE_LOSS,
  randomBatch,
  randomWeights,
  sampling,
  tinyConfig,
} from './testing';
import { FULL, randomAdapter } from './testing-adapter';

const ADAMW = adamw({ max_grad_norm: 0.1 });
const EXPERTS: OptimizerSettings = { ...ADAMW, learning_rate: 0.003, beta2: 0.99, max_grad_norm: 1 };
const CONFIG = tinyConfig({ num_hidden_layers: 2, tie_word_embeddings: false });

const inReference = (s: OptimizerSettings): OptimiserSettings => ({
  learningRate: s.learning_rate,
  beta1: s.beta1,
  beta2: s.beta2,
  epsilon: s.epsilon,
  weightDecay: s.weight_decay,
  maxGradNorm: s.max_grad_norm,
});
const batch = (seed: number) => randomBatch(CONFIG, [12, 5, 21], seed, (length) => 1 / (length * 3));
const bits = (tensors: NamedTensors) =>
  [...tensors].map(([name, values]) => [name, Array.from(new Uint32Array(values.buffer))]);
const momentsOf = async ({ moments }: { moments: Parameters }) => [
  bits(await moments.download('mean')),
  bits(await moments.download('square')),
];
const adapterOf = (policy: Policy) => {
  if (!policy.adapter) throw new Error('the policy has no adapter');
  return policy.adapter;
};
const lastBlock = (name: string) => name.startsWith('model.layers.1.');

describe('two optimisers over the same weights', () => {
  it('each take their own AdamW steps, as the reference does with two states', async () => {
    const weights = randomWeights(CONFIG, 1);
    const policy = await makePolicy(await openTestGpu(), CONFIG, weights.f32, { experts: true });
    const want: Weights = new Map([...weights.f64].map(([name, w]) => [name, w.slice()]));
    const states = {
      policy: { moments: new Map<string, AdamWMoments>(), steps: 0, settings: ADAMW },
      experts: { moments: new Map<string, AdamWMoments>(), steps: 0, settings: EXPERTS },
    };
    const order = ['policy', 'policy', 'experts', 'policy', 'experts'] as const;
    for (const [i, optimizer] of order.entries()) {
      const { rows, reference } = batch(i);
      const other = policy.optimizer(optimizer === 'policy' ? 'experts' : 'policy');
      const before = await momentsOf(other);
      const state = states[optimizer];
      const report = await policy.trainStep(rows, GRPO, state.settings, { optimizer });
      const { gradients } = lossAndGradients(CONFIG, want, reference, REFERENCE_LOSS);
      const norm = update(CONFIG, want, gradients, state.moments, ++state.steps, inReference(state.settings));
      expect(relativeError([report.gradient.norm], [norm])).toBeLessThan(1e-4);
      expect(await momentsOf(other)).toEqual(before);
    }
    expect([policy.optimizer('policy').steps, policy.optimizer('experts').steps]).toEqual([3, 2]);
    expect(policy.optimizerSteps).toBe(3);
    for (const [name, values] of await policy.download('weights'))
      expect(relativeError(values, want.get(name) ?? []), name).toBeLessThan(1e-4);
    for (const optimizer of ['policy', 'experts'] as const) {
      const { moments } = policy.optimizer(optimizer);
      for (const [name, values] of await moments.download('mean'))
        expect(
          relativeError(values, states[optimizer].moments.get(name)?.first ?? []),
          `${optimizer} ${name}`,
        ).toBeLessThan(1e-3);
    }
    policy.destroy();
  });

  it('go on from uploaded moments and steps bit for bit', async () => {
    const gpu = await openTestGpu();
    const { f32 } = randomWeights(CONFIG, 1);
    const first = await makePolicy(gpu, CONFIG, f32, { experts: true });
    const step = (policy: Policy, i: number) =>
      policy.trainStep(batch(i).rows, GRPO, EXPERTS, { optimizer: 'experts' });
    await step(first, 0);
    const { moments, steps } = first.optimizer('experts');
    const [mean, square] = [await moments.download('mean'), await moments.download('square')];
    const second = await makePolicy(gpu, CONFIG, await first.download('weights'), { experts: true });
    const resumed = second.optimizer('experts');
    resumed.moments.upload(mean, 'mean');
    resumed.moments.upload(square, 'square');
    resumed.steps = steps;
    expect(await step(second, 1)).toEqual(await step(first, 1));
    expect(bits(await second.download('weights'))).toEqual(bits(await first.download('weights')));
    first.destroy();
    second.destroy();
  });
});

describe('frozen tensors', () => {
  it('keep their bits and those of their moments, and count for nothing in the norm', async () => {
    const policy = await makePolicy(await openTestGpu(), CONFIG, randomWeights(CONFIG, 1).f32);
    // Moments to lose, which would move the weights without a gradient, as decay would.
    await policy.trainStep(batch(0).rows, GRPO, ADAMW);
    const kinds = ['weights', 'mean', 'square'] as const;
    const download = async () =>
      Object.fromEntries(await Promise.all(kinds.map(async (k) => [k, await policy.download(k)] as const)));
    const before = await download();
    policy.accumulate(batch(1).rows, GRPO);
    const gradients = await policy.download('gradient');
    const { gradient } = await policy.applyGradient(ADAMW, { trainable: lastBlock });
    const after = await download();

    const moving: Weights = new Map();
    const moments = new Map<string, AdamWMoments>();
    const want: Weights = new Map();
    for (const [name, values] of gradients) {
      const double = (kind: (typeof kinds)[number]) => Float64Array.from(before[kind].get(name) ?? []);
      moving.set(name, lastBlock(name) ? Float64Array.from(values) : new Float64Array(values.length));
      moments.set(name, { first: double('mean'), second: double('square') });
      want.set(name, double('weights'));
    }
    const norm = update(CONFIG, want, moving, moments, 2, inReference(ADAMW));
    expect(relativeError([gradient.norm], [norm])).toBeLessThan(1e-5);
    for (const name of gradients.keys())
      if (lastBlock(name)) {
        expect(after.weights.get(name), name).not.toEqual(before.weights.get(name));
        expect(relativeError(after.weights.get(name) ?? [], want.get(name) ?? []), name).toBeLessThan(1e-5);
        const { first, second } = moments.get(name) ?? { first: [], second: [] };
        expect(relativeError(after.mean.get(name) ?? [], first), name).toBeLessThan(1e-4);
        expect(relativeError(after.square.get(name) ?? [], second), name).toBeLessThan(1e-4);
      } else
        for (const kind of kinds)
          expect(after[kind].get(name), `${kind} of ${name}`).toEqual(before[kind].get(name));
    policy.destroy();
  });

  it('can be single parts of a tensor that is one on the device, at places no binding begins at', async () => {
    const policy = await makePolicy(await openTestGpu(), CONFIG, randomWeights(CONFIG, 1).f32);
    const before = await policy.download('weights');
    await policy.trainStep(batch(0).rows, GRPO, ADAMW, { trainable: (name) => name.includes('k_proj') });
    for (const [name, values] of await policy.download('weights'))
      if (name.includes('k_proj'))
        for (const [i, w] of values.entries()) expect(w).not.toBe(before.get(name)?.[i]);
      else expect(values, name).toEqual(before.get(name));
    policy.destroy();
  });

  it('may be none, which is the same bits as naming none, or all', async () => {
    const { f32 } = randomWeights(CONFIG, 1);
    const run = async (trainable?: (name: string) => boolean) => {
      const policy = await makePolicy(await openTestGpu(), CONFIG, f32);
      const reports = [];
      for (const i of [0, 1]) reports.push(await policy.trainStep(batch(i).rows, GRPO, ADAMW, { trainable }));
      const result = {
        reports,
        weights: bits(await policy.download('weights')),
        mean: bits(await policy.download('mean')),
      };
      policy.destroy();
      return result;
    };
    expect(await run(() => true)).toEqual(await run());
    const none = await run(() => false);
    expect(none.weights).toEqual(bits(f32));
    expect(none.reports[0].gradient).toEqual({ norm: 0, scale: 1, finite: true, broken: 0 });
  });

  it('can be an adapter’s, and infinity in a frozen gradient breaks nothing', async () => {
    const policy = await makePolicy(await openTestGpu(), CONFIG, randomWeights(CONFIG, 1).f32, {
      adapter: FULL,
    });
    const adapter = adapterOf(policy);
    const values = randomAdapter(CONFIG, FULL, 2).f32;
    // Makes every gradient of lora_B of this layer overflow, and of no other tensor.
    values.get('model.layers.1.mlp.down_proj.lora_A.weight')?.fill(3e38);
    values.get('model.layers.1.mlp.down_proj.lora_B.weight')?.fill(0);
    adapter.parameters.upload(values);
    const through = 'adapter';
    const rows = batch(0).rows.map((row) => ({ ...row, weight: 100 * row.weight }));
    const refused = await policy.trainStep(rows, SUPERVISED, ADAMW, { through });
    expect(refused.gradient.finite).toBe(false);
    expect(policy.optimizer('adapter').steps).toBe(0);
    expect(await policy.brokenTensors('adapter')).toEqual(['model.layers.1.mlp.down_proj.lora_B.weight']);
    expect(bits(await adapter.parameters.download())).toEqual(bits(values));
    const trainable = (name: string) => !name.startsWith('model.layers.1.mlp.down_proj');
    const { gradient } = await policy.trainStep(rows, SUPERVISED, ADAMW, { through, trainable });
    expect(gradient).toMatchObject({ finite: true, broken: 0 });
    for (const [name, after] of await adapter.parameters.download()) {
      if (trainable(name)) expect(after, name).not.toEqual(values.get(name));
      else expect(after, name).toEqual(values.get(name));
    }
    policy.destroy();
  });
});

describe('steady state with an adapter, a second optimiser and frozen tensors', () => {
  it('creates no buffer, bind group or pipeline', async () => {
    const gpu = await openTestGpu();
    const policy = await makePolicy(gpu, CONFIG, randomWeights(CONFIG, 1).f32, {
      tokens: 48,
      reference: true,
      adapter: FULL,
      experts: true,
      decodeRows: 4,
      cacheLength: 30,
      newTokens: 20,
    });
    adapterOf(policy).parameters.upload(initialAdapter(CONFIG, FULL, generator(1)));
    const { device } = gpu;
    const before = [policy.buffersCreated, gpu.kernels.size];
    const spies = (
      [
        'createBuffer',
        'createBindGroup',
        'createBindGroupLayout',
        'createShaderModule',
        'createComputePipelineAsync',
      ] as const
    ).map((name) => vi.spyOn(device, name));
    for (const seed of [0, 1]) {
      const rows = batch(seed).rows.map((row) => ({ ...row, referenceLogps: undefined }));
      for (const through of ['policy', 'adapter'] as const) {
        await policy.trainStep(rows, GRPO, ADAMW, { through });
        const prompts = rows.map(({ tokens }, id) => ({ prompt: tokens.slice(0, 5), id, limit: 19 }));
        await policy.decode(prompts, sampling(), { seed, purpose: 3, step: 1 }, undefined, { through });
      }
      await policy.trainStep(rows, SUPERVISED, EXPERTS, { optimizer: 'experts', trainable: lastBlock });
    }
    for (const spy of spies) expect(spy, spy.getMockName()).not.toHaveBeenCalled();
    for (const spy of spies) spy.mockRestore();
    expect([policy.buffersCreated, gpu.kernels.size]).toEqual(before);
    policy.destroy();
  });

  for (const changes of [
    {},
    { adapter: FULL },
    { experts: true },
    { adapter: FULL, experts: true, reference: true },
    { adapter: FULL, trained: false },
  ])
    it(`takes the storage that was planned: ${Object.keys(changes).join(', ')}`, async () => {
      const gpu = await openTestGpu();
      const spy = vi.spyOn(gpu.device, 'createBuffer');
      const policy = await makePolicy(gpu, CONFIG, randomWeights(CONFIG, 1).f32, {
        decodeRows: 4,
        cacheLength: 30,
        newTokens: 20,
        ...changes,
      });
      const { STORAGE, UNIFORM } = GPUBufferUsage;
      const made = spy.mock.calls
        .filter(([{ usage }]) => usage & STORAGE && !(usage & UNIFORM))
        .reduce((sum, [{ size }]) => sum + size, 0);
      spy.mockRestore();
      expect(made).toBe(policy.plan.bytes);
      policy.destroy();
    });
});
