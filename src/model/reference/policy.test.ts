import { describe, expect, it } from 'vitest';
import { type LlamaConfig, parameterShapes, parseLlamaConfig } from '../config';
import { forward, rowLogits, type Weights } from './policy';
import { packRows } from './rows';
import { centralDifferences, generator, randomArray, relativeError } from './testing';
import { lossAndGradients, type PolicyLossOptions, type TrainingBatch, trainSteps } from './training';

const config = (change: Record<string, unknown> = {}) =>
  parseLlamaConfig({
    hidden_size: 5,
    num_hidden_layers: 2,
    num_attention_heads: 6,
    num_key_value_heads: 2,
    head_dim: 2,
    intermediate_size: 7,
    vocab_size: 11,
    rope_theta: 30,
    ...change,
  });

function weightsOf(c: LlamaConfig, seed: number): Weights {
  const random = generator(seed);
  return new Map(
    parameterShapes(c).map(({ name, shape }) => {
      const size = shape.reduce((a, b) => a * b, 1);
      return [name, shape.length === 1 ? randomArray(random, size, 0.2, 1) : randomArray(random, size, 0.6)];
    }),
  );
}

/** Rows of 5, 2, 7 and 4 tokens, the prompt's two entries and the last row not trained on. */
function batchOf(c: LlamaConfig, weights: Weights, seed: number): TrainingBatch {
  const random = generator(seed);
  const ids = [5, 2, 7, 4].map((n) => Array.from({ length: n }, () => Math.floor(random() * c.vocab_size)));
  const logits = rowLogits(c, weights, ids);
  const near = (scale: number) =>
    ids.map((row, r) =>
      row.slice(1).map((target, j) => {
        const z = logits[r].subarray(j * c.vocab_size, (j + 1) * c.vocab_size);
        const lse = Math.log(z.reduce((sum, x) => sum + Math.exp(x), 0));
        return z[target] - lse + scale * (2 * random() - 1);
      }),
    );
  return {
    ids,
    mask: ids.map((row, r) => row.slice(1).map((_, j) => Number(r !== 3 && (row.length === 2 || j >= 2)))),
    oldLogps: near(0.4),
    refLogps: near(0.3),
    advantages: [1.2, -0.7, -1.1, 0.6],
  };
}

const loss: PolicyLossOptions = {
  lossType: 'grpo',
  epsilon: 0.2,
  epsilonHigh: 0.28,
  beta: 0.05,
  importanceSamplingLevel: 'token',
  maxCompletionLength: 8,
  temperature: 0.8,
};
const optimiser = {
  learningRate: 0.01,
  beta1: 0.9,
  beta2: 0.99,
  epsilon: 1e-8,
  weightDecay: 0.1,
  maxGradNorm: 1,
};

describe('policy', () => {
  it('gives rows of different lengths what each gives alone', () => {
    const c = config();
    const weights = weightsOf(c, 1);
    const { ids } = batchOf(c, weights, 2);
    const together = rowLogits(c, weights, ids);
    ids.forEach((row, r) => {
      expect(together[r]).toEqual(rowLogits(c, weights, [row])[0]);
    });
  });

  it('computes one token of one head by hand: norms, value, SwiGLU and head', () => {
    // D = 2, one head of 2; every matrix is the identity, V = 2. A single token attends to itself alone.
    const c = config({
      hidden_size: 2,
      num_hidden_layers: 1,
      num_attention_heads: 1,
      num_key_value_heads: 1,
      intermediate_size: 2,
      vocab_size: 2,
      tie_word_embeddings: true,
      rms_norm_eps: 1e-300,
    });
    const weights: Weights = new Map(
      parameterShapes(c).map(({ name, shape }) => [
        name,
        new Float64Array(shape.length === 1 ? [1, 1] : [1, 0, 0, 1]),
      ]),
    );
    // x = [1, 0]; norm: [sqrt 2, 0]; attention adds it: [1 + sqrt 2, 0]; norm: [sqrt 2, 0];
    // SwiGLU adds silu(sqrt 2) sqrt 2 in channel 0; the last norm gives [sqrt 2, 0] whatever its size.
    const passed = forward(c, weights, packRows([[0]]));
    expect(relativeError(passed.layers[0].middle, [1 + Math.SQRT2, 0])).toBeLessThan(1e-14);
    const silu = Math.SQRT2 / (1 + Math.exp(-Math.SQRT2));
    expect(relativeError(passed.output, [1 + Math.SQRT2 + silu * Math.SQRT2, 0])).toBeLessThan(1e-14);
    expect(relativeError(passed.logits, [Math.SQRT2, 0])).toBeLessThan(1e-14);
  });

  it('names a parameter that is missing', () => {
    const c = config();
    const weights = weightsOf(c, 1);
    weights.delete('model.norm.weight');
    expect(() => rowLogits(c, weights, [[1]])).toThrow(/expected the parameter model\.norm\.weight/);
  });
});

