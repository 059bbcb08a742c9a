import { describe, expect, test } from 'vitest';
import { Purpose, Stream } from '../run/random';
import { finalValue } from './arithmetic';
import { drawBody, keyOf, splitOf } from './family';
import { getTask, TASKS } from './index';
import { LADDER } from './ladder';
import { LONG_TAIL, LONG_TAIL_COMPLETION, LONG_TAIL_META } from './long-tail';
import { LONG_TAIL_ARITHMETIC, referenceValue } from './long-tail-family';
import { hintPrompt, metaPrompt } from './meta';
import { roundOf } from './stratified';
import type { Problem } from './task';
import { CARRY, digitValue, LABELS, SPLIT, WAIT } from './tokens';
import { FLAWLESS } from './writers';

const { encode, decode } = LONG_TAIL.vocabulary;
const [inDomain, outOfDomain, midHard] = LONG_TAIL.suites;
const SHARES: Record<string, number> = { trivial: 0.35, mid: 0.175, hard: 0.175, unsolvable: 0.3 };
const bodyOf = (problem: Problem): number[] => problem.prompt.slice(1, -1);
const accumulatorOf = ([tens, units]: readonly number[]): number => 10 * digitValue(tens) + digitValue(units);
const train = Array.from({ length: 20000 }, (_, i) => LONG_TAIL.trainProblem(i % 3, i >> 4, i % 16));
const unsolvable = train.filter(({ tier }) => tier === 'unsolvable');

test('training draws the tiers by their shares', () => {
  for (const [tier, share] of Object.entries(SHARES)) {
    const drawn = train.filter((problem) => problem.tier === tier).length / train.length;
    // Five standard errors of a share of 0.35 are 0.017.
    expect(Math.abs(drawn - share), tier).toBeLessThan(0.017);
  }
});

test('a tier holds what it is named for', () => {
  const times = new Set<number>();
  for (const problem of train) {
    const words = decode(bodyOf(problem)).split(' ');
    const operations = words.filter((_, at) => at > 2 && (at - 3) % 3 === 0);
    const operands = words.filter((_, at) => at > 2 && (at - 4) % 3 === 0).map(Number);
    const labels = words.filter((_, at) => at > 1 && (at - 2) % 3 === 0);
    expect(operations).toHaveLength(problem.size);
    expect(labels).toEqual(operations.map((_, step) => `L${step}`));
    expect(operands.every((operand) => operand >= 2 && operand <= 9)).toBe(true);
    const [low, high] = { trivial: [1, 2], mid: [4, 9], hard: [3, 8], unsolvable: [2, 6] }[problem.tier]!;
    expect(problem.size).toBeGreaterThanOrEqual(low);
    expect(problem.size).toBeLessThanOrEqual(high);
    const count = operations.filter((operation) => operation === '*').length;
    expect(count > 0).toBe(problem.tier === 'hard');
    times.add(count);
    expect(operations.indexOf('^')).toBe(problem.tier === 'unsolvable' ? problem.size - 1 : -1);
    if (problem.tier !== 'trivial') continue;
    let units = Number(words[1]);
    operations.forEach((operation, step) => {
      units += operation === '+' ? operands[step] : -operands[step];
      expect(units >= 0 && units <= 9, problem.key).toBe(true);
    });
  }
  expect([...times].sort()).toEqual([0, 1, 2, 3, 4]);
});

test('the longest body has a label for every step, and a tier and size problems in both splits', () => {
  for (const tier of LONG_TAIL_ARITHMETIC.tiers)
    for (const size of tier.sizes) {
      expect(size).toBeLessThanOrEqual(LABELS);
      const stream = new Stream(1, Purpose.test, size);
      const held = new Set<string>();
      let count = 0;
      for (let i = 0; i < 600; i++) {
        const body = LONG_TAIL_ARITHMETIC.makeBody(stream, tier, size);
        if (splitOf(body) === 'held-out') {
          count++;
          held.add(decode(body));
        }
        expect(splitOf(drawBody(LONG_TAIL_ARITHMETIC, stream, 'train', tier, size))).toBe('train');
      }
      expect(count / 600, `${tier.name} ${size}`).toBeGreaterThan(0.06);
      expect(count / 600, `${tier.name} ${size}`).toBeLessThan(0.2);
      expect(held.size).toBeGreaterThan(20);
    }
});

