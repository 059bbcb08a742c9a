import { describe, expect, it } from 'vitest';
import { create, globals } from 'webgpu';
import { DeviceLost, openGpu } from '../gpu/device';
import { openTestGpu } from '../gpu/testing';
import { SUPERVISED } from './loss';
import type { NamedTensors } from './parameters';
import { adamw, makePolicy, randomBatch, randomWeights, sampling, tinyConfig } from './testing';

const ADAMW = adamw();
const SAMPLING = sampling(99);
const RANDOMNESS = { seed: 1, purpose: 3, step: 0 };
const DECODING = { decodeRows: 2, cacheLength: 30, newTokens: 24 };

const bits = (tensors: NamedTensors) =>
  [...tensors].map(([name, values]) => [name, Array.from(new Uint32Array(values.buffer))]);

describe('a gradient that is not finite', () => {
  for (const [name, tensor, value] of [
    ['infinity in a projection', 'model.layers.0.mlp.down_proj.weight', Number.POSITIVE_INFINITY],
    ['NaN in a norm', 'model.layers.1.input_layernorm.weight', Number.NaN],
    ['minus infinity in the head', 'lm_head.weight', Number.NEGATIVE_INFINITY],
  ] as const)
    it(`is reported and not applied: ${name}`, async () => {
      const config = tinyConfig({ num_hidden_layers: 2, tie_word_embeddings: false });
      const weights = randomWeights(config, 1).f32;
      const { rows } = randomBatch(config, [9, 14], 2, (_, active) => 1 / active);
      const policy = await makePolicy(await openTestGpu(), config, weights);
      // A sound step first, so that the moments are something to lose.
      expect((await policy.trainStep(rows, SUPERVISED, ADAMW)).gradient.finite).toBe(true);
      const broken = await policy.download('weights');
      (broken.get(tensor) ?? new Float32Array(0))[3] = value;
      policy.parameters.upload(broken);
      const state = async () => [
        bits(await policy.download('weights')),
        bits(await policy.download('mean')),
        bits(await policy.download('square')),
      ];
      const before = await state();
      const { gradient } = await policy.trainStep(rows, SUPERVISED, ADAMW);
      expect(gradient.finite).toBe(false);
      expect(gradient.broken).toBeGreaterThan(0);
      expect(await state()).toEqual(before);
      expect(policy.optimizerSteps).toBe(1);
      const names = await policy.brokenTensors();
      expect(names.length).toBeGreaterThan(0);
      for (const each of names) expect(weights.has(each), each).toBe(true);

      // With sound weights again, the same policy trains on.
      policy.parameters.upload(weights);
      expect((await policy.trainStep(rows, SUPERVISED, ADAMW)).gradient.finite).toBe(true);
      expect(policy.optimizerSteps).toBe(2);
      expect(await policy.brokenTensors()).toEqual([]);
      policy.destroy();
    });
});

describe('a device that is lost', () => {
  /** A device of its own, whose loss troubles no other test. The instance is held: devices must not outlive it. */
  const instances: GPU[] = [];
  async function losable() {
    Object.assign(globalThis, globals);
    instances.push(create([]));
    const gpu = await openGpu(instances[instances.length - 1]);
    const config = tinyConfig();
    const policy = await makePolicy(gpu, config, randomWeights(config, 1).f32, DECODING);
    return { gpu, policy, rows: randomBatch(config, [9, 14], 2, (_, active) => 1 / active).rows };
  }
  const prompts = [0, 1].map((id) => ({ prompt: [1, 2, 3], id, limit: 24 }));

  it('makes a training step and decoding fail, and says so', async () => {
    const { gpu, policy, rows } = await losable();
    await policy.trainStep(rows, SUPERVISED, ADAMW);
    expect(gpu.failure()).toBeNull();
    gpu.device.destroy();
    await expect(policy.trainStep(rows, SUPERVISED, ADAMW)).rejects.toThrow();
    await expect(policy.decode(prompts, SAMPLING, RANDOMNESS)).rejects.toThrow();
    await expect(gpu.lost).rejects.toBeInstanceOf(DeviceLost);
    expect(gpu.failure()).toBeInstanceOf(DeviceLost);
    expect(policy.optimizerSteps).toBe(1);
  });

  it('makes a training step that is under way fail', async () => {
    const { gpu, policy, rows } = await losable();
    const step = policy.trainStep(rows, SUPERVISED, ADAMW);
    gpu.device.destroy();
    await expect(step).rejects.toThrow();
    await expect(gpu.lost).rejects.toThrow(/device lost \(destroyed\)/);
  });

  it('makes decoding that is under way fail', async () => {
    const { gpu, policy } = await losable();
    let calls = 0;
    const decoding = policy.decode(prompts, SAMPLING, RANDOMNESS, () => {
      if (++calls === 1) gpu.device.destroy();
    });
    await expect(decoding).rejects.toThrow();
    await expect(gpu.lost).rejects.toBeInstanceOf(DeviceLost);
  });
});
