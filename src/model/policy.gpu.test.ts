import { describe, expect, it } from 'vitest';
import { openTestGpu } from '../gpu/testing';
import { positionsFrom } from './batch';
import type { LlamaConfig } from './config';
import { type LossSettings, SUPERVISED, tokenWeight } from './loss';
import { logSoftmaxGather } from './reference/log-softmax';
import { rowLogits } from './reference/policy';
import { relativeError } from './reference/testing';
import { lossAndGradients } from './reference/training';
import {
  expectClose,
  GRPO,
  makePolicy,
  REFERENCE_LOSS,
  randomBatch,
  randomWeights,
  tinyConfig,
} from './testing';

interface Case {
  config: LlamaConfig;
  lengths: number[];
  loss?: Partial<LossSettings>;
  idleRow?: number;
}

const CASES: Record<string, Case> = {
  'one head, one row of one token among others': {
    config: tinyConfig({ hidden_size: 5, num_attention_heads: 1, head_dim: 2, intermediate_size: 7 }),
    lengths: [1, 2, 40, 7],
  },
  'grouped heads wider than the model, untied': {
    config: tinyConfig({
      hidden_size: 10,
      num_hidden_layers: 2,
      num_attention_heads: 4,
      num_key_value_heads: 2,
      head_dim: 6,
      tie_word_embeddings: false,
    }),
    lengths: [13, 33, 3],
    loss: { temperature: 0.7 },
  },
  'sizes that are multiples of 4, sequence-level': {
    config: tinyConfig({
      hidden_size: 8,
      num_hidden_layers: 3,
      intermediate_size: 12,
      vocab_size: 16,
      rope_theta: 100,
    }),
    lengths: [31, 9, 22, 5],
    loss: { kind: 'sequence' },
    idleRow: 1,
  },
  'sequence-level at a temperature, without KL, untied': {
    config: tinyConfig({
      hidden_size: 7,
      vocab_size: 31,
      tie_word_embeddings: false,
      num_key_value_heads: 2,
    }),
    lengths: [17, 17, 2],
    loss: { kind: 'sequence', temperature: 1.4, beta: 0 },
  },
};

describe('the policy against the float64 reference', () => {
  for (const [name, { config, lengths, loss, idleRow }] of Object.entries(CASES))
    it(`agrees on scores, loss and all gradients: ${name}`, async () => {
      const settings = { ...GRPO, ...loss };
      const weights = randomWeights(config, 7);
      const grpo = (length: number, activeTokens: number) =>
        tokenWeight('grpo', { length, activeTokens, rows: lengths.length, maxCompletionLength: 40 });
      const batch = randomBatch(config, lengths, 3, grpo, { idleRow });
      const policy = await makePolicy(await openTestGpu(), config, weights.f32);
      const V = config.vocab_size;

      const everywhere = batch.rows.map(({ tokens }) => ({
        tokens,
        active: positionsFrom(1, tokens.length),
      }));
      const scored = await policy.score(everywhere, { temperature: settings.temperature, logits: true });
      rowLogits(config, weights.f64, batch.reference.ids).forEach((logits, r) => {
        const count = (lengths[r] - 1) * V;
        expectClose(scored[r].logits ?? [], logits.slice(0, count), `logits of row ${r}`, { absolute: 2e-5 });
        const targets = batch.rows[r].tokens.slice(1);
        const want = logSoftmaxGather(logits.slice(0, count), targets, V, settings.temperature);
        expectClose(scored[r].logps, want.logp, `logps of row ${r}`, { absolute: 2e-5 });
        expectClose(scored[r].entropies, want.entropy, `entropies of row ${r}`, { absolute: 2e-5 });
      });

      policy.accumulate(batch.rows, settings);
      const sums = await policy.report();
      const gradients = await policy.download('gradient');
      policy.destroy();
      const want = lossAndGradients(config, weights.f64, batch.reference, {
        ...REFERENCE_LOSS,
        beta: settings.beta,
        importanceSamplingLevel: settings.kind === 'sequence' ? 'sequence' : 'token',
        temperature: settings.temperature,
      });
      const total = (of: (r: (typeof sums)[number]) => number) => sums.reduce((sum, r) => sum + of(r), 0);
      expect(total((r) => r.loss)).toBeCloseTo(want.loss, 5);
      expect(total((r) => r.kl) / batch.activeTokens).toBeCloseTo(want.kl, 5);
      expect(total((r) => r.entropy) / batch.activeTokens).toBeCloseTo(want.entropy, 5);
      if (settings.kind === 'token') {
        expect(total((r) => r.clippedLow) / batch.activeTokens).toBeCloseTo(want.clipRatio.low, 9);
        expect(total((r) => r.clippedHigh) / batch.activeTokens).toBeCloseTo(want.clipRatio.high, 9);
        expect(want.clipRatio.region).toBeGreaterThan(0);
      }
      expect([...gradients.keys()].sort()).toEqual([...want.gradients.keys()].sort());
      for (const [tensor, gradient] of gradients)
        expect(relativeError(gradient, want.gradients.get(tensor) ?? []), tensor).toBeLessThan(5e-5);
      if (idleRow !== undefined)
        expect(sums[idleRow]).toMatchObject({ loss: 0, kl: 0, entropy: 0, logp: 0, logpDifferenceMax: 0 });
    });
});