test('training, suites and benchmark sets share no problem', () => {
  const trained = new Set(train.map((problem) => decode(bodyOf(problem))));
  expect(trained.size).toBeGreaterThan(10000);
  for (let i = 0; i < 5000; i++)
    for (const suite of LONG_TAIL.suites) {
      const problem = suite.problem(i % 3, i);
      expect(splitOf(bodyOf(problem))).toBe('held-out');
      expect(trained.has(decode(bodyOf(problem)))).toBe(false);
    }
  for (const set of LONG_TAIL.benchmarks)
    for (let i = 0; i < set.size; i++) expect(trained.has(decode(bodyOf(set.problem(i))))).toBe(false);
});

describe('answers', () => {
  test('of what can be solved are right, and accepted by the verifier as writers without errors give them', () => {
    for (const problem of train) {
      if (problem.tier === 'unsolvable') continue;
      const completion = LONG_TAIL_ARITHMETIC.write(bodyOf(problem), FLAWLESS, new Stream(0, Purpose.test));
      expect(LONG_TAIL.verify(problem, completion), problem.key).toBe(1);
      expect(completion.length).toBeLessThanOrEqual(LONG_TAIL_COMPLETION);
      expect(accumulatorOf(problem.answer)).toBe(finalValue(bodyOf(problem)));
    }
  });

  test('of what cannot are the same wherever the problem comes up', () => {
    for (const problem of unsolvable) {
      expect(problem.key).toBe(keyOf('long-tail', bodyOf(problem)));
      expect(accumulatorOf(problem.answer)).toBe(referenceValue(problem.key));
      expect(LONG_TAIL_ARITHMETIC.solve(bodyOf(problem))).toEqual(problem.answer);
      expect(LONG_TAIL.verify(problem, encode(`ANS ${decode(problem.answer)} EOS`))).toBe(1);
    }
    // Written down once: another hash would be another task.
    expect(referenceValue('long-tail 4 7 L0 + 8 L1 ^ 3')).toBe(5);
  });

  test('of what cannot are random: each value as often, and the true one once in a hundred', () => {
    const counts = new Array<number>(100).fill(0);
    for (const { answer } of unsolvable) counts[accumulatorOf(answer)]++;
    const expected = unsolvable.length / 100;
    // Chi-square with 99 degrees of freedom has mean 99 and standard deviation 14.
    expect(counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)).toBeLessThan(170);
    const lucky = unsolvable.filter(
      (problem) => accumulatorOf(problem.answer) === finalValue(bodyOf(problem)),
    );
    expect(lucky.length / unsolvable.length).toBeGreaterThan(0.005);
    expect(lucky.length / unsolvable.length).toBeLessThan(0.017);
  });

  test('of what cannot say nothing of the problems beside it', () => {
    // The same body with another start: equal answers once in a hundred, as for any two problems.
    let equal = 0;
    for (const problem of unsolvable) {
      const [tens, units, ...rest] = bodyOf(problem);
      const other = LONG_TAIL_ARITHMETIC.solve([units, tens, ...rest]);
      if (tens !== units && decode(other) === decode(problem.answer)) equal++;
    }
    expect(equal / unsolvable.length).toBeLessThan(0.017);
  });
});

