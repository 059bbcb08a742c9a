import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openTestGpu } from '../gpu/testing';
import { positionsFrom } from './batch';
import type { Decoded, DecodeRow } from './decoder';
import type { Policy } from './policy';
import { logSoftmaxGather } from './reference/log-softmax';
import { rowLogits } from './reference/policy';
import { expectClose, makePolicy, randomWeights, sampling, tinyConfig } from './testing';

const END = 0;
const SAMPLING = sampling(END);
const GREEDY = { ...SAMPLING, temperature: 0 };
const RANDOMNESS = { seed: 11, purpose: 3, step: 4 };

const CONFIG = tinyConfig({
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 6,
});
const WEIGHTS = randomWeights(CONFIG, 5);
const V = CONFIG.vocab_size;

/** Prompts of 1 to 12 tokens, limits of 0 to 20: more rows than fit a pass of 16 tokens. */
const ROWS: DecodeRow[] = [
  { prompt: [3], id: 0, limit: 20 },
  { prompt: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], id: 1, limit: 17 },
  { prompt: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], id: 2, limit: 3 },
  { prompt: [5, 6], id: 3, limit: 0 },
  { prompt: [5, 6], id: 4, limit: 1 },
  { prompt: [9, 9, 1, 7, 2], id: 5, limit: 20 },
  { prompt: [3, 3, 3, 3, 3, 3, 3, 3], id: 6, limit: 9 },
];
const CAPACITY = { tokens: 16, trained: false, decodeRows: 7, cacheLength: 32, newTokens: 20 };

let policy: Policy;
beforeAll(async () => {
  policy = await makePolicy(await openTestGpu(), CONFIG, WEIGHTS.f32, CAPACITY);
});
afterAll(() => policy.destroy());

/** The log-probabilities and entropies of generated tokens as the packed forward pass has them. */
async function scoreDecoded(
  scorer: Policy,
  rows: readonly DecodeRow[],
  decoded: readonly Decoded[],
  temperature = 1,
) {
  const whole = rows.map(({ prompt }, r) => {
    const tokens = [...prompt, ...decoded[r].tokens];
    return { tokens, active: positionsFrom(prompt.length, tokens.length) };
  });
  return scorer.score(whole, { temperature });
}

