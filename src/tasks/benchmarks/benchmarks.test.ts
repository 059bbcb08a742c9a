import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { Purpose, Stream } from '../../run/random';
import { corpusOf } from '../corpus';
import { splitOf } from '../family';
import { LADDER } from '../ladder';
import { BENCHMARK_GROUPS, type Benchmark, type Problem } from '../task';
import { HINT, META } from '../tokens';
import { FLAWLESS, MAX_COMPLETION } from '../writers';
import { MEASURED_WEIGHTS } from './base-scores';
import { benchmark } from './benchmark-set';
import { BENCHMARK_SPECS, BENCHMARKS, selectBenchmarks } from './index';
import { arrangements, listBody } from './lists';

const { decode, encode } = LADDER.vocabulary;
const { trace, phase: corpusPhase } = corpusOf('ladder');
const problemsOf = (set: Benchmark): Problem[] =>
  Array.from({ length: set.size }, (_, index) => set.problem(index));
const bodyOf = (problem: Problem): number[] => problem.prompt.slice(1, -1);
const called = (name: string): Benchmark => BENCHMARKS.find((each) => each.name === name)!;

const listOf = (problem: Problem): number[] =>
  decode(bodyOf(problem))
    .split(' ')
    .filter((word) => /^\d$/.test(word))
    .map(Number);

test('there are six sets in domain and thirteen out of it: five of logic, four of science, four of coding', () => {
  expect(LADDER.benchmarks).toBe(BENCHMARKS);
  const count = (holds: (set: Benchmark) => boolean): number => BENCHMARKS.filter(holds).length;
  expect(count(({ domain }) => domain === 'in-domain')).toBe(6);
  expect(count(({ domain }) => domain === 'out-of-domain')).toBe(13);
  expect(BENCHMARK_GROUPS.map((group) => count((set) => set.group === group))).toEqual([6, 5, 4, 4]);
  for (const field of ['name', 'label', 'describes', 'analogue'] as const)
    expect(new Set(BENCHMARKS.map((set) => set[field])).size, field).toBe(19);
});

test('a set is a fixed list: the same from any copy, in any order, and not to be changed by its reader', () => {
  for (const [group, spec] of [0, 8, 14, 16].map((place) => BENCHMARK_SPECS[place])) {
    const fresh = benchmark(group, spec);
    for (const index of [41, 0, 59]) expect(fresh.problem(index)).toEqual(called(spec.name).problem(index));
  }
  const [set] = BENCHMARKS;
  const before = structuredClone(set.problem(7));
  set.problem(7).prompt.fill(0);
  set.problem(7).answer.fill(0);
  expect(set.problem(7)).toEqual(before);
  // All problems and answers in one number, for good: other lists would be other benchmarks.
  let hash = 0;
  for (const each of BENCHMARKS.flatMap(problemsOf))
    for (const token of [...each.prompt, ...each.answer]) hash = (Math.imul(hash, 31) + token) | 0;
  expect(hash).toBe(1458893159);
});

test('an index outside the list is refused', () => {
  for (const index of [-1, 60, 0.5, Number.NaN])
    expect(() => called('carry-chains').problem(index)).toThrow('index of a problem, 0 to 59');
});

test('no problem is twice in a set or in two sets', () => {
  const keys = BENCHMARKS.flatMap((set) => problemsOf(set).map(({ key }) => key));
  expect(keys).toHaveLength(19 * 60);
  expect(new Set(keys).size).toBe(keys.length);
});

test('no problem of a set is trained on: all are held out, and none is in ten thousand training draws', () => {
  const keys = new Set<string>();
  for (const set of BENCHMARKS)
    for (const problem of problemsOf(set)) {
      // The proof: training draws the bodies of the other value of this hash alone.
      expect(splitOf(bodyOf(problem))).toBe('held-out');
      keys.add(decode(bodyOf(problem)));
    }
  for (let i = 0; i < 10000; i++) {
    const { prompt } = LADDER.trainProblem(i % 3, i >> 4, i % 16);
    expect(splitOf(prompt.slice(1, -1))).toBe('train');
    expect(keys.has(decode(prompt.slice(1, -1)))).toBe(false);
  }
});

test('no problem of a set is in the corpus, neither as a solution, nor hinted at, nor predicted about', () => {
  const keys = new Set(BENCHMARKS.flatMap((set) => problemsOf(set).map((each) => decode(bodyOf(each)))));
  for (let i = 0; i < 10000; i++) {
    const { prompt } = trace(i % 2, i, corpusPhase(i / 10000));
    const hint = prompt.indexOf(HINT);
    const body = prompt.slice(prompt[1] === META ? 2 : 1, hint < 0 ? -1 : hint);
    expect(splitOf(body)).toBe('train');
    expect(keys.has(decode(body))).toBe(false);
  }
});

