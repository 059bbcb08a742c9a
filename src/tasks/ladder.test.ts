import { describe, expect, test } from 'vitest';
import { Purpose, Stream } from '../run/random';
import { applyOperation } from './arithmetic';
import { ARITHMETIC } from './arithmetic-family';
import { drawBody, splitOf } from './family';
import { getTask, TASKS } from './index';
import { hintPrompt, LADDER, metaPrompt, OUT_OF_DOMAIN } from './ladder';
import type { Problem } from './task';
import { CARRY, digit, POWER, SPLIT, WAIT } from './tokens';

const { encode, decode } = LADDER.vocabulary;
const [inDomain, outOfDomain] = LADDER.suites;
const bodyText = (problem: Problem): string => decode(problem.prompt.slice(1, -1));

/** The answer by plain arithmetic on the words of the prompt, apart from the task's own code. */
function solveWords(problem: Problem): string {
  const words = bodyText(problem).split(' ');
  if (problem.family === 'sorting')
    return words
      .filter((word) => /^\d$/.test(word))
      .sort()
      .join(' ');
  const ladder = problem.family === 'ladder';
  let value = ladder
    ? Number(words[0] + words[1])
    : words[1] === 'T'
      ? 1
      : words[1] === 'F'
        ? 0
        : Number(words[1]);
  for (let i = 2; i < words.length; i += 3) {
    const operand = words[i + 2] === 'T' ? 1 : words[i + 2] === 'F' ? 0 : Number(words[i + 2]);
    const results: Record<string, number> = {
      '+': value + operand,
      '-': value - operand + 100,
      '*': value * operand,
      '^': Number(BigInt(value) ** BigInt(operand) % 100n),
      '&': value & operand,
      '|': value | operand,
      X: value ^ operand,
      MAX: Math.max(value, operand),
      MIN: Math.min(value, operand),
    };
    value = results[words[i + 1]] % (ladder ? 100 : 10);
  }
  if (problem.family === 'boolean') return value === 1 ? 'T' : 'F';
  return ladder ? String(value).padStart(2, '0').split('').join(' ') : String(value);
}

describe('verify', () => {
  const problem: Problem = {
    key: 'ladder 4 7 L0 + 8',
    family: 'ladder',
    tier: 'easy',
    size: 1,
    prompt: encode('BOS 4 7 L0 + 8 SOL'),
    answer: encode('5 5'),
  };
  const verdict = (text: string): number => LADDER.verify(problem, encode(text));

  test('accepts whatever ends in exactly ANS, the answer, EOS', () => {
    expect(verdict('L0 + 8 CARRY 5 5 ANS 5 5 EOS')).toBe(1);
    expect(verdict('ANS 5 5 EOS')).toBe(1);
    expect(verdict('WAIT WAIT ANS 1 1 ANS 5 5 EOS')).toBe(1);
  });

  test('rejects another answer, another end, and an answer of another length', () => {
    for (const text of [
      '',
      'EOS',
      'ANS 5 5',
      '5 5 EOS',
      'ANS 5 6 EOS',
      'ANS 6 5 EOS',
      'ANS 5 EOS',
      'ANS 5 5 5 EOS',
      'ANS 0 5 5 EOS',
      'ANS 5 5 EOS EOS',
      'ANS 5 5 EOS PAD',
      'ANS 5 5 PAD',
      'ANS CARRY 5 5 EOS',
      'L0 + 8 CARRY 5 5 EOS',
      'ANS 5 5 WAIT EOS',
    ])
      expect(verdict(text), text).toBe(0);
    expect(LADDER.verify(problem, [-1, 1e9, Number.NaN])).toBe(0);
  });

  test('a sorted list is compared as a whole', () => {
    const sorting = { ...problem, family: 'sorting', answer: encode('1 3 4') };
    expect(LADDER.verify(sorting, encode('L2 4 1 3 4 ANS 1 3 4 EOS'))).toBe(1);
    expect(LADDER.verify(sorting, encode('ANS 1 4 3 EOS'))).toBe(0);
    expect(LADDER.verify(sorting, encode('ANS 3 4 EOS'))).toBe(0);
  });
});

test('^ raises the accumulator to the operand, modulo 100', () => {
  for (let value = 0; value < 100; value++)
    for (let operand = 2; operand <= 9; operand++)
      expect(applyOperation(POWER, value, operand)).toBe(Number(BigInt(value) ** BigInt(operand) % 100n));
});

test('answers are right in every family and tier, by arithmetic on the words', () => {
  for (let i = 0; i < 1500; i++)
    for (const problem of [
      LADDER.trainProblem(11, 3, i),
      inDomain.problem(11, i),
      outOfDomain.problem(11, i),
    ])
      expect(decode(problem.answer), problem.key).toBe(solveWords(problem));
});

test('a tier holds what it is named for', () => {
  for (let i = 0; i < 4000; i++) {
    const problem = LADDER.trainProblem(1, 0, i);
    const words = bodyText(problem).split(' ');
    const operations = words.filter((_, at) => at > 2 && (at - 3) % 3 === 0);
    const operands = words.filter((_, at) => at > 2 && (at - 4) % 3 === 0).map(Number);
    expect(operations).toHaveLength(problem.size);
    expect(operands.every((operand) => operand >= 2 && operand <= 9)).toBe(true);
    const [low, high] = { easy: [1, 2], mid: [3, 7], hard: [3, 7], unsolvable: [2, 6] }[problem.tier]!;
    expect(problem.size).toBeGreaterThanOrEqual(low);
    expect(problem.size).toBeLessThanOrEqual(high);
    const times = operations.filter((operation) => operation === '*').length;
    expect(times >= 1 && times <= 3).toBe(problem.tier === 'hard');
    expect(operations.indexOf('^')).toBe(problem.tier === 'unsolvable' ? problem.size - 1 : -1);
  }
});

