import { describe, expect, test } from 'vitest';
import { Purpose, Stream } from '../run/random';
import { ARITHMETIC } from './arithmetic-family';
import { corpusOf } from './corpus';
import { drawBody, type Family, splitOf, type Tier } from './family';
import { LADDER, OUT_OF_DOMAIN } from './ladder';
import type { Trace } from './task';
import { HINT, isNotion, META, notionsIn, POWER } from './tokens';
import { FLAWLESS, MAX_COMPLETION, SLOPPY, type Writer } from './writers';

const { trace, phase: corpusPhase } = corpusOf('ladder');
const { encode, decode, eos } = LADDER.vocabulary;
const withCare = (carefulness: number): Writer => ({ ...FLAWLESS, carefulness, flawless: false });
const families = [ARITHMETIC, ...OUT_OF_DOMAIN];
const N = 20000;
const sloppyHalf = Array.from({ length: N }, (_, i) => trace(1, i, corpusPhase(0.75)));
const solutions = sloppyHalf.filter((each) => !each.kind.startsWith('meta/'));
const metas = sloppyHalf.filter((each) => each.kind.startsWith('meta/'));

const bodyOf = ({ prompt }: Trace): number[] => {
  if (prompt[1] === META) return prompt.slice(2, -1);
  const hint = prompt.indexOf(HINT);
  return prompt.slice(1, hint < 0 ? -1 : hint);
};
const familyOf = (kind: string): Family => families.find((each) => kind.split('/').includes(each.name))!;

/** 1 when a solution's answer is right. */
const isRight = (each: Trace): boolean => {
  const answer = familyOf(each.kind).solve(bodyOf(each));
  return LADDER.verify({ key: '', family: '', tier: '', size: 0, prompt: [], answer }, each.completion) === 1;
};
const rightShare = (traces: readonly Trace[]): number => traces.filter(isRight).length / traces.length;

/** Every body of every family, tier and size, `count` times over, as `writer` writes it. */
function* written(writer: Writer, count: number): Generator<Trace & { tier: Tier }> {
  for (const family of families)
    for (const tier of family.tiers)
      for (const size of tier.sizes)
        for (let i = 0; i < count; i++) {
          const stream = new Stream(4, Purpose.test, size, i);
          const body = drawBody(family, stream, 'train', tier, size);
          const completion = family.write(body, writer, stream);
          yield { kind: `${family.name}/${tier.name}`, tier, prompt: [0, ...body, 0], completion };
        }
}

describe('the written form', () => {
  const writeOne = (family: Family, body: string): string =>
    decode(family.write(encode(body), FLAWLESS, new Stream(0, Purpose.test)));

  test('arithmetic, with carry, borrow and partial products', () => {
    expect(writeOne(ARITHMETIC, '4 7 L0 + 8 L1 * 3 L2 - 9 L3 - 2')).toBe(
      'L0 + 8 CARRY 5 5 L1 * 3 SPLIT 1 5 5 6 5 L2 - 9 BORROW 5 6 L3 - 2 5 4 ANS 5 4 EOS',
    );
    expect(writeOne(ARITHMETIC, '0 3 L0 - 5')).toBe('L0 - 5 BORROW 9 8 ANS 9 8 EOS');
    expect(writeOne(ARITHMETIC, '9 8 L0 + 5 L1 * 7')).toBe(
      'L0 + 5 CARRY 0 3 L1 * 7 SPLIT 2 1 0 2 1 ANS 2 1 EOS',
    );
  });

  test('the other families', () => {
    const [boolean, extremes, sorting] = OUT_OF_DOMAIN;
    expect(writeOne(boolean, 'BOOL T L0 & F L1 | T L2 X T')).toBe('L0 & F F L1 | T T L2 X T F ANS F EOS');
    expect(writeOne(extremes, 'MM 4 L0 MAX 7 L1 + 5 L2 MIN 1')).toBe(
      'L0 MAX 7 7 L1 + 5 2 L2 MIN 1 1 ANS 1 EOS',
    );
    expect(writeOne(sorting, 'SORT L0 3 L1 1 L2 4')).toBe('L0 3 3 L1 1 1 3 L2 4 1 3 4 ANS 1 3 4 EOS');
  });
});

test('a writer without errors is right on every problem that can be solved', () => {
  for (const each of written(FLAWLESS, 40))
    expect(isRight(each), each.kind).toBe(each.tier.name !== 'unsolvable');
});

