import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { parameterCount } from '../config';
import { lossOfKey, type ReferenceCase, ReferenceCaseError, readReferenceCase, toFloat64 } from './case';
import { globalNorm } from './clip';
import { rowLogits } from './policy';
import { largestError, relativeError } from './testing';
import { lossAndGradients, trainSteps } from './training';

const folder = new URL('../../../public/reference/', import.meta.url);
const load = async (name: string) => ({
  json: JSON.parse(await readFile(new URL(`${name}.json`, folder), 'utf8')) as Record<string, unknown>,
  bytes: new Uint8Array(await readFile(new URL(`${name}.safetensors`, folder))),
});

describe.each(['mha-tied-grpo', 'gqa-untied-dapo-kl'])('PyTorch case %s, within 1e-6', (name) => {
  let c: ReferenceCase;
  beforeAll(async () => {
    const { json, bytes } = await load(name);
    c = readReferenceCase(json, bytes);
  });

  it('has the logits', () => {
    const logits = rowLogits(c.config, toFloat64(c.weights), c.batch.ids);
    const size = c.length * c.config.vocab_size;
    logits.forEach((row, r) => {
      expect(largestError(row, c.expected.logits.subarray(r * size, (r + 1) * size))).toBeLessThan(1e-6);
    });
  });

  it('has the log-probabilities, loss, entropy, clip ratios, gradients and their norm', () => {
    const got = lossAndGradients(c.config, toFloat64(c.weights), c.batch, c.loss);
    for (let r = 0; r < c.rows; r++)
      expect(
        largestError(
          got.logp.slice(r * c.length, (r + 1) * c.length - 1),
          c.expected.logps.subarray(r * (c.length - 1), (r + 1) * (c.length - 1)),
        ),
      ).toBeLessThan(1e-6);
    expect(Math.abs(got.loss - c.expected.loss)).toBeLessThan(1e-9);
    expect(Math.abs(got.entropy - c.expected.entropy)).toBeLessThan(1e-9);
    expect(got.clipRatio.low).toBeCloseTo(c.expected['clip_ratio/low_mean'], 12);
    expect(got.clipRatio.high).toBeCloseTo(c.expected['clip_ratio/high_mean'], 12);
    expect(Math.abs(globalNorm(got.gradients) - c.expected.grad_norm)).toBeLessThan(1e-9);
    expect(got.gradients.size).toBe(c.expected.gradients.size);
    for (const [parameter, gradient] of c.expected.gradients)
      expect(relativeError(got.gradients.get(parameter) ?? [], gradient), parameter).toBeLessThan(1e-6);
  });

  it('has the loss under all four types, with and without KL', () => {
    expect(Object.keys(c.expected.losses)).toHaveLength(8);
    for (const [key, expected] of Object.entries(c.expected.losses)) {
      const { loss } = lossAndGradients(c.config, toFloat64(c.weights), c.batch, lossOfKey(key, c.loss));
      expect(Math.abs(loss - expected), key).toBeLessThan(1e-9);
    }
  });

  it('has ten steps of loss and gradient norm, and the weights after them', () => {
    const { expected } = c;
    const got = trainSteps(
      c.config,
      toFloat64(c.weights),
      c.batch,
      c.loss,
      c.optimiser,
      expected.loss_curve.length,
    );
    expect(largestError(got.losses, expected.loss_curve)).toBeLessThan(1e-9);
    expect(largestError(got.gradNorms, expected.grad_norm_curve)).toBeLessThan(1e-9);
    for (const [parameter, weight] of expected.after)
      expect(relativeError(got.weights.get(parameter) ?? [], weight), parameter).toBeLessThan(1e-6);
  });

  it('has as many weights as its configuration says', () => {
    let total = 0;
    for (const weight of c.weights.values()) total += weight.length;
    expect(total).toBe(parameterCount(c.config));
  });
});

describe('readReferenceCase', () => {
  it('names what is wrong with a case', async () => {
    const { json, bytes } = await load('mha-tied-grpo');
    expect(() => readReferenceCase({ ...json, beta: 'no', loss_type: 'ppo' }, bytes)).toThrow(
      /loss_type.*beta/,
    );
    expect(() => readReferenceCase([], bytes)).toThrow(ReferenceCaseError);
    const config = { ...(json.config as object), vocab_size: 40 };
    expect(() => readReferenceCase({ ...json, config }, bytes)).toThrow(/expected tokens below 40/);
    const wider = { ...(json.config as object), intermediate_size: 65 };
    expect(() => readReferenceCase({ ...json, config: wider }, bytes)).toThrow(
      /weight\/model\.layers\.0\.mlp\.gate_proj\.weight": expected F32 \[65,32\], got F32 \[64,32\]/,
    );
  });
});
