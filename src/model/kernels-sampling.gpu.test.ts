import { describe, expect, it } from 'vitest';
import philoxCode from '../../shaders/philox.wgsl?raw';
import probe from '../../shaders/philox_probe.wgsl?raw';
import { flatGrid, type Grid, type ShaderFile } from '../gpu/kernel';
import { openTestGpu } from '../gpu/testing';
import { philox } from '../run/random';
import { type SamplingOptions, sampleToken } from './reference/decode';
import { logSoftmaxGather } from './reference/log-softmax';
import { generator } from './reference/testing';
import { SHADERS } from './shaders';
import { expectClose, POISON, random32, runKernel, unsigned } from './testing';
import { f32, perRow } from './workspace';

const SEED = 0xdeadbeef;
const PURPOSE = 3;
const STEP = 17;
const NO_TOKEN = 2 ** 32 - 1;
const END = 2;

/** The uniform number of token `index` of rollout `id`. */
function uniform(id: number, index: number): number {
  return (philox([STEP, id, index >>> 2, 0], [SEED, PURPOSE])[index % 4] >>> 8) / 2 ** 24;
}

interface Draws {
  logits: Float32Array;
  vocabulary: number;
  /** The batch rows that are live, of `rows`. */
  live: readonly number[];
  rows: number;
  options: SamplingOptions;
  /** Tokens generated before. */
  index: number;
  limit: number;
}

/** By each of the kernels, whose results are the same bits. */
async function draw(draws: Draws) {
  const simple = await drawBy(draws, SHADERS.sample, flatGrid(draws.live.length));
  expect(await drawBy(draws, SHADERS.sampleShared, perRow(1, draws.live.length))).toEqual(simple);
  return simple;
}

async function drawBy(
  { logits, vocabulary, live, rows, options, index, limit }: Draws,
  file: ShaderFile,
  grid: Grid,
) {
  const { temperature, topK, topP, greedy } = options;
  const ids = Array.from({ length: rows }, (_, r) => r * 1000 + 7);
  const state = Uint32Array.from({ length: rows * 4 }, (_, i) => [1, 40, index, 0][i % 4]);
  const before = new Float32Array(state.buffer);
  const got = await runKernel(await openTestGpu(), file, {
    uniforms: {
      extent: [live.length, 0],
      sampling: [
        ...[vocabulary, rows, greedy ? 1 : 0, f32(1 / temperature), topK, f32(topP), 0, 0],
        // The end stands among others, at none of the first places.
        ...[NO_TOKEN, NO_TOKEN, END, NO_TOKEN],
      ],
      randomness: [SEED, PURPOSE, STEP],
    },
    inputs: {
      live_rows: Uint32Array.from(live),
      logits,
      orders: Uint32Array.from(ids.flatMap((id) => [id, limit])),
    },
    outputs: { state: before, tokens: (index + 1) * rows, scores: (index + 1) * rows * 2 },
    grid,
  });
  const at = (r: number) => index * rows + r;
  return {
    ids,
    tokens: live.map((r) => unsigned(got.tokens)[at(r)]),
    logps: live.map((r) => got.scores[2 * at(r)]),
    entropies: live.map((r) => got.scores[2 * at(r) + 1]),
    state: unsigned(got.state),
    /** Entries that were left alone. */
    untouched: got.tokens.filter((value) => value === POISON).length,
  };
}

describe('the Philox of the shaders', () => {
  it('is the Philox of the tasks for any counter and key', async () => {
    const random = generator(1);
    const word = () => Math.floor(random() * 2 ** 32);
    // The corners, and a thousand others.
    const draws = [0, 0xffffffff, ...Array.from({ length: 1000 }, () => -1)].map((corner) =>
      Array.from({ length: 8 }, () => (corner < 0 ? word() : corner)),
    );
    const { out } = await runKernel(
      await openTestGpu(),
      {
        name: 'philox_probe',
        prelude: philoxCode,
        code: probe,
      },
      {
        uniforms: {},
        constants: { DRAWS: draws.length },
        inputs: { draws: Uint32Array.from(draws.flat()) },
        outputs: { out: draws.length * 4 },
        grid: flatGrid(draws.length),
      },
    );
    const want = draws.flatMap(([a, b, c, d, k, l]) => philox([a, b, c, d], [k, l]));
    expect(Array.from(unsigned(out))).toEqual(want);
  });
});

const PLAIN: SamplingOptions = { temperature: 1, topK: 0, topP: 1 };
const OPTIONS: Record<string, SamplingOptions> = {
  plain: PLAIN,
  greedy: { ...PLAIN, greedy: true },
  'at temperature 0.7': { ...PLAIN, temperature: 0.7 },
  'from the top 1': { ...PLAIN, topK: 1 },
  'from the top 3': { ...PLAIN, topK: 3, temperature: 1.3 },
  'from the top 0.5': { ...PLAIN, topP: 0.5 },
  'from the top 0.9 of the top 5': { temperature: 0.9, topK: 5, topP: 0.9 },
  'from as many as there are': { ...PLAIN, topK: 1000 },
  'from next to nothing': { ...PLAIN, topP: 1e-9 },
};

