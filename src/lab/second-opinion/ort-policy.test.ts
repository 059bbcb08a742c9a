import * as ort from 'onnxruntime-web';
import { describe, expect, it } from 'vitest';
import { shippedPolicy, smallPolicy } from '../../export/testing';
import { mergeAdapter } from '../../model/adapter-merge';
import { positionsFrom } from '../../model/batch';
import type { DecodeRow, Randomness } from '../../model/decoder';
import { sampleToken } from '../../model/reference/decode';
import { logSoftmaxGather } from '../../model/reference/log-softmax';
import { rowLogits } from '../../model/reference/policy';
import { generator } from '../../model/reference/testing';
import { FULL, randomAdapter } from '../../model/testing-adapter';
import { philox } from '../../run/random';
import { LADDER } from '../../tasks/ladder';
import { OrtPolicy } from './ort-policy';

ort.env.wasm.numThreads = 1;

type Small = ReturnType<typeof smallPolicy>;

const open = (policy: Pick<Small, 'config' | 'weights'>, adapted: Small['weights'] | null = null) =>
  OrtPolicy.create(ort, { config: policy.config, weights: policy.weights, adapted }, 'wasm');

const inDoubles = (weights: Small['weights']) =>
  new Map([...weights].map(([name, values]) => [name, Float64Array.from(values)]));

const GREEDY = { temperature: 0, top_k: 0, top_p: 1, endOfSequence: -1 };
const KEY: Randomness = { seed: 11, purpose: 4, step: 3 };

/** The same rollout by the float64 reference, which computes the whole row again for every token. */
function byReference(
  { config, weights }: Pick<Small, 'config' | 'weights'>,
  { prompt, id, limit }: DecodeRow,
  settings: typeof GREEDY,
) {
  const doubles = inDoubles(weights);
  const row = [...prompt];
  const logps: number[] = [];
  while (row.length < prompt.length + limit && row.at(-1) !== settings.endOfSequence) {
    const at = row.length - prompt.length;
    const [logits] = rowLogits(config, doubles, [row]);
    const block = philox([KEY.step, id, Math.floor(at / 4), 0], [KEY.seed, KEY.purpose]);
    const { token, logp } = sampleToken(
      logits.subarray(logits.length - config.vocab_size),
      (block[at % 4] >>> 8) / 2 ** 24,
      {
        temperature: settings.temperature || 1,
        topK: settings.top_k,
        topP: settings.top_p,
        greedy: settings.temperature === 0,
      },
    );
    row.push(token);
    logps.push(logp);
  }
  return { tokens: row.slice(prompt.length), logps };
}