describe('lossAndGradients', () => {
  it.each([
    ['untied, token level', {}, {}],
    ['tied, sequence level', { tie_word_embeddings: true }, { importanceSamplingLevel: 'sequence' }],
    ['one key head, dapo', { num_key_value_heads: 1 }, { lossType: 'dapo', beta: 0 }],
  ] as const)(
    'has the gradients of central differences for every parameter: %s',
    (_name, change, altered) => {
      const c = config(change);
      const weights = weightsOf(c, 3);
      const batch = batchOf(c, weights, 4);
      const options = { ...loss, ...altered };
      const { gradients } = lossAndGradients(c, weights, batch, options);
      expect([...gradients.keys()].sort()).toEqual(
        parameterShapes(c)
          .map((p) => p.name)
          .sort(),
      );
      for (const [name, gradient] of gradients) {
        const weight = weights.get(name);
        expect(weight).toBeDefined();
        if (!weight) continue;
        const numeric = centralDifferences(() => lossAndGradients(c, weights, batch, options).loss, weight);
        expect(relativeError(gradient, numeric), name).toBeLessThan(1e-6);
      }
    },
  );

  it('adds up over micro-batches of whole rows', () => {
    const c = config();
    const weights = weightsOf(c, 5);
    const batch = batchOf(c, weights, 6);
    const whole = lossAndGradients(c, weights, batch, loss);
    const parts = [
      [0, 2],
      [2, 4],
    ].map(([from, to]) => {
      const cut = <T>(x: readonly T[]) => x.slice(from, to);
      return lossAndGradients(
        c,
        weights,
        {
          ids: cut(batch.ids),
          mask: cut(batch.mask),
          oldLogps: cut(batch.oldLogps),
          refLogps: cut(batch.refLogps),
          advantages: cut(Array.from(batch.advantages)),
        },
        { ...loss, batch: { rows: 4, activeTokens: 0 } },
      );
    });
    expect(parts[0].loss + parts[1].loss).toBeCloseTo(whole.loss, 13);
    for (const [name, gradient] of whole.gradients) {
      const [a, b] = parts.map((p) => p.gradients.get(name) ?? new Float64Array(0));
      expect(
        relativeError(
          a.map((x, i) => x + b[i]),
          gradient,
        ),
        name,
      ).toBeLessThan(1e-12);
    }
  });
});

describe('trainSteps', () => {
  it('lowers the loss, moves every parameter, and leaves the given weights alone', () => {
    const c = config();
    const weights = weightsOf(c, 7);
    const copy: Weights = new Map([...weights].map(([name, w]) => [name, w.slice()]));
    const trained = trainSteps(c, weights, batchOf(c, weights, 8), loss, optimiser, 5);
    expect(trained.losses[4]).toBeLessThan(trained.losses[0]);
    expect(weights).toEqual(copy);
    for (const [name, w] of trained.weights) expect(w, name).not.toEqual(weights.get(name));
  });
});