test('training draws the tiers by their shares', () => {
  const counts: Record<string, number> = {};
  const n = 20000;
  for (let i = 0; i < n; i++) {
    const { tier } = LADDER.trainProblem(5, Math.floor(i / 16), i % 16);
    counts[tier] = (counts[tier] ?? 0) + 1;
  }
  expect(Object.keys(counts).sort()).toEqual(['easy', 'hard', 'mid', 'unsolvable']);
  // Five standard errors are 0.0153.
  for (const count of Object.values(counts)) expect(Math.abs(count / n - 0.25)).toBeLessThan(0.0155);
});

test('a suite has its families, tiers and sizes in equal parts', () => {
  const count = (of: (index: number) => Problem, n: number): Record<string, number> => {
    const counts: Record<string, number> = {};
    for (let i = 0; i < n; i++) {
      const { family, tier } = of(i);
      counts[`${family}/${tier}`] = (counts[`${family}/${tier}`] ?? 0) + 1;
    }
    return counts;
  };
  expect(count((i) => inDomain.problem(1, i), 128)).toEqual({
    'ladder/easy': 32,
    'ladder/mid': 32,
    'ladder/hard': 32,
    'ladder/unsolvable': 32,
  });
  const outside = count((i) => outOfDomain.problem(1, i), 90);
  expect(Object.keys(outside)).toHaveLength(9);
  expect(Object.values(outside)).toEqual(new Array(9).fill(10));
  const sizes = new Set(
    Array.from({ length: 40 }, (_, i) => inDomain.problem(1, i)).map((p) => `${p.tier} ${p.size}`),
  );
  expect(sizes.size).toBe(2 + 5 + 5 + 5);
});

test('train and held-out sets share no problem over tens of thousands of draws and several seeds', () => {
  const train = new Set<string>();
  for (let i = 0; i < 30000; i++) train.add(LADDER.trainProblem(i % 3, i >> 4, i % 16).key);
  const heldOut = new Set<string>();
  for (let i = 0; i < 10000; i++) {
    heldOut.add(inDomain.problem(i % 3, i).key);
    heldOut.add(outOfDomain.problem(i % 3, i).key);
  }
  expect(train.size).toBeGreaterThan(15000);
  expect(heldOut.size).toBeGreaterThan(8000);
  for (const key of heldOut) expect(train.has(key)).toBe(false);
});

test('every tier and size has problems in both splits, about an eighth of them held out', () => {
  for (const family of [ARITHMETIC, ...OUT_OF_DOMAIN])
    for (const tier of family.tiers)
      for (const size of tier.sizes) {
        const stream = new Stream(1, Purpose.test, size);
        let held = 0;
        const bodies = new Set<string>();
        for (let i = 0; i < 400; i++) {
          const body = family.makeBody(stream, tier, size);
          if (splitOf(body) === 'held-out') {
            held++;
            bodies.add(decode(body));
          }
          expect(splitOf(drawBody(family, stream, 'held-out', tier, size))).toBe('held-out');
        }
        // Shorter bodies are few, so their share is coarse: a boolean chain of two has 72.
        expect(held / 400, `${family.name} ${size}`).toBeGreaterThan(0.05);
        expect(held / 400, `${family.name} ${size}`).toBeLessThan(0.25);
        expect(bodies.size, `${family.name} ${size}`).toBeGreaterThan(4);
      }
});

test('problems are pure functions of their place, in any order', () => {
  const places = Array.from({ length: 200 }, (_, i) => [i % 4, i >> 3, i % 8]);
  const draw = ([seed, step, index]: number[]): Problem[] => [
    LADDER.trainProblem(seed, step, index),
    inDomain.problem(seed, index),
    outOfDomain.problem(seed, index),
  ];
  const forwards = places.map(draw);
  const backwards = [...places].reverse().map(draw).reverse();
  expect(backwards).toEqual(forwards);
  expect(LADDER.trainProblem(1, 2, 3).key).not.toBe(LADDER.trainProblem(2, 2, 3).key);
});

test('no prompt is longer than the task says, and the longest is as long', () => {
  let longest = 0;
  for (let i = 0; i < 5000; i++)
    for (const problem of [LADDER.trainProblem(9, 1, i), inDomain.problem(9, i), outOfDomain.problem(9, i)])
      longest = Math.max(
        longest,
        problem.prompt.length,
        metaPrompt(problem).length,
        hintPrompt(problem, [CARRY, SPLIT, WAIT]).length,
      );
  expect(longest).toBe(LADDER.maxPromptLength);
});

test('meta and hint prompts state the same problem', () => {
  const problem = inDomain.problem(0, 1);
  const body = bodyText(problem);
  expect(decode(problem.prompt)).toBe(`BOS ${body} SOL`);
  expect(decode(metaPrompt(problem))).toBe(`BOS META ${body} META`);
  expect(decode(hintPrompt(problem, [CARRY, WAIT]))).toBe(`BOS ${body} HINT CARRY WAIT SOL`);
  expect(problem.key).toBe(`ladder ${body}`);
  expect(() => hintPrompt(problem, [])).toThrow('expected 1 to 3 notion tokens, got []');
  expect(() => hintPrompt(problem, [digit(3)])).toThrow('expected 1 to 3 notion tokens');
});

test('an unknown task is answered with those there are', () => {
  expect(getTask('ladder')).toBe(TASKS.ladder);
  expect(() => getTask('chess')).toThrow('expected one of ladder, long-tail, got "chess"');
  expect(() => getTask('toString')).toThrow('got "toString"');
});