describe('the sampling kernel', () => {
  for (const [name, options] of Object.entries(OPTIONS))
    for (const [vocabulary, rows, index] of [
      [13, 65, 0],
      [1, 3, 1],
      [301, 31, 6],
      // More than a part's 32 tokens for each of 256.
      [9001, 3, 2],
    ])
      it(`draws ${name} of ${vocabulary} tokens in ${rows} rows as the reference does`, async () => {
        const random = generator(vocabulary);
        // Every second row's logits are whole numbers, so that many tie, at the thresholds as well.
        const logits = random32(random, rows * vocabulary, 4).f32.map((x, i) =>
          Math.floor(i / vocabulary) % 2 ? Math.round(x) : x,
        );
        const live = Array.from({ length: rows }, (_, r) => r).filter((r) => r % 7 !== 3);
        const own = live.flatMap((r) => Array.from(logits.subarray(r * vocabulary, (r + 1) * vocabulary)));
        const got = await draw({
          logits: Float32Array.from(own),
          vocabulary,
          live,
          rows,
          options,
          index,
          limit: index + 2,
        });
        live.forEach((row, slot) => {
          const z = own.slice(slot * vocabulary, (slot + 1) * vocabulary);
          const u = uniform(got.ids[row], index);
          // Where the number falls within rounding of the border between two tokens, both are right.
          const right = [-1e-6, 0, 1e-6].map((off) => sampleToken(z, Math.max(0, u + off), options));
          const same = right.find(({ token }) => token === got.tokens[slot]);
          expect(same, `row ${row}: ${got.tokens[slot]} of ${z} at ${u}`).toBeDefined();
          expectClose([got.logps[slot]], [same?.logp ?? 0], 'logp', { absolute: 1e-5 });
          const { entropy } = logSoftmaxGather(Float64Array.from(z), [0], vocabulary, options.temperature);
          expectClose([got.entropies[slot]], entropy, 'entropy', { absolute: 1e-5 });
          expect(Array.from(got.state.subarray(row * 4, row * 4 + 4))).toEqual([
            got.tokens[slot],
            41,
            index + 1,
            got.tokens[slot] === END ? 1 : 0,
          ]);
        });
        // Nothing of rows that are not live, nothing of earlier tokens.
        expect(got.untouched).toBe(index * rows + rows - live.length);
        for (let r = 3; r < rows; r += 7)
          expect(Array.from(got.state.subarray(r * 4, r * 4 + 4))).toEqual([1, 40, index, 0]);
      });

  it('finishes a row at its limit', async () => {
    const logits = Float32Array.from([0, 9, 0, 0]);
    const run = { logits, vocabulary: 4, live: [0], rows: 1, options: { ...PLAIN, greedy: true } };
    expect((await draw({ ...run, index: 3, limit: 4 })).state[3]).toBe(1);
    expect((await draw({ ...run, index: 3, limit: 5 })).state[3]).toBe(0);
  });

  it('never draws a token whose probability is zero in single precision', async () => {
    const rows = 300;
    const logits = Float32Array.from({ length: rows * 5 }, (_, i) => [-500, 3, -500, 2, -500][i % 5]);
    const live = Array.from({ length: rows }, (_, r) => r);
    const { tokens } = await draw({ logits, vocabulary: 5, live, rows, options: PLAIN, index: 0, limit: 2 });
    expect([...new Set(tokens)].sort()).toEqual([1, 3]);
  });

  for (const name of ['plain', 'from the top 3', 'from the top 0.5'])
    it(`draws ${name} as often as the probabilities say`, async () => {
      const options = OPTIONS[name];
      const [rows, vocabulary] = [4001, 11];
      const one = random32(generator(6), vocabulary, 1.5).f32;
      const logits = Float32Array.from({ length: rows * vocabulary }, (_, i) => one[i % vocabulary]);
      const live = Array.from({ length: rows }, (_, r) => r);
      const { tokens } = await draw({ logits, vocabulary, live, rows, options, index: 5, limit: 9 });
      // The reference's own shares, over a fine grid of numbers.
      const share = new Float64Array(vocabulary);
      for (let i = 0; i < 20000; i++) share[sampleToken(one, (i + 0.5) / 20000, options).token] += 1 / 20000;
      let chiSquare = 0;
      share.forEach((p, v) => {
        const count = tokens.filter((token) => token === v).length;
        if (p === 0) expect(count).toBe(0);
        else chiSquare += (count - p * rows) ** 2 / (p * rows);
      });
      // With at most 10 degrees of freedom chance goes past 30 once in a thousand seeds; this seed is fixed.
      expect(chiSquare).toBeLessThan(30);
    });
});

describe('the scheduling kernel', () => {
  for (const rows of [1, 2, 63, 64, 65, 130])
    for (const [name, done] of [
      ['none', () => false],
      ['all', () => true],
      ['every third', (r: number) => r % 3 === 0],
      ['the last', (r: number) => r === rows - 1],
    ] as const)
      it(`lists ${rows} rows in order when ${name} finished`, async () => {
        const state = Uint32Array.from({ length: rows * 4 }, (_, i) => {
          const r = Math.floor(i / 4);
          return [r + 500, r + 20, 3, done(r) ? 1 : 0][i % 4];
        });
        const got = await runKernel(await openTestGpu(), SHADERS.scheduleRows, {
          uniforms: { size: [rows] },
          inputs: { state },
          outputs: { live: 2, live_rows: rows, ids: rows, positions: rows },
          grid: flatGrid(rows),
        });
        const live = Array.from({ length: rows }, (_, r) => r).filter((r) => !done(r));
        expect(Array.from(unsigned(got.live))).toEqual([live.length, 0]);
        const listed = (values: Float32Array) => Array.from(unsigned(values).subarray(0, live.length));
        expect(listed(got.live_rows)).toEqual(live);
        expect(listed(got.ids)).toEqual(live.map((r) => r + 500));
        expect(listed(got.positions)).toEqual(live.map((r) => r + 20));
        // The places of finished rows stay as they are.
        for (const values of [got.live_rows, got.ids, got.positions])
          expect(values.subarray(live.length).every((value) => value === POISON)).toBe(true);
      });
});
