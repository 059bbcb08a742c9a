import { describe, expect, it } from 'vitest';
import { type LlamaConfig, parameterCount, parseLlamaConfig } from '../../model/config';
import { logSoftmaxGather } from '../../model/reference/log-softmax';
import { rowLogits } from '../../model/reference/policy';
import { generator } from '../../model/reference/testing';
import { corpusOf } from '../../tasks/corpus';
import { LADDER } from '../../tasks/ladder';
import { referenceWeights } from '../hf/expected-logprobs';
import { bytesOf, randomWeights, shippedPolicy, smallPolicy } from '../testing';
import { onnxFiles, onnxModel } from './index';
import { batchLogits, greedyWithCache, openModel } from './testing';

const TOLERANCE = 1e-4;

/** Log-probabilities [length, V] of every word at every place. */
function logprobs(logits: Float64Array, vocabulary: number): Float64Array {
  const places = logits.length / vocabulary;
  const out = new Float64Array(logits.length);
  const { lse } = logSoftmaxGather(logits, new Array(places).fill(0), vocabulary);
  for (let i = 0; i < logits.length; i++) out[i] = logits[i] - lse[Math.floor(i / vocabulary)];
  return out;
}

/** The largest difference between runtime and reference, over all words at all places of all rows. */
async function largestDifference(
  policy: Pick<ReturnType<typeof smallPolicy>, 'config' | 'weights'>,
  rows: number[][],
): Promise<number> {
  const { config, weights } = policy;
  const session = await openModel(onnxModel(config, weights, { cache: false }));
  const theirs = await batchLogits(session, rows);
  const ours = rowLogits(config, referenceWeights(policy), rows);
  await session.release();
  let largest = 0;
  rows.forEach((row, r) => {
    const [a, b] = [theirs[r], ours[r]].map((logits) => logprobs(logits, config.vocab_size));
    expect(a.length).toBe(row.length * config.vocab_size);
    a.forEach((value, i) => {
      const difference = Math.abs(value - b[i]);
      // NaN compares as false with everything, so it must not pass for a small difference.
      if (!(difference <= largest)) largest = difference;
    });
  });
  return largest;
}

const base = { num_hidden_layers: 2, max_position_embeddings: 64, rope_theta: 500 };
const configs: [string, Partial<LlamaConfig>][] = [
  [
    'grouped heads, tied',
    {
      ...base,
      hidden_size: 24,
      num_attention_heads: 6,
      num_key_value_heads: 2,
      head_dim: 4,
      intermediate_size: 40,
      vocab_size: 33,
      tie_word_embeddings: true,
    },
  ],
  [
    'one key head, untied, heads wider than the stream',
    {
      ...base,
      hidden_size: 15,
      num_attention_heads: 5,
      num_key_value_heads: 1,
      head_dim: 6,
      intermediate_size: 7,
      vocab_size: 17,
    },
  ],
  [
    'as many key heads as heads, odd sizes',
    {
      ...base,
      hidden_size: 21,
      num_attention_heads: 3,
      num_key_value_heads: 3,
      head_dim: 10,
      intermediate_size: 29,
      vocab_size: 51,
      num_hidden_layers: 3,
    },
  ],
  [
    'one of everything',
    {
      ...base,
      hidden_size: 1,
      num_attention_heads: 1,
      num_key_value_heads: 1,
      head_dim: 2,
      intermediate_size: 1,
      vocab_size: 3,
      num_hidden_layers: 1,
      tie_word_embeddings: true,
    },
  ],
];