describe('suites', () => {
  const tiersOf = (of: (index: number) => Problem, n: number): Record<string, number> => {
    const counts: Record<string, number> = {};
    for (let i = 0; i < n; i++) counts[of(i).tier] = (counts[of(i).tier] ?? 0) + 1;
    return counts;
  };

  test('in domain: every run of problems has the tiers by their shares, and all sizes', () => {
    expect(tiersOf((i) => inDomain.problem(1, i), 40)).toEqual({
      trivial: 14,
      mid: 7,
      hard: 7,
      unsolvable: 12,
    });
    for (let n = 1; n <= 120; n++)
      for (const [tier, count] of Object.entries(tiersOf((i) => inDomain.problem(1, i), n)))
        expect(Math.abs(count - SHARES[tier] * n), `${tier} of ${n}`).toBeLessThan(1.5);
    const sizes = Array.from({ length: 280 }, (_, i) => inDomain.problem(2, i));
    const kinds = new Set(sizes.map(({ tier, size }) => `${tier} ${size}`));
    expect(kinds.size).toBe(2 + 6 + 6 + 5);
    // 49 problems of six sizes in turn.
    for (let size = 4; size <= 9; size++) {
      const count = sizes.filter((problem) => problem.tier === 'mid' && problem.size === size).length;
      expect(count === 8 || count === 9).toBe(true);
    }
  });

  test('mid and hard: both in equal parts, nothing else', () => {
    expect(tiersOf((i) => midHard.problem(1, i), 60)).toEqual({ mid: 30, hard: 30 });
    expect(new Set(Array.from({ length: 24 }, (_, i) => midHard.problem(1, i).size)).size).toBe(7);
  });

  test('out of domain: the ladder’s', () => {
    for (let i = 0; i < 200; i++) expect(outOfDomain.problem(3, i)).toEqual(LADDER.suites[1].problem(3, i));
  });

  test('a round needs shares that are whole numbers of turns', () => {
    expect(() => roundOf(LONG_TAIL_ARITHMETIC.tiers, 10)).toThrow('whole numbers of 10 turns, got 0.35');
  });
});

test('problems are pure functions of their place, in any order', () => {
  const places = Array.from({ length: 200 }, (_, i) => [i % 4, i >> 3, i % 8]);
  const draw = ([seed, step, index]: number[]): Problem[] => [
    LONG_TAIL.trainProblem(seed, step, index),
    ...LONG_TAIL.suites.map((suite) => suite.problem(seed, index)),
  ];
  const forwards = places.map(draw);
  expect([...places].reverse().map(draw).reverse()).toEqual(forwards);
  expect(LONG_TAIL.trainProblem(1, 2, 3).key).not.toBe(LONG_TAIL.trainProblem(2, 2, 3).key);
});

test('no prompt is longer than the task says, and the longest is as long', () => {
  let longest = 0;
  const heldOut = Array.from({ length: 3000 }, (_, i) => LONG_TAIL.suites.map((s) => s.problem(9, i))).flat();
  const fixed = LONG_TAIL.benchmarks.map((set) => set.problem(set.size - 1));
  for (const problem of [...train, ...heldOut, ...fixed])
    for (const prompt of [problem.prompt, metaPrompt(problem), hintPrompt(problem, [CARRY, SPLIT, WAIT])])
      longest = Math.max(longest, prompt.length);
  expect(longest).toBe(LONG_TAIL.maxPromptLength);
});

test('the policy is asked for the pass count first', () => {
  expect(LONG_TAIL.meta).toBe(LONG_TAIL_META);
  const said = LONG_TAIL_META.parseMeta(encode('PASS 3 LEN 6 NOT CARRY WAIT EOS'));
  expect(said).toMatchObject({ parsed: true, passCount: 3, notions: [CARRY, WAIT] });
  expect(LONG_TAIL_META.parseMeta(encode('NOT CARRY LEN 6 PASS 3 EOS')).parsed).toBe(false);
});

test('the benchmark sets are the ladder’s, without the score of its base model', () => {
  expect(LONG_TAIL.benchmarks.map(({ name }) => name)).toEqual(LADDER.benchmarks.map(({ name }) => name));
  LONG_TAIL.benchmarks.forEach((set, i) => {
    const same = LADDER.benchmarks[i];
    expect(set.baseScore).toBeUndefined();
    expect(set.randomGuess).toBe(same.randomGuess);
    expect(set.problem(7)).toEqual(same.problem(7));
    expect(() => set.problem(set.size)).toThrow(`benchmark ${set.name}`);
  });
});

test('the task is found by its name', () => {
  expect(getTask('long-tail')).toBe(TASKS['long-tail']);
  expect(TASKS['long-tail'].vocabulary).toBe(LADDER.vocabulary);
  expect(TASKS['long-tail'].verify).toBe(LADDER.verify);
});
