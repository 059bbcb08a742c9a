import { describe, expect, it, vi } from 'vitest';
import { openTestGpu } from '../gpu/testing';
import { SUPERVISED } from './loss';
import type { NamedTensors } from './parameters';
import { relativeError } from './reference/testing';
import { trainSteps } from './reference/training';
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

const ADAMW = adamw({ max_grad_norm: 0.1 });
const SAMPLING = sampling();
const RANDOMNESS = { seed: 5, purpose: 3, step: 1 };

const get = (tensors: NamedTensors, name: string) => {
  const values = tensors.get(name);
  if (!values) throw new Error(`no tensor ${name}`);
  return values;
};
const bits = (tensors: NamedTensors) =>
  [...tensors].map(([name, values]) => [name, Array.from(new Uint32Array(values.buffer))]);

describe('a training step', () => {
  it('is AdamW on the clipped gradient, three times as the reference does it', async () => {
    const config = tinyConfig({ num_hidden_layers: 2, tie_word_embeddings: false });
    const weights = randomWeights(config, 1);
    const batch = randomBatch(config, [12, 5, 21], 2, (length) => 1 / (length * 3));
    const policy = await makePolicy(await openTestGpu(), config, weights.f32);
    const norms: number[] = [];
    const losses: number[] = [];
    for (let step = 0; step < 3; step++) {
      const { gradient, rollouts } = await policy.trainStep(batch.rows, GRPO, ADAMW);
      expect(gradient).toMatchObject({ finite: true, broken: 0 });
      expect(gradient.scale).toBeLessThan(1);
      norms.push(gradient.norm);
      losses.push(rollouts.reduce((sum, r) => sum + r.loss, 0));
    }
    expect(policy.optimizerSteps).toBe(3);
    const after = await policy.download('weights');
    policy.destroy();
    const want = trainSteps(
      config,
      weights.f64,
      batch.reference,
      REFERENCE_LOSS,
      {
        learningRate: ADAMW.learning_rate,
        beta1: ADAMW.beta1,
        beta2: ADAMW.beta2,
        epsilon: ADAMW.epsilon,
        weightDecay: ADAMW.weight_decay,
        maxGradNorm: ADAMW.max_grad_norm,
      },
      3,
    );
    expect(relativeError(norms, want.gradNorms)).toBeLessThan(1e-4);
    expect(relativeError(losses, want.losses)).toBeLessThan(1e-4);
    for (const [name, values] of after) {
      expect(relativeError(values, want.weights.get(name) ?? []), name).toBeLessThan(1e-4);
      expect(values, `${name} moved`).not.toEqual(weights.f32.get(name));
    }
  });

  for (const width of [6, 12])
    it(`of width ${width} is the same, bit for bit, whatever of the activations is made again`, async () => {
      // Three layers, so that a block is between others; rows decoded in between take turns in the same buffers.
      const config = tinyConfig({ num_hidden_layers: 3, hidden_size: width, intermediate_size: 2 * width });
      const weights = randomWeights(config, 11);
      const batch = randomBatch(config, [12, 5, 21, 30], 12, (length) => 1 / (length * 4));
      const gpu = await openTestGpu();
      const run = async (gradientCheckpointing?: 'off' | 'mlp' | 'block') => {
        const policy = await makePolicy(gpu, config, weights.f32, {
          tokens: 40,
          gradientCheckpointing,
          decodeRows: 2,
          cacheLength: 12,
          newTokens: 8,
        });
        const reports = [];
        for (let step = 0; step < 2; step++) {
          reports.push(await policy.trainStep(batch.rows, GRPO, ADAMW));
          await policy.decode([{ prompt: [1, 2], id: 0, limit: 8 }], SAMPLING, RANDOMNESS);
        }
        const { activationBytes } = policy.plan;
        const result = { reports, weights: bits(await policy.download('weights')) };
        const gradient = bits(await policy.download('gradient'));
        policy.destroy();
        return { result: { ...result, gradient }, activationBytes };
      };
      const kept = await run();
      for (const mode of ['off', 'mlp', 'block'] as const) {
        const { result, activationBytes } = await run(mode);
        expect(result, mode).toEqual(kept.result);
        if (mode !== 'off') expect(activationBytes).toBeLessThan(kept.activationBytes);
      }
    });

  it('touches no embedding that the loss does not depend on', async () => {
    const config = tinyConfig({ tie_word_embeddings: false });
    const { f32 } = randomWeights(config, 3);
    const policy = await makePolicy(await openTestGpu(), config, f32);
    const row = { advantage: 1, weight: 1, oldLogps: [0, 0] };
    // 4 is only read after the last active token is predicted; 9 is in another row without active tokens.
    const rows = [
      { ...row, tokens: [1, 2, 3, 4], active: [2, 3] },
      { ...row, tokens: [9, 9], active: [], oldLogps: [] },
    ];
    policy.accumulate(rows, SUPERVISED);
    const table = get(await policy.download('gradient'), 'model.embed_tokens.weight');
    for (let id = 0; id < config.vocab_size; id++) {
      const own = table.slice(id * config.hidden_size, (id + 1) * config.hidden_size);
      expect(
        own.every((g) => g === 0),
        `token ${id}`,
      ).toBe(![1, 2, 3].includes(id));
    }
    policy.accumulate([rows[1]], SUPERVISED);
    for (const [name, gradient] of await policy.download('gradient'))
      expect(
        gradient.every((g) => g === 0),
        name,
      ).toBe(true);
    const { gradient, rollouts } = await policy.applyGradient(ADAMW);
    expect(gradient).toEqual({ norm: 0, scale: 1, finite: true, broken: 0 });
    expect(rollouts.map((r) => r.loss)).toEqual([0]);
    policy.destroy();
  });

  it('refuses rows it was not planned for, and log-probabilities that do not fit theirs', async () => {
    const config = tinyConfig();
    const policy = await makePolicy(await openTestGpu(), config, randomWeights(config, 3).f32, {
      tokens: 8,
      batchRows: 2,
    });
    const row = { tokens: [1, 2, 3], active: [1, 2], advantage: 1, weight: 1, oldLogps: [-1, -1] };
    expect(() => policy.accumulate([row, row, row], GRPO)).toThrow('expected at most 2 rows, got 3');
    const long = { ...row, tokens: new Array<number>(9).fill(1) };
    expect(() => policy.accumulate([long], GRPO)).toThrow(/at most 8 tokens, got one of 9; raise/);
    expect(() => policy.accumulate([{ ...row, oldLogps: [-1] }, row], { ...GRPO, beta: 0 })).toThrow(
      'train: row 0: expected 2 old log-probabilities, got 1',
    );
    expect(() => policy.accumulate([row, { ...row, referenceLogps: [-1, -1, -1] }], GRPO)).toThrow(
      'train: row 1: expected 2 reference log-probabilities, got 3',
    );
    policy.destroy();
  });
});