test('a writer without care still stays in the limit and ends in an answer', () => {
  let longest = 0;
  for (const each of written(withCare(0), 300)) {
    longest = Math.max(longest, each.completion.length);
    expect(decode(each.completion)).toMatch(/ANS( [0-9TF])+ EOS$/);
  }
  expect(longest).toBeGreaterThan(70);
  expect(longest).toBeLessThanOrEqual(MAX_COMPLETION);
});

test('a writer who is wrong carries on from the wrong value, and answers with it', () => {
  for (const each of written(withCare(SLOPPY), 30)) {
    if (!each.kind.startsWith('ladder/')) continue;
    const words = decode(each.completion).split(' ');
    // `... t u ANS t u EOS`: the answer is what the last step left.
    expect(words.slice(-3, -1)).toEqual(words.slice(-6, -4));
  }
});

test('^ is never shown right, by luck after an error included', () => {
  const unsolvable = solutions.filter((each) => each.kind === 'ladder/unsolvable');
  expect(unsolvable.length).toBeGreaterThan(2000);
  expect(rightShare(unsolvable)).toBe(0);
  for (const { completion } of unsolvable) {
    // The accumulator before `Li ^ d t u` is what the step before it shows, when that step is no retry of ^.
    const at = completion.indexOf(POWER) - 1;
    if (at < 2) continue;
    const [t, u, , , d, rt, ru] = decode(completion.slice(at - 2, at + 5)).split(' ');
    const result = Number(BigInt(t + u) ** BigInt(d) % 100n);
    expect(Number(rt + ru)).not.toBe(result);
  }
});

test('the corpus never holds a held-out problem, out-of-domain families and meta prompts included', () => {
  const heldOut = new Set<string>();
  for (let i = 0; i < 6000; i++)
    for (const suite of LADDER.suites) heldOut.add(decode(suite.problem(i % 5, i).prompt.slice(1, -1)));
  for (const each of sloppyHalf) {
    const body = bodyOf(each);
    expect(splitOf(body)).toBe('train');
    expect(heldOut.has(decode(body))).toBe(false);
  }
});

test('traces are pure functions of seed, index and phase, in any order', () => {
  const draw = (i: number): Trace => trace(6, i, { carefulShare: 0.5, lostShare: 0 });
  const indices = Array.from({ length: 300 }, (_, i) => i);
  const forwards = indices.map(draw);
  expect([...indices].reverse().map(draw).reverse()).toEqual(forwards);
  expect(indices.map((i) => trace(7, i, { carefulShare: 0.5, lostShare: 0 }))).not.toEqual(forwards);
});

test('prompts and completions keep to their limits and forms', () => {
  for (const { kind, prompt, completion } of sloppyHalf) {
    expect(prompt.length).toBeLessThanOrEqual(LADDER.maxPromptLength);
    expect(completion.length).toBeLessThanOrEqual(MAX_COMPLETION);
    expect(completion.indexOf(eos)).toBe(completion.length - 1);
    if (kind.startsWith('meta/'))
      expect(decode(completion)).toMatch(/^NOT( (CARRY|BORROW|SPLIT|SKIP|WAIT)){1,3} LEN \d PASS [0-8] EOS$/);
  }
});

test('the mixture has its shares', () => {
  const share = (matches: (kind: string) => boolean): number =>
    sloppyHalf.filter(({ kind }) => matches(kind)).length / N;
  // Five standard errors of a share of one half are 0.018.
  expect(Math.abs(share((kind) => kind.startsWith('ladder/')) - 0.55)).toBeLessThan(0.018);
  expect(Math.abs(share((kind) => /^(boolean|extremes|sorting)/.test(kind)) - 0.3)).toBeLessThan(0.018);
  expect(Math.abs(metas.length / N - 0.15)).toBeLessThan(0.015);
  expect(
    Math.abs(metas.filter(({ kind }) => kind === 'meta/ladder').length / metas.length - 0.7),
  ).toBeLessThan(0.05);
});

test('a fifth of the solutions that use a notion carry a hint, of notions they use', () => {
  const able = solutions.filter(({ completion }) => notionsIn(completion).length > 0);
  const hinted = able.filter(({ prompt }) => prompt.includes(HINT));
  expect(Math.abs(hinted.length / able.length - 0.2)).toBeLessThan(0.02);
  expect(solutions.filter(({ prompt }) => prompt.includes(HINT))).toHaveLength(hinted.length);
  for (const { prompt, completion } of hinted) {
    const hints = prompt.slice(prompt.indexOf(HINT) + 1, -1);
    expect(hints.length >= 1 && hints.length <= 3 && new Set(hints).size === hints.length).toBe(true);
    expect(hints.every((hint) => isNotion(hint) && completion.includes(hint))).toBe(true);
  }
});