describe('decoding', () => {
  it('keeps to each row’s own limit and end, prompts of any length side by side', async () => {
    const decoded = await policy.decode(ROWS, SAMPLING, RANDOMNESS);
    decoded.forEach(({ tokens, logps, entropies, truncated }, r) => {
      const { limit } = ROWS[r];
      expect(logps.length).toBe(tokens.length);
      expect(entropies.length).toBe(tokens.length);
      expect(tokens.length).toBeLessThanOrEqual(limit);
      const ended = tokens.at(-1) === END;
      expect(tokens.slice(0, -1)).not.toContain(END);
      if (!ended) expect(tokens.length, `row ${r}`).toBe(limit);
      expect(truncated).toBe(limit > 0 && !ended);
    });
    // Both ways to stop are seen.
    expect(decoded.some(({ tokens }, r) => tokens.at(-1) === END && tokens.length < ROWS[r].limit)).toBe(
      true,
    );
    expect(decoded.some(({ truncated }) => truncated)).toBe(true);
    expect(decoded[3]).toEqual({ tokens: [], logps: [], entropies: [], truncated: false });
    expect(decoded[4].tokens.length).toBe(1);
  });

  for (const temperature of [1, 0.7])
    it(`reports the log-probabilities of the training forward pass, at temperature ${temperature}`, async () => {
      // Scoring wants room for prompt and completion in one pass.
      const roomy = await makePolicy(await openTestGpu(), CONFIG, WEIGHTS.f32, { ...CAPACITY, tokens: 200 });
      // Filters change what is drawn, not the probabilities that are reported.
      const settings = { ...SAMPLING, temperature, top_k: 9, top_p: 0.95 };
      const decoded = await roomy.decode(ROWS, settings, RANDOMNESS);
      const scored = await scoreDecoded(roomy, ROWS, decoded, temperature);
      roomy.destroy();
      decoded.forEach(({ logps, entropies }, r) => {
        expectClose(logps, scored[r].logps, `logps of row ${r}`, { absolute: 2e-5, relative: 0 });
        expectClose(entropies, scored[r].entropies, `entropies of row ${r}`, { absolute: 2e-5, relative: 0 });
      });
    });

  it('takes the likeliest token of the float64 reference when greedy', async () => {
    const decoded = await policy.decode(ROWS, GREEDY, RANDOMNESS);
    for (const [r, { prompt, limit }] of ROWS.entries()) {
      const tokens: number[] = [];
      const logps: number[] = [];
      while (tokens.length < limit && tokens.at(-1) !== END) {
        const [logits] = rowLogits(CONFIG, WEIGHTS.f64, [[...prompt, ...tokens]]);
        const last = logits.slice(-V);
        tokens.push(last.indexOf(Math.max(...last)));
        logps.push(logSoftmaxGather(last, tokens.slice(-1), V).logp[0]);
      }
      expect(decoded[r].tokens, `row ${r}`).toEqual(tokens);
      expectClose(decoded[r].logps, logps, `logps of row ${r}`, { absolute: 2e-5 });
    }
  });

  it('draws what seed, purpose, step and rollout say, whatever else is in the batch', async () => {
    const whole = await policy.decode(ROWS, SAMPLING, RANDOMNESS);
    const reversed = await policy.decode([...ROWS].reverse(), SAMPLING, RANDOMNESS);
    expect(reversed.reverse()).toEqual(whole);
    const parted = [
      ...(await policy.decode(ROWS.slice(0, 2), SAMPLING, RANDOMNESS)),
      ...(await policy.decode(ROWS.slice(2, 3), SAMPLING, RANDOMNESS)),
      ...(await policy.decode(ROWS.slice(3), SAMPLING, RANDOMNESS)),
    ];
    expect(parted).toEqual(whole);
    for (const other of [{ seed: 12 }, { purpose: 4 }, { step: 5 }])
      expect(await policy.decode(ROWS, SAMPLING, { ...RANDOMNESS, ...other })).not.toEqual(whole);
    // Rows of one prompt differ by their number alone.
    const twins = [0, 1, 1].map((id) => ({ prompt: [4, 4], id, limit: 20 }));
    const [first, second, third] = await policy.decode(twins, SAMPLING, RANDOMNESS);
    expect(second).toEqual(third);
    expect(first).not.toEqual(second);
  });

  it('lays out more rows than a pass over prompts has tokens', async () => {
    const roomy = await makePolicy(await openTestGpu(), CONFIG, WEIGHTS.f32, { ...CAPACITY, tokens: 64 });
    const narrow = await makePolicy(await openTestGpu(), CONFIG, WEIGHTS.f32, { ...CAPACITY, tokens: 3 });
    const rows = ROWS.map((row) => ({ ...row, prompt: row.prompt.slice(0, 4) }));
    expect(await narrow.decode(rows, SAMPLING, RANDOMNESS)).toEqual(
      await roomy.decode(rows, SAMPLING, RANDOMNESS),
    );
    roomy.destroy();
    narrow.destroy();
  });

  it('decodes in a trained policy as in one that is only read', async () => {
    const trained = await makePolicy(await openTestGpu(), CONFIG, WEIGHTS.f32, {
      ...CAPACITY,
      trained: true,
    });
    expect(await trained.decode(ROWS, SAMPLING, RANDOMNESS)).toEqual(
      await policy.decode(ROWS, SAMPLING, RANDOMNESS),
    );
    trained.destroy();
  });

  it('does nothing with no rows, and with rows that may generate nothing', async () => {
    expect(await policy.decode([], SAMPLING, RANDOMNESS)).toEqual([]);
    const nothing = { tokens: [], logps: [], entropies: [], truncated: false };
    expect(await policy.decode([ROWS[3], ROWS[3]], SAMPLING, RANDOMNESS)).toEqual([nothing, nothing]);
  });
});