test('every problem has a right solution in the taught form, within the length of a completion', () => {
  for (const [, spec] of BENCHMARK_SPECS) {
    const set = called(spec.name);
    for (const problem of problemsOf(set)) {
      const solution = spec.family.write(bodyOf(problem), FLAWLESS, new Stream(0, Purpose.test));
      expect(LADDER.verify(problem, solution), problem.key).toBe(1);
      expect(solution.length).toBeLessThanOrEqual(MAX_COMPLETION);
      expect(problem.prompt.length).toBeLessThanOrEqual(LADDER.maxPromptLength);
    }
  }
});

test('problems say their set as their tier, and their size', () => {
  for (const set of BENCHMARKS)
    for (const problem of problemsOf(set)) {
      expect(problem.tier).toBe(set.name);
      expect(problem.size).toBe(decode(bodyOf(problem)).match(/L\d/g)!.length);
    }
});

test('the base model’s score stands beside every set, above guessing, and is that of the weights shipped', () => {
  const weights = readFileSync('public/models/ladder-base/model.safetensors');
  expect(createHash('sha256').update(weights).digest('hex')).toBe(MEASURED_WEIGHTS);
  for (const set of BENCHMARKS) {
    expect(set.baseScore, set.name).toMatchObject({ samples: 480 });
    // Room on both sides: a set that all or none of the policies solve says nothing.
    expect(set.baseScore!.low, set.name).toBeGreaterThan(set.randomGuess);
    expect(set.baseScore!.high, set.name).toBeLessThan(0.95);
  }
});

describe('random guesses', () => {
  test('are worth 1 in 100 for accumulators, 1 in 2 for truth values, 1 in 10 for digits', () => {
    for (const set of BENCHMARKS) {
      const { family } = set.problem(0);
      const worth = { ladder: 0.01, boolean: 0.5, extremes: 0.1 }[family];
      if (worth !== undefined) expect(set.randomGuess, set.name).toBe(worth);
    }
  });

  test('of a list are worth one over its arrangements, ties not told apart', () => {
    // 1 1 2 has 3, 1 1 2 2 has 4! / (2! 2!) = 6, four different digits 24.
    expect(['1 1 2', '1 2 1 2', '4 3 2 1'].map((list) => arrangements(listBody(encode(list))))).toEqual([
      3, 6, 24,
    ]);
    const counted = problemsOf(called('few-values')).map((problem) => {
      const orders = new Set<string>();
      const put = (left: number[], order: string): void => {
        if (left.length === 0) orders.add(order);
        new Set(left).forEach((each) => {
          const at = left.indexOf(each);
          put([...left.slice(0, at), ...left.slice(at + 1)], order + each);
        });
      };
      put(listOf(problem), '');
      return 1 / orders.size;
    });
    expect(called('few-values').randomGuess).toBeCloseTo(counted.reduce((a, b) => a + b) / 60, 12);
    // Half of the lists are of five digits, half of seven.
    expect(called('scrambled-run').randomGuess).toBeCloseTo((1 / 120 + 1 / 5040) / 2, 12);
  });

  test('are not beaten by one constant answer: truth values and digits take turns, accumulators are spread', () => {
    for (const set of BENCHMARKS) {
      const counts = new Map<string, number>();
      for (const { answer } of problemsOf(set))
        counts.set(decode(answer), (counts.get(decode(answer)) ?? 0) + 1);
      const { family } = set.problem(0);
      const most = Math.max(...counts.values());
      if (family === 'boolean') expect(most, set.name).toBe(30);
      else if (family === 'extremes') expect(most, set.name).toBe(6);
      else if (family === 'ladder') expect(most, set.name).toBeLessThanOrEqual(3);
      else expect(family).toBe('sorting');
    }
  });
});

describe('choosing sets', () => {
  const names = (...asked: string[]): string[] => selectBenchmarks(BENCHMARKS, asked).map(({ name }) => name);

  test('by name, group, domain or all, in the order of the table and each once', () => {
    expect(names('all')).toHaveLength(19);
    expect(names('in-domain')).toEqual(names('mathematics'));
    expect(names('out-of-domain')).toEqual(names('coding', 'logic', 'science'));
    expect(names('science', 'running-sums')).toHaveLength(4);
    expect(names('few-values', 'and-or')).toEqual(['and-or', 'few-values']);
    expect(names()).toEqual([]);
  });

  test('an unknown name is answered with those there are', () => {
    expect(() => names('and-or', 'AIME24')).toThrow(
      /expected one of all, in-domain, mathematics.*got "AIME24"/,
    );
  });
});