describe('model.onnx in ONNX Runtime', () => {
  it.each(configs)('gives the float64 reference’s log-probabilities: %s', async (_, change) => {
    const config = parseLlamaConfig(change);
    for (const seed of [1, 2]) {
      const random = generator(seed);
      const rows = [9, 1, 17, 4].map((length) =>
        Array.from({ length }, () => Math.floor(random() * config.vocab_size)),
      );
      const policy = { config, weights: randomWeights(config, seed) };
      expect(await largestDifference(policy, rows)).toBeLessThan(TOLERANCE);
    }
  });

  it('gives those of the shipped model on its own problems', async () => {
    const corpus = corpusOf('ladder');
    const rows = Array.from({ length: 6 }, (_, index) => {
      const { prompt, completion } = corpus.trace(3, index, corpus.phase(0.5));
      return [...prompt, ...completion];
    });
    expect(await largestDifference(shippedPolicy(), rows)).toBeLessThan(TOLERANCE);
  });

  it('would show a single changed weight', async () => {
    const policy = smallPolicy();
    const session = await openModel(onnxModel(policy.config, policy.weights, { cache: false }));
    const [before] = await batchLogits(session, [[1, 2, 3]]);
    const weights = new Map([...policy.weights].map(([name, values]) => [name, values.slice()]));
    const changed = weights.get('model.layers.1.self_attn.k_proj.weight');
    if (changed) changed[5] += 0.5;
    const [ours] = rowLogits(policy.config, referenceWeights({ weights }), [[1, 2, 3]]);
    const differences = before.map((value, i) => Math.abs(value - ours[i]));
    expect(Math.max(...differences)).toBeGreaterThan(10 * TOLERANCE);
  });

  it('refuses positions beyond the longest row the policy is meant for', async () => {
    const policy = smallPolicy({ max_position_embeddings: 8 });
    const session = await openModel(onnxModel(policy.config, policy.weights, { cache: false }));
    await expect(batchLogits(session, [Array(9).fill(1)])).rejects.toThrow(/out of data bounds|indices/);
  });

  it('has open sizes for rows and tokens, and the names that Optimum gives', async () => {
    const policy = smallPolicy();
    const [plain, cached] = await Promise.all(
      [false, true].map((cache) => openModel(onnxModel(policy.config, policy.weights, { cache }))),
    );
    expect(plain.inputNames).toEqual(['input_ids', 'attention_mask', 'position_ids']);
    expect(plain.outputNames).toEqual(['logits']);
    const kept = [0, 1].flatMap((layer) => [`${layer}.key`, `${layer}.value`]);
    expect(cached.inputNames).toEqual([
      ...plain.inputNames,
      ...kept.map((name) => `past_key_values.${name}`),
    ]);
    expect(cached.outputNames).toEqual(['logits', ...kept.map((name) => `present.${name}`)]);
    expect(cached.outputMetadata[0]).toMatchObject({ type: 'float32', shape: ['batch', 'sequence', 64] });
    expect(cached.inputMetadata[3]).toMatchObject({ type: 'float32', shape: ['batch', 2, 'past', 6] });
  });
});

describe('model_with_past.onnx in ONNX Runtime', () => {
  /** The likeliest continuation by the float64 reference, which computes the whole row again for every token. */
  function greedy(policy: ReturnType<typeof smallPolicy>, prompt: number[], most: number, end: number) {
    const weights = referenceWeights(policy);
    const row = [...prompt];
    while (row.length < prompt.length + most && row.at(-1) !== end) {
      const [logits] = rowLogits(policy.config, weights, [row]);
      const last = logits.subarray(logits.length - policy.config.vocab_size);
      row.push(last.indexOf(last.reduce((a, b) => Math.max(a, b))));
    }
    return row.slice(prompt.length);
  }

  it.each(configs)('decodes greedily as the reference does, token for token: %s', async (_, change) => {
    const config = parseLlamaConfig(change);
    const policy = { ...smallPolicy(), config, weights: randomWeights(config, 5) };
    const random = generator(6);
    const prompts = [3, 1, 6].map((length) =>
      Array.from({ length }, () => Math.floor(random() * config.vocab_size)),
    );
    const session = await openModel(onnxModel(config, policy.weights, { cache: true }));
    const theirs = await greedyWithCache(session, config, prompts, 20, -1);
    expect(theirs).toEqual(prompts.map((prompt) => greedy(policy, prompt, 20, -1)));
  });

  it('answers held-out problems as the shipped model does by the reference, in one padded batch', async () => {
    const policy = shippedPolicy();
    const { eos } = LADDER.vocabulary;
    const prompts = [0, 1, 2, 4].map((index) => LADDER.suites[0].problem(0, index).prompt);
    const session = await openModel(onnxModel(policy.config, policy.weights, { cache: true }));
    const theirs = await greedyWithCache(session, policy.config, prompts, LADDER.maxCompletionLength, eos);
    const ours = prompts.map((prompt) => greedy(policy, prompt, LADDER.maxCompletionLength, eos));
    expect(theirs).toEqual(ours);
    // Rows that end at different places, so that the padded cache is put to use.
    expect(new Set(ours.map((row) => row.length)).size).toBeGreaterThan(1);
  });
});

describe('the export', () => {
  it('writes both models beside configuration and tokenizer, the tied embedding once', () => {
    const policy = smallPolicy();
    const files = onnxFiles(policy);
    expect(files.map(({ name }) => name)).toEqual([
      'model.onnx',
      'model_with_past.onnx',
      'config.json',
      'tokenizer.json',
      'tokenizer_config.json',
      'special_tokens_map.json',
      'generation_config.json',
    ]);
    const rope = 2 * 256 * 3;
    const bytes = bytesOf(files, 'model.onnx').length;
    const numbers = 4 * (parameterCount(policy.config) + rope);
    expect(bytes).toBeGreaterThan(numbers);
    expect(bytes).toBeLessThan(numbers + 16_000);
  });
});
