import { describe, expect, test } from 'vitest';
import { wilson } from '../run/statistics';
import { LADDER } from '../tasks/ladder';
import { LONG_TAIL } from '../tasks/long-tail';
import type { Benchmark } from '../tasks/task';
import { benchmarkReport, benchmarkScore } from './benchmark-scores';
import type { AnsweredProblem } from './evaluate';

/** Problems answered four times each, so many of the answers right; lengths 10 and on. */
const answered = (set: Benchmark, correct: readonly number[]): AnsweredProblem[] =>
  correct.map((each, i) => ({
    problem: set.problem(i),
    correct: each,
    truncated: i === 0 ? 1 : 0,
    lengths: [10, 11, 12, 13],
    answers: [0, 1, 2, 3].map((a) => ({ tokens: Array(10 + a).fill(0), correct: a < each })),
  }));
const [first] = LADDER.benchmarks;
const score = (set: Benchmark, ...correct: number[]): ReturnType<typeof benchmarkScore> =>
  benchmarkScore(set, answered(set, correct), [1, 2]);

describe('the score of a set', () => {
  test('3 problems with 0, 1 and 4 of 4 right: mean@4 5/12, pass@2 (0 + 1/2 + 1) / 3', () => {
    const scored = score(first, 0, 1, 4);
    expect(scored).toMatchObject({
      name: first.name,
      group: 'mathematics',
      domain: 'in-domain',
      problems: 3,
      samples: 4,
      mean: { correct: 5, samples: 12, accuracy: 5 / 12, ...wilson(5, 12) },
      random_guess: 0.01,
      base_score: first.baseScore?.accuracy,
      mean_length: 11.5,
      truncated_ratio: 1 / 12,
    });
    expect(scored.pass.map(({ k }) => k)).toEqual([1, 2]);
    expect(scored.pass[0].value).toBeCloseTo(5 / 12, 12);
    expect(scored.pass[1].value).toBeCloseTo(0.5, 12);
  });

  test('needs as many answers to each problem, and some', () => {
    const uneven = answered(first, [1, 1]);
    uneven[1].lengths.pop();
    expect(() => benchmarkScore(first, uneven, [1])).toThrow('got [4, 3]');
    expect(() => benchmarkScore(first, [], [1])).toThrow('got []');
  });
});

describe('the averages', () => {
  const { benchmarks } = LADDER;
  const all = benchmarks.map((set, i) => score(set, i % 5, (i + 2) % 5));

  test('are unweighted means over the sets of a domain and of a group', () => {
    const { averages, sets } = benchmarkReport(benchmarks, all);
    expect(sets).toEqual(all);
    expect(averages.map(({ over, sets, of }) => [over, sets, of])).toEqual([
      ['in-domain', 6, 6],
      ['out-of-domain', 13, 13],
      ['logic', 5, 5],
      ['science', 4, 4],
      ['coding', 4, 4],
    ]);
    const coding = all.slice(15);
    const [, , , , average] = averages;
    expect(average.mean.value).toBeCloseTo(coding.reduce((sum, s) => sum + s.mean.accuracy, 0) / 4, 12);
    expect(average.pass[1].value).toBeCloseTo(coding.reduce((sum, s) => sum + s.pass[1].value, 0) / 4, 12);
    expect(average.mean.low).toBeLessThan(average.mean.value);
    // Four sets together are known better than each.
    const width = ({ low, high }: { low: number; high: number }): number => high - low;
    expect(width(average.mean)).toBeLessThan(Math.min(...coding.map((s) => width(s.mean))));
  });

  test('of base scores are over measured sets alone, and of all of them or none', () => {
    const [, , , , coding] = benchmarkReport(benchmarks, all).averages;
    const measured = benchmarks.slice(15).map((set) => set.baseScore?.accuracy ?? Number.NaN);
    expect(coding.base_score).toBeCloseTo(measured.reduce((sum, each) => sum + each, 0) / 4, 12);
    const partly = all.map((each, i) => (i === 16 ? { ...each, base_score: null } : each));
    const { averages } = benchmarkReport(benchmarks, partly);
    expect(averages.map((each) => each.base_score !== null)).toEqual([true, false, true, true, false]);
    expect(score(LONG_TAIL.benchmarks[0], 1).base_score).toBeNull();
  });

  test('a set with more problems weighs no more', () => {
    const uneven = [score(benchmarks[0], 4, 4, 4, 4), score(benchmarks[1], 0)];
    expect(benchmarkReport(benchmarks, uneven).averages[0].mean.value).toBe(0.5);
  });

  test('a part of a domain says that it is one, and what was not answered is left out', () => {
    const { averages } = benchmarkReport(benchmarks, [all[6], all[7]]);
    expect(averages.map(({ over, sets, of }) => [over, sets, of])).toEqual([
      ['out-of-domain', 2, 13],
      ['logic', 2, 5],
    ]);
  });
});