describe('the reference of the KL term', () => {
  for (const temperature of [1, 0.7])
    it(`gives what given log-probabilities give, at temperature ${temperature}`, async () => {
      const config = tinyConfig({ num_hidden_layers: 2 });
      const [own, other] = [randomWeights(config, 1), randomWeights(config, 2)];
      const batch = randomBatch(config, [11, 30, 4], 3, (length) => 1 / length);
      const gpu = await openTestGpu();
      const scorer = await makePolicy(gpu, config, other.f32, { trained: false });
      const scored = await scorer.score(batch.rows, { temperature });
      scorer.destroy();
      const loss = { ...GRPO, beta: 0.3, temperature };
      const policy = await makePolicy(gpu, config, own.f32, { tokens: 40, reference: true });
      policy.setReference(other.f32);
      policy.accumulate(
        batch.rows.map((row, r) => ({ ...row, referenceLogps: scored[r].logps })),
        loss,
      );
      const given = { sums: await policy.report(), gradients: await policy.download('gradient') };
      policy.accumulate(
        batch.rows.map((row) => ({ ...row, referenceLogps: undefined })),
        loss,
      );
      expect(await policy.report()).toEqual(given.sums);
      expect(given.sums[0].kl).toBeGreaterThan(0.01);
      expect(bits(await policy.download('gradient'))).toEqual(bits(given.gradients));

      // A policy that is its own reference has no divergence from it.
      policy.setReference(own.f32);
      policy.accumulate(
        batch.rows.map((row) => ({ ...row, referenceLogps: undefined })),
        loss,
      );
      for (const { kl } of await policy.report()) expect(Math.abs(kl)).toBeLessThan(1e-6);
      policy.destroy();
    });
});

