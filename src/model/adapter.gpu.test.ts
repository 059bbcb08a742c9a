import { describe, expect, it } from 'vitest';
import { openTestGpu } from '../gpu/testing';
import { type AdapterSpec, initialAdapter, nameOfA, nameOfB } from './adapter-layout';
import { positionsFrom } from './batch';
import type { LlamaConfig } from './config';
import { SUPERVISED } from './loss';
import type { NamedTensors } from './parameters';
import type { Policy } from './policy';
import { rowLogits } from './reference/policy';
import { generator, relativeError } from './reference/testing';
import { lossAndGradients } from './reference/training';
import {
  adamw,
  expectClose,
  GRPO,
  makePolicy,
  REFERENCE_LOSS,
  randomBatch,
  randomWeights,
  sampling,
  tinyConfig,
} from './testing';
import { adapterGradients, FULL, mergedWeights, randomAdapter } from './testing-adapter';

const ADAMW = adamw();
const SAMPLING = sampling();
const RANDOMNESS = { seed: 5, purpose: 3, step: 1 };
const DECODING = { decodeRows: 5, cacheLength: 32, newTokens: 20 };
/** Sizes at which no part of a merged tensor begins where a binding could. */
const CONFIG = tinyConfig({
  hidden_size: 10,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 6,
});
const THROUGH = { through: 'adapter' } as const;

const bits = (tensors: NamedTensors) =>
  [...tensors].map(([name, values]) => [name, Array.from(new Uint32Array(values.buffer))]);
const adapterOf = (policy: Policy) => {
  if (!policy.adapter) throw new Error('the policy has no adapter');
  return policy.adapter;
};
const byLength = (_: number, active: number) => 1 / active;
const prompts = [0, 1, 2, 3, 4].map((id) => ({
  prompt: positionsFrom(1, 3 + 2 * id),
  id,
  limit: 20 - id,
}));

/** A policy with an adapter of random values. */
async function adapted(config: LlamaConfig, spec: AdapterSpec, capacity: Partial<Policy['capacity']> = {}) {
  const weights = randomWeights(config, 7);
  const adapter = randomAdapter(config, spec, 8);
  const policy = await makePolicy(await openTestGpu(), config, weights.f32, { adapter: spec, ...capacity });
  adapterOf(policy).parameters.upload(adapter.f32);
  return { policy, weights, adapter };
}

const CASES: Record<string, { config: LlamaConfig; spec: AdapterSpec; tokens?: number }> = {
  'every linear layer and norm, in several micro-batches': { config: CONFIG, spec: FULL, tokens: 40 },
  'an untied head and keys alone, without norms': {
    config: tinyConfig({ num_hidden_layers: 2, tie_word_embeddings: false }),
    spec: { rank: 1, alpha: 0.5, targets: ['k_proj', 'lm_head'], norms: false },
  },
  'sizes that are multiples of 4': {
    config: tinyConfig({ hidden_size: 8, intermediate_size: 12, vocab_size: 16 }),
    spec: { rank: 4, alpha: 8, targets: ['v_proj', 'up_proj', 'down_proj'], norms: true },
  },
};

describe('rows through an adapter, against the float64 reference with merged weights', () => {
  for (const [name, { config, spec, tokens }] of Object.entries(CASES))
    it(`have its logits and its gradients: ${name}`, async () => {
      const { policy, weights, adapter } = await adapted(config, spec, { tokens: tokens ?? 128 });
      const batch = randomBatch(config, [13, 33, 3], 3, (length) => 1 / (length * 3));
      const merged = mergedWeights(config, spec, weights.f64, adapter.f64);

      const everywhere = batch.rows.map((row) => ({ ...row, active: positionsFrom(1, row.tokens.length) }));
      const scored = await policy.score(everywhere, { ...THROUGH, logits: true });
      rowLogits(config, merged, batch.reference.ids).forEach((logits, r) => {
        const got = scored[r].logits ?? new Float32Array(0);
        expectClose(got, logits.slice(0, got.length), `logits of row ${r}`, { absolute: 3e-5 });
        expect(got.length).toBeGreaterThan(0);
      });

      policy.accumulate(batch.rows, GRPO, THROUGH);
      const loss = (await policy.report()).reduce((sum, r) => sum + r.loss, 0);
      const gradients = await adapterOf(policy).parameters.download('gradient');
      const want = lossAndGradients(config, merged, batch.reference, REFERENCE_LOSS);
      expect(loss).toBeCloseTo(want.loss, 5);
      const wanted = adapterGradients(config, spec, adapter.f64, want.gradients);
      expect([...gradients.keys()].sort()).toEqual([...wanted.keys()].sort());
      for (const [tensor, gradient] of gradients)
        expect(relativeError(gradient, wanted.get(tensor) ?? []), tensor).toBeLessThan(5e-5);
      // Accumulating anew does not add to what was there.
      policy.accumulate(batch.rows, GRPO, THROUGH);
      expect(bits(await adapterOf(policy).parameters.download('gradient'))).toEqual(bits(gradients));
      policy.destroy();
    });

  it('have the slope of the reference’s own loss as their gradient', async () => {
    const { policy, weights, adapter } = await adapted(CONFIG, FULL);
    const batch = randomBatch(CONFIG, [9, 14], 2, (length) => 1 / (length * 2));
    policy.accumulate(batch.rows, GRPO, THROUGH);
    const gradients = await adapterOf(policy).parameters.download('gradient');
    policy.destroy();
    const loss = () =>
      lossAndGradients(
        CONFIG,
        mergedWeights(CONFIG, FULL, weights.f64, adapter.f64),
        batch.reference,
        REFERENCE_LOSS,
      ).loss;
    const module = 'model.layers.1.mlp';
    for (const name of [
      'model.layers.0.self_attn.k_proj.lora_A.weight',
      'model.layers.0.self_attn.v_proj.lora_B.weight',
      `${module}.up_proj.lora_A.weight`,
      `${module}.down_proj.lora_B.weight`,
      'model.layers.1.input_layernorm.offset',
      'model.norm.offset',
    ]) {
      const gradient = gradients.get(name) ?? new Float32Array(0);
      const values = adapter.f64.get(name) ?? new Float64Array(0);
      const at = gradient.reduce((best, g, i) => (Math.abs(g) > Math.abs(gradient[best]) ? i : best), 0);
      const value = values[at];
      values[at] = value + 1e-5;
      const above = loss();
      values[at] = value - 1e-5;
      const slope = (above - loss()) / 2e-5;
      values[at] = value;
      expect(Math.abs(slope), name).toBeGreaterThan(1e-4);
      expect(Math.abs(gradient[at] - slope), name).toBeLessThan(1e-6 + 1e-4 * Math.abs(slope));
    }
  });
});