describe('the gradient', () => {
  it('is the slope of the device’s own loss', async () => {
    const config = tinyConfig({ tie_word_embeddings: false });
    const weights = randomWeights(config, 1);
    const { rows } = randomBatch(config, [9, 14], 2, (_, active) => 1 / active);
    const policy = await makePolicy(await openTestGpu(), config, weights.f32);
    const loss = async () => {
      policy.parameters.upload(weights.f32);
      policy.accumulate(rows, SUPERVISED);
      return (await policy.report()).reduce((sum, r) => sum + r.loss, 0);
    };
    await loss();
    const gradients = await policy.download('gradient');
    for (const [name, gradient] of gradients) {
      // Where it is steepest, rounding matters least.
      const at = gradient.reduce((best, g, i) => (Math.abs(g) > Math.abs(gradient[best]) ? i : best), 0);
      const values = weights.f32.get(name) ?? new Float32Array(0);
      const value = values[at];
      const lossAt = async (offset: number) => {
        values[at] = value + offset;
        return loss();
      };
      // Fourth order: steps long enough to rise above rounding still see the curve.
      const step = 0.008;
      const near = (await lossAt(step)) - (await lossAt(-step));
      const far = (await lossAt(2 * step)) - (await lossAt(-2 * step));
      values[at] = value;
      const slope = (8 * near - far) / (12 * step);
      expect(Math.abs(slope - gradient[at]), `${name}: ${slope}, ${gradient[at]}`).toBeLessThan(
        5e-4 + 0.01 * Math.abs(slope),
      );
    }
    policy.destroy();
  });

  it('is the same in several micro-batches as in one, by tokens and by rows', async () => {
    const config = tinyConfig({ num_hidden_layers: 2 });
    const { f32 } = randomWeights(config, 4);
    const { rows } = randomBatch(config, [40, 7, 1, 13, 30, 22], 5, (length) => 1 / Math.max(1, length));
    const run = async (capacity: { tokens: number; rows?: number }) => {
      const policy = await makePolicy(await openTestGpu(), config, f32, capacity);
      policy.accumulate(rows, GRPO);
      const result = { sums: await policy.report(), gradients: await policy.download('gradient') };
      policy.destroy();
      return result;
    };
    const whole = await run({ tokens: 128 });
    for (const capacity of [{ tokens: 40 }, { tokens: 48 }, { tokens: 128, rows: 2 }]) {
      const parted = await run(capacity);
      // A rollout's numbers do not depend on its neighbours at all.
      expect(parted.sums).toEqual(whole.sums);
      for (const [name, gradient] of parted.gradients)
        expect(relativeError(gradient, whole.gradients.get(name) ?? []), name).toBeLessThan(2e-6);
    }
  });

  for (const kind of ['token', 'sequence'] as const)
    it(`is right where the head goes through the tokens in several chunks, with the ${kind}'s ratio`, async () => {
      // 32 MiB of logits are 262 tokens of this vocabulary.
      const config = tinyConfig({ hidden_size: 3, vocab_size: 32003, head_dim: 2, intermediate_size: 2 });
      const weights = randomWeights(config, 6);
      const batch = randomBatch(config, [201, 65], 7, (_, active) => 1 / active, { density: 1 });
      const policy = await makePolicy(await openTestGpu(), config, weights.f32, { tokens: 266 });
      policy.accumulate(batch.rows, { ...GRPO, kind, temperature: 0.8 });
      const loss = (await policy.report()).reduce((sum, r) => sum + r.loss, 0);
      const gradients = await policy.download('gradient');
      const scored = await policy.score(batch.rows, { temperature: 0.8 });
      policy.destroy();
      const want = lossAndGradients(config, weights.f64, batch.reference, {
        ...REFERENCE_LOSS,
        lossType: 'dapo',
        importanceSamplingLevel: kind,
        temperature: 0.8,
      });
      expect(batch.activeTokens).toBeGreaterThan(262);
      expect(loss).toBeCloseTo(want.loss, 5);
      scored.forEach(({ logps }, r) => {
        const first = r * 201;
        expectClose(logps, want.logp.slice(first, first + logps.length), `logps of row ${r}`, {
          absolute: 3e-5,
        });
      });
      for (const [name, gradient] of gradients)
        expect(relativeError(gradient, want.gradients.get(name) ?? []), name).toBeLessThan(1e-4);
    });

  it('is right for a row of 2,048 tokens', async () => {
    const config = tinyConfig({ hidden_size: 4, num_attention_heads: 1, head_dim: 2, intermediate_size: 3 });
    const weights = randomWeights(config, 8);
    const batch = randomBatch(config, [2048], 9, (_, active) => 1 / active);
    const policy = await makePolicy(await openTestGpu(), config, weights.f32, { tokens: 2048 });
    policy.accumulate(batch.rows, GRPO);
    const loss = (await policy.report())[0].loss;
    const gradients = await policy.download('gradient');
    policy.destroy();
    const want = lossAndGradients(config, weights.f64, batch.reference, REFERENCE_LOSS);
    expect(loss).toBeCloseTo(want.loss, 5);
    for (const [name, gradient] of gradients)
      expect(relativeError(gradient, want.gradients.get(name) ?? []), name).toBeLessThan(1e-4);
  });
});