describe('steady state', () => {
  it('creates no buffer, bind group or pipeline in a step or while decoding', async () => {
    const gpu = await openTestGpu();
    const config = tinyConfig({ num_hidden_layers: 2 });
    const policy = await makePolicy(gpu, config, randomWeights(config, 1).f32, {
      tokens: 48,
      reference: true,
      decodeRows: 4,
      cacheLength: 30,
      newTokens: 20,
    });
    const step = async (lengths: number[], level: 'token' | 'sequence') => {
      const { rows } = randomBatch(config, lengths, lengths[0], (length) => 1 / length);
      const own = rows.map((row) => ({ ...row, referenceLogps: undefined }));
      await policy.trainStep(own, { ...GRPO, kind: level }, ADAMW);
      const prompts = lengths
        .slice(0, 4)
        .map((n, id) => ({ prompt: rows[0].tokens.slice(0, n % 9 || 1), id, limit: 19 }));
      return policy.decode(prompts, SAMPLING, RANDOMNESS);
    };
    await step([5, 9, 3], 'token');
    const { device } = gpu;
    const before = [policy.buffersCreated, gpu.kernels.size];
    const spies = (
      [
        'createBuffer',
        'createBindGroup',
        'createBindGroupLayout',
        'createShaderModule',
        'createComputePipeline',
        'createComputePipelineAsync',
      ] as const
    ).map((name) => vi.spyOn(device, name));
    await step([40, 2, 17, 30], 'sequence');
    await step([8], 'token');
    for (const spy of spies) expect(spy, spy.getMockName()).not.toHaveBeenCalled();
    // The spies do see such a call.
    device.createBuffer({ size: 4, usage: GPUBufferUsage.COPY_DST }).destroy();
    expect(spies[0]).toHaveBeenCalledOnce();
    for (const spy of spies) spy.mockRestore();
    expect([policy.buffersCreated, gpu.kernels.size]).toEqual(before);
    policy.destroy();
  });

  it('gives the same bits every time', async () => {
    const gpu = await openTestGpu();
    const config = tinyConfig({ num_hidden_layers: 2 });
    const { f32 } = randomWeights(config, 9);
    const run = async () => {
      const policy = await makePolicy(gpu, config, f32, {
        tokens: 40,
        decodeRows: 5,
        cacheLength: 30,
        newTokens: 20,
      });
      const reports: unknown[] = [];
      for (let step = 0; step < 3; step++) {
        const { rows } = randomBatch(config, [30, 7, 22, 13, 1], step, (_, active) => 1 / active);
        reports.push(await policy.trainStep(rows, GRPO, ADAMW));
        const prompts = rows.map(({ tokens }, id) => ({ prompt: tokens.slice(0, 8), id, limit: 17 }));
        reports.push(await policy.decode(prompts, SAMPLING, { ...RANDOMNESS, step }));
      }
      for (const kind of ['weights', 'mean', 'square'] as const)
        reports.push(bits(await policy.download(kind)));
      policy.destroy();
      return reports;
    };
    expect(await run()).toEqual(await run());
  });
});