describe('an adapter and the policy under it', () => {
  it('are the same bits while the adapter is at its first values', async () => {
    const { policy } = await adapted(CONFIG, FULL, DECODING);
    adapterOf(policy).parameters.upload(initialAdapter(CONFIG, FULL, generator(1)));
    const { rows } = randomBatch(CONFIG, [13, 33, 3], 3, byLength);
    expect(await policy.score(rows, { ...THROUGH, logits: true })).toEqual(
      await policy.score(rows, { logits: true }),
    );
    const decode = (through: 'policy' | 'adapter') =>
      policy.decode(prompts, SAMPLING, RANDOMNESS, undefined, { through });
    expect(await decode('adapter')).toEqual(await decode('policy'));
    expect(await policy.evaluateLoss(rows, GRPO, THROUGH)).toEqual(await policy.evaluateLoss(rows, GRPO));
    // The factor that meets zeros does not learn yet, the other does.
    policy.accumulate(rows, SUPERVISED, THROUGH);
    const gradients = await adapterOf(policy).parameters.download('gradient');
    const zero = (name: string) => gradients.get(name)?.every((g) => g === 0);
    expect(zero(nameOfA('model.layers.0.self_attn.q_proj'))).toBe(true);
    expect(zero(nameOfB('model.layers.0.self_attn.q_proj'))).toBe(false);
    policy.destroy();
  });

  it('give the base exactly no gradient from the adapter’s rows', async () => {
    const { policy, weights } = await adapted(CONFIG, FULL);
    const { rows } = randomBatch(CONFIG, [13, 33, 3], 3, byLength);
    policy.accumulate(rows, SUPERVISED, THROUGH);
    for (const [name, values] of await policy.download('gradient'))
      expect(
        values.every((g) => g === 0),
        name,
      ).toBe(true);
    policy.accumulate(rows.slice(1), SUPERVISED);
    const own = await policy.download('gradient');
    const adapterBefore = await adapterOf(policy).parameters.download('weights');
    const report = await policy.trainStep(rows, SUPERVISED, ADAMW, THROUGH);
    expect(report.gradient.norm).toBeGreaterThan(0);
    expect(bits(await policy.download('gradient'))).toEqual(bits(own));
    expect(bits(await policy.download('weights'))).toEqual(bits(weights.f32));
    expect(policy.optimizerSteps).toBe(0);
    expect(policy.optimizer('adapter').steps).toBe(1);
    for (const [name, values] of await adapterOf(policy).parameters.download('weights'))
      expect(values, `${name} moved`).not.toEqual(adapterBefore.get(name));
    policy.destroy();
  });

  it('leave the policy’s rows the same bits as without an adapter, its steps in between or not', async () => {
    const { f32 } = randomWeights(CONFIG, 7);
    const run = async (adapter: AdapterSpec | undefined) => {
      const policy = await makePolicy(await openTestGpu(), CONFIG, f32, { adapter, ...DECODING, tokens: 40 });
      if (adapter) adapterOf(policy).parameters.upload(randomAdapter(CONFIG, adapter, 8).f32);
      const results: unknown[] = [];
      for (let step = 0; step < 2; step++) {
        const { rows } = randomBatch(CONFIG, [13, 33, 3], step, byLength);
        if (adapter) {
          await policy.score(rows, { ...THROUGH, temperature: 0.5 });
          await policy.decode(prompts, SAMPLING, RANDOMNESS, undefined, THROUGH);
          await policy.trainStep(rows.slice(0, 2), SUPERVISED, ADAMW, THROUGH);
        }
        results.push(
          await policy.decode(prompts, SAMPLING, { ...RANDOMNESS, step }),
          await policy.score(rows, { logits: true }),
          await policy.trainStep(rows, GRPO, ADAMW),
        );
      }
      for (const kind of ['weights', 'gradient', 'mean', 'square'] as const)
        results.push(bits(await policy.download(kind)));
      policy.destroy();
      return results;
    };
    expect(await run(FULL)).toEqual(await run(undefined));
  });

  it('are merged anew after either learns, and after either is uploaded', async () => {
    const { policy, weights } = await adapted(CONFIG, FULL);
    const { rows } = randomBatch(CONFIG, [13, 33, 3], 3, byLength);
    const adapter = adapterOf(policy);
    const check = async (what: string) => {
      await policy.score(rows, THROUGH);
      const double = (tensors: NamedTensors) =>
        new Map([...tensors].map(([name, values]) => [name, Float64Array.from(values)]));
      const want = mergedWeights(
        CONFIG,
        FULL,
        double(await policy.download('weights')),
        double(await adapter.parameters.download()),
      );
      for (const [name, values] of await adapter.merged.download())
        expectClose(values, want.get(name) ?? [], `${what}: ${name}`, { absolute: 5e-7 });
      return adapter.merged.version;
    };
    const versions = [await check('at first')];
    expect(await check('without a change')).toBe(versions[0]);
    await policy.trainStep(rows, SUPERVISED, ADAMW);
    versions.push(await check('after a step of the policy'));
    await policy.trainStep(rows, SUPERVISED, ADAMW, THROUGH);
    versions.push(await check('after a step of the adapter'));
    policy.parameters.upload(weights.f32);
    versions.push(await check('after an upload of the policy'));
    adapter.parameters.upload(randomAdapter(CONFIG, FULL, 9).f32);
    versions.push(await check('after an upload of the adapter'));
    expect(new Set(versions).size).toBe(5);

    // The merged weights as a policy of their own are the same policy.
    const scored = await policy.score(rows, { ...THROUGH, logits: true });
    const other = await makePolicy(await openTestGpu(), CONFIG, await adapter.merged.download());
    expect(await other.score(rows, { logits: true })).toEqual(scored);
    other.destroy();
    policy.destroy();
  });
});