describe('a policy on ONNX Runtime', () => {
  it('scores random batches of any size as the float64 reference does', async () => {
    const policy = smallPolicy();
    const { config, weights } = policy;
    const ours = await open(policy);
    for (const seed of [1, 2, 3]) {
      const random = generator(seed);
      const rows = Array.from({ length: 1 + 5 * seed }, () => {
        const tokens = Array.from({ length: 2 + Math.floor(random() * 30) }, () =>
          Math.floor(random() * config.vocab_size),
        );
        return {
          tokens,
          active: positionsFrom(1 + Math.floor(random() * (tokens.length - 1)), tokens.length),
        };
      });
      const temperature = seed === 2 ? 0.7 : 1;
      const scored = await ours.score(rows, { temperature, logits: true });
      const logits = rowLogits(
        config,
        inDoubles(weights),
        rows.map(({ tokens }) => tokens),
      );
      rows.forEach(({ tokens, active }, r) => {
        const own = new Float64Array(active.flatMap((p) => [...logits[r].subarray((p - 1) * 64, p * 64)]));
        const targets = active.map((p) => tokens[p]);
        const { logp, entropy } = logSoftmaxGather(own, targets, 64, temperature);
        expect(scored[r].logps.length).toBe(active.length);
        active.forEach((_, i) => {
          expect(Math.abs(scored[r].logps[i] - logp[i])).toBeLessThan(1e-4);
          expect(Math.abs(scored[r].entropies[i] - entropy[i])).toBeLessThan(1e-4);
        });
        expect(Math.abs(scored[r].logits![5] - own[5])).toBeLessThan(1e-4);
      });
    }
    await ours.release();
  });

  it.each([
    ['greedily', GREEDY],
    ['by the random numbers of the device', { ...GREEDY, temperature: 1 }],
    ['at a temperature, among the likeliest', { temperature: 0.8, top_k: 9, top_p: 0.9, endOfSequence: -1 }],
    ['to an end that some reach early', { ...GREEDY, temperature: 1.5, endOfSequence: 2 }],
  ])(
    'decodes %s as the reference does, token for token, rows of any length side by side',
    async (_, settings) => {
      const policy = smallPolicy();
      const random = generator(9);
      const rows = Array.from(
        { length: 14 },
        (_, i): DecodeRow => ({
          prompt: Array.from({ length: 1 + Math.floor(random() * 7) }, () => 3 + Math.floor(random() * 60)),
          id: 40 + 3 * i,
          limit: [24, 1, 7, 0, 13][i % 5],
        }),
      );
      const ours = await open(policy);
      const heard = rows.map((): number[] => []);
      const decoded = await ours.decode(rows, settings, KEY, (grown, finished) => {
        grown.forEach((tokens, r) => {
          heard[r].push(...tokens);
        });
        expect(finished.length).toBe(rows.length);
      });
      rows.forEach((row, r) => {
        const expected = byReference(policy, row, settings);
        expect(decoded[r].tokens).toEqual(expected.tokens);
        decoded[r].logps.forEach((logp, i) => {
          expect(Math.abs(logp - expected.logps[i])).toBeLessThan(1e-4);
        });
        expect(decoded[r].entropies.length).toBe(expected.tokens.length);
        const ended = expected.tokens.at(-1) === settings.endOfSequence;
        expect(decoded[r].truncated).toBe(row.limit > 0 && !ended);
      });
      expect(heard).toEqual(decoded.map(({ tokens }) => tokens));
      await ours.release();
    },
  );

  it('gives a row the same tokens alone and in a batch that shrinks around it', async () => {
    const ours = await open(shippedPolicy());
    const rows = Array.from({ length: 40 }, (_, i): DecodeRow => {
      const { prompt } = LADDER.suites[0].problem(0, i);
      return { prompt, id: i, limit: LADDER.maxCompletionLength };
    });
    const settings = { temperature: 1, top_k: 0, top_p: 1, endOfSequence: LADDER.vocabulary.eos };
    const together = await ours.decode(rows, settings, KEY);
    for (const r of [0, 7, 39]) {
      const [alone] = await ours.decode([rows[r]], settings, KEY);
      expect(alone.tokens).toEqual(together[r].tokens);
    }
    expect(new Set(together.map(({ tokens }) => tokens.length)).size).toBeGreaterThan(5);
    await ours.release();
  });

  it('answers through the merged adapter where it is asked to, and through the policy otherwise', async () => {
    const policy = smallPolicy();
    const tensors = randomAdapter(policy.config, FULL, 4).f32;
    const adapted = mergeAdapter(policy.config, policy.weights, { spec: FULL, tensors });
    const ours = await open(policy, adapted);
    const row: DecodeRow = { prompt: [1, 5, 4], id: 0, limit: 12 };
    const [plain] = await ours.decode([row], GREEDY, KEY);
    const [through] = await ours.decode([row], GREEDY, KEY, undefined, { through: 'adapter' });
    expect(plain.tokens).toEqual(byReference(policy, row, GREEDY).tokens);
    expect(through.tokens).toEqual(byReference({ ...policy, weights: adapted }, row, GREEDY).tokens);
    expect(through.tokens).not.toEqual(plain.tokens);
    await ours.release();
    const without = await open(policy);
    await expect(without.decode([row], GREEDY, KEY, undefined, { through: 'adapter' })).rejects.toThrow(
      'expected a policy with an adapter',
    );
    await without.release();
  });

  it('stops where it is told to while rollouts grow', async () => {
    const ours = await open(shippedPolicy());
    const { prompt } = LADDER.suites[0].problem(0, 1);
    const stopped = ours.decode([{ prompt, id: 0, limit: 60 }], { ...GREEDY, temperature: 1 }, KEY, () => {
      throw new Error('that is enough');
    });
    await expect(stopped).rejects.toThrow('that is enough');
    await ours.release();
  });
});