describe('rows growing', () => {
  it('are told piece by piece, and the pieces add up', async () => {
    const pieces = ROWS.map((): number[] => []);
    const ends: boolean[][] = [];
    const decoded = await policy.decode(ROWS, SAMPLING, RANDOMNESS, async (grown, finished) => {
      grown.forEach((tokens, r) => void pieces[r].push(...tokens));
      ends.push([...finished]);
      await Promise.resolve();
    });
    expect(pieces).toEqual(decoded.map(({ tokens }) => tokens));
    expect(ends.length).toBeGreaterThan(1);
    expect(ends.at(-1)).toEqual(ROWS.map(() => true));
    expect(ends[0][3]).toBe(true);
    // Listening changes nothing.
    expect(await policy.decode(ROWS, SAMPLING, RANDOMNESS)).toEqual(decoded);
  });

  it('grow by pieces that follow the clock, and come out the same', async () => {
    const expected = await policy.decode(ROWS, SAMPLING, RANDOMNESS);
    const calls = async (tick: number) => {
      let now = 0;
      const clock = vi.spyOn(performance, 'now').mockImplementation(() => {
        now += tick;
        return now;
      });
      let told = 0;
      const decoded = await policy.decode(ROWS, SAMPLING, RANDOMNESS, () => void told++);
      clock.mockRestore();
      expect(decoded).toEqual(expected);
      return told;
    };
    // Of 20 tokens: 2, 2, 8, 8 on a fast device, 2, 2, and then one by one on a slow one.
    expect(await calls(0)).toBe(4);
    expect(await calls(1e5)).toBe(18);
  });

  for (const calls of [1, 2])
    it(`leave the decoder usable when the listener throws in call ${calls}`, async () => {
      const before = await policy.decode(ROWS, GREEDY, RANDOMNESS);
      let left = calls;
      const stop = new Error('stopped');
      await expect(
        policy.decode(ROWS, SAMPLING, RANDOMNESS, () => {
          if (--left === 0) throw stop;
        }),
      ).rejects.toBe(stop);
      expect(await policy.decode(ROWS, GREEDY, RANDOMNESS)).toEqual(before);
    });
});

describe('rows that were not planned for', () => {
  const row = { prompt: [1, 2], id: 0, limit: 5 };
  const refusals: [string, DecodeRow[], RegExp][] = [
    ['too many rows', Array.from({ length: 8 }, () => row), /expected at most 7 rows, got 8/],
    ['an empty prompt', [row, { ...row, prompt: [] }], /row 1: expected a prompt of at least one token/],
    ['a limit too high', [{ ...row, limit: 21 }], /expected at most 20 new tokens a row, got 21/],
    ['a negative limit', [{ ...row, limit: -1 }], /row 0: expected a limit of 0 or more tokens, got -1/],
    [
      'a prompt longer than the cache',
      [{ ...row, prompt: new Array<number>(28).fill(1) }],
      /expected at most 32 tokens of prompt and completion, got 33/,
    ],
    [
      'a prompt longer than a pass',
      [{ ...row, prompt: new Array<number>(18).fill(1) }],
      /row 0: expected a prompt of at most 17 tokens, got 18; raise micro_batch_tokens/,
    ],
    [
      'a token past the vocabulary',
      [row, { ...row, prompt: [1, 13] }],
      /row 1: expected tokens below 13, got 13/,
    ],
    ['half a token', [{ ...row, prompt: [1.5] }], /row 0: expected tokens below 13, got 1.5/],
  ];
  for (const [name, rows, message] of refusals)
    it(`are refused: ${name}`, async () => {
      await expect(policy.decode(rows, SAMPLING, RANDOMNESS)).rejects.toThrow(message);
    });

  it('include none at the very border', async () => {
    const whole = { prompt: new Array<number>(17).fill(1), id: 0, limit: 15 };
    const [decoded] = await policy.decode([whole], GREEDY, RANDOMNESS);
    expect(decoded.tokens.length).toBeGreaterThan(0);
  });
});