describe('decoding through an adapter', () => {
  for (const trained of [true, false])
    it(`draws from what scoring through it says, ${trained ? 'trained' : 'only read'}`, async () => {
      const { policy } = await adapted(CONFIG, FULL, { ...DECODING, tokens: 64, trained });
      const decoded = await policy.decode(prompts, SAMPLING, RANDOMNESS, undefined, THROUGH);
      const whole = prompts.map(({ prompt }, r) => {
        const tokens = [...prompt, ...decoded[r].tokens];
        return { tokens, active: positionsFrom(prompt.length, tokens.length) };
      });
      const scored = await policy.score(whole, THROUGH);
      const others = await policy.score(whole);
      let apart = 0;
      decoded.forEach(({ logps, entropies }, r) => {
        expect(logps.length).toBeGreaterThan(0);
        expectClose(logps, scored[r].logps, `logps of row ${r}`, { absolute: 2e-5 });
        expectClose(entropies, scored[r].entropies, `entropies of row ${r}`, { absolute: 2e-5 });
        apart = Math.max(apart, ...logps.map((logp, i) => Math.abs(logp - others[r].logps[i])));
      });
      expect(apart).toBeGreaterThan(0.1);
      policy.destroy();
    });
});

describe('a policy', () => {
  it('says which adapter, optimiser or gradient it was asked for and has not', async () => {
    const policy = await makePolicy(await openTestGpu(), CONFIG, randomWeights(CONFIG, 1).f32);
    const { rows } = randomBatch(CONFIG, [5], 1, byLength);
    await expect(policy.score(rows, THROUGH)).rejects.toThrow(
      'internal: the policy was planned without an adapter',
    );
    expect(() => policy.accumulate(rows, SUPERVISED, THROUGH)).toThrow('without an adapter');
    expect(() => policy.optimizer('experts')).toThrow('without the optimiser experts');
    await expect(policy.applyGradient(ADAMW)).rejects.toThrow('no gradient waits');
    policy.accumulate(rows, SUPERVISED);
    await expect(policy.applyGradient(ADAMW, { optimizer: 'experts' })).rejects.toThrow(
      'without the optimiser experts',
    );
    await policy.applyGradient(ADAMW);
    // A gradient is applied once.
    await expect(policy.applyGradient(ADAMW)).rejects.toThrow('no gradient waits');
    policy.destroy();
    const { policy: other } = await adapted(CONFIG, FULL);
    other.accumulate(rows, SUPERVISED, THROUGH);
    await expect(other.applyGradient(ADAMW, { optimizer: 'policy' })).rejects.toThrow(
      'internal: no gradient waits for the optimiser policy',
    );
    other.destroy();
  });
});