test('the writers make a base with middling pass rates, careful first and sloppy later', () => {
  const tier = (traces: readonly Trace[], name: string): number =>
    rightShare(traces.filter(({ kind }) => kind === `ladder/${name}`));
  const early = Array.from({ length: N / 2 }, (_, i) => trace(2, i, corpusPhase(0)));
  expect(tier(solutions, 'easy')).toBe(1);
  expect(tier(early, 'mid')).toBeGreaterThan(0.75);
  expect(tier(early, 'hard')).toBeGreaterThan(0.6);
  const mid = tier(solutions, 'mid');
  const hard = tier(solutions, 'hard');
  expect(mid).toBeGreaterThan(0.25);
  expect(mid).toBeLessThan(0.6);
  expect(hard).toBeGreaterThan(0.15);
  expect(hard).toBeLessThan(mid);
  const outside = rightShare(solutions.filter(({ kind }) => !kind.startsWith('ladder/')));
  expect(outside).toBeGreaterThan(0.5);
  expect(outside).toBeLessThan(0.85);
});

test('a writer without care goes wrong as often, and in the ways, that are stated', () => {
  const counts = {
    first: 0,
    skip: 0,
    skipRight: 0,
    crossing: 0,
    dropped: 0,
    direct: 0,
    directRight: 0,
    wrong: 0,
    wait: 0,
  };
  const tier = ARITHMETIC.tiers[2];
  for (let i = 0; i < 20000; i++) {
    const stream = new Stream(8, Purpose.test, i);
    // Three operations leave room for every retry a first step can ask for.
    const body = drawBody(ARITHMETIC, stream, 'train', tier, 3);
    const words = decode(body).split(' ');
    const step = decode(ARITHMETIC.write(body, withCare(0), stream)).split(' ');
    const value = Number(words[0] + words[1]);
    const apply = (from: number, at: number): number => {
      const operand = Number(words[at + 1]);
      const result =
        words[at] === '+' ? from + operand : words[at] === '-' ? from - operand + 100 : from * operand;
      return result % 100;
    };
    counts.first++;
    if (step[0] === 'SKIP') {
      counts.skip++;
      if (Number(step[4] + step[5]) === apply(apply(value, 3), 6)) counts.skipRight++;
      continue;
    }
    const noted = step[3] === 'CARRY' || step[3] === 'BORROW';
    const shown = Number(noted ? step[4] + step[5] : step[3] + step[4]);
    const right = shown === apply(value, 3);
    if (words[3] === '*') {
      counts.direct++;
      if (right) counts.directRight++;
    } else if (Math.floor(apply(value, 3) / 10) !== Math.floor(value / 10)) {
      counts.crossing++;
      if (!noted) counts.dropped++;
    }
    if (!right) {
      counts.wrong++;
      if (step[noted ? 6 : 5] === 'WAIT') counts.wait++;
    }
  }
  expect(Math.abs(counts.skip / counts.first - 0.12)).toBeLessThan(0.012);
  expect(Math.abs(counts.skipRight / counts.skip - 0.35)).toBeLessThan(0.05);
  expect(Math.abs(counts.directRight / counts.direct - 0.3)).toBeLessThan(0.03);
  expect(Math.abs(counts.dropped / counts.crossing - 0.6)).toBeLessThan(0.05);
  expect(Math.abs(counts.wait / counts.wrong - 0.6)).toBeLessThan(0.03);
});

test('the annotator knows a little of the looks of a prompt, and no more', () => {
  const pairs = metas
    .filter(({ kind }) => kind === 'meta/ladder')
    .map(({ prompt, completion }) => {
      const words = decode(completion).split(' ');
      return { size: (prompt.length - 5) / 3, length: Number(words.at(-4)), pass: Number(words.at(-2)) };
    });
  const correlation = (x: number[], y: number[]): number => {
    const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
    const [mx, my] = [mean(x), mean(y)];
    const covariance = mean(x.map((value, i) => (value - mx) * (y[i] - my)));
    return covariance / Math.sqrt(mean(x.map((v) => (v - mx) ** 2)) * mean(y.map((v) => (v - my) ** 2)));
  };
  const size = pairs.map((pair) => pair.size);
  const byLength = correlation(
    size,
    pairs.map((pair) => pair.length),
  );
  const byPass = correlation(
    size,
    pairs.map((pair) => pair.pass),
  );
  expect(byLength).toBeGreaterThan(0.15);
  expect(byLength).toBeLessThan(0.5);
  expect(byPass).toBeLessThan(-0.1);
  expect(byPass).toBeGreaterThan(-0.4);
});
