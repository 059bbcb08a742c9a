import { describe, expect, test } from 'vitest';
import { LADDER } from '../ladder';
import type { Benchmark, Problem } from '../task';
import { BENCHMARKS } from './index';

const { decode } = LADDER.vocabulary;
const problemsOf = (set: Benchmark): Problem[] =>
  Array.from({ length: set.size }, (_, index) => set.problem(index));
const bodyOf = (problem: Problem): number[] => problem.prompt.slice(1, -1);
const called = (name: string): Benchmark => BENCHMARKS.find((each) => each.name === name)!;

/** What a prompt says, read from its words and apart from the code that made it. */
interface Read {
  words: string[];
  start: string;
  operations: string[];
  operands: string[];
  /** Text of what is held before each step and after the last; of chains and the ladder only. */
  values: string[];
}

function readWords(problem: Problem): Read {
  const words = decode(bodyOf(problem)).split(' ');
  const ladder = problem.family === 'ladder';
  const operations = words.slice(2).filter((_, i) => i % 3 === 1);
  const operands = words.slice(2).filter((_, i) => i % 3 === 2);
  const start = ladder ? words[0] + words[1] : words[1];
  const values = [start];
  for (const [i, operation] of operations.entries()) {
    const truths: Record<string, string> = { true: 'T', false: 'F' };
    const [a, b] = [values[i], operands[i]];
    const results = new Map([
      ['+', () => String((Number(a) + Number(b)) % (ladder ? 100 : 10))],
      ['-', () => String((Number(a) - Number(b) + 100) % 100)],
      ['*', () => String((Number(a) * Number(b)) % 100)],
      ['MAX', () => String(Math.max(Number(a), Number(b)))],
      ['MIN', () => String(Math.min(Number(a), Number(b)))],
      ['&', () => truths[String(a === 'T' && b === 'T')]],
      ['|', () => truths[String(a === 'T' || b === 'T')]],
      ['X', () => truths[String(a !== b)]],
    ]);
    values.push(results.get(operation)!().padStart(ladder ? 2 : 1, '0'));
  }
  return { words, start, operations, operands, values };
}

const listOf = (problem: Problem): number[] =>
  decode(bodyOf(problem))
    .split(' ')
    .filter((word) => /^\d$/.test(word))
    .map(Number);

test('the answers are those of plain arithmetic on the words', () => {
  for (const set of BENCHMARKS)
    for (const problem of problemsOf(set)) {
      const answer = decode(problem.answer);
      if (problem.family === 'sorting') expect(answer).toBe(listOf(problem).sort().join(' '));
      else expect(answer.replace(' ', ''), problem.key).toBe(readWords(problem).values.at(-1));
    }
});

describe('the structures', () => {
  const each = (name: string, check: (read: Read, problem: Problem) => void): void => {
    for (const problem of problemsOf(called(name))) check(readWords(problem), problem);
  };
  const only = (read: Read, ...operations: string[]): void =>
    expect([...new Set(read.operations)].sort()).toEqual(operations.sort());
  const sizes = (name: string): number[] =>
    [...new Set(problemsOf(called(name)).map(({ size }) => size))].sort();

  test('carry and borrow chains cross the ten at every step', () => {
    each('carry-chains', (read) => {
      only(read, '+');
      read.operands.forEach((operand, i) => {
        expect(Number(read.values[i][1]) + Number(operand)).toBeGreaterThan(9);
      });
    });
    each('borrow-chains', (read) => {
      only(read, '-');
      read.operands.forEach((operand, i) => {
        expect(Number(read.values[i][1])).toBeLessThan(Number(operand));
      });
    });
    expect(sizes('carry-chains')).toEqual([3, 4, 5]);
  });

  test('past the end and back: twice or more the next value is on the other side', () => {
    each('wrap-around', (read) => {
      only(read, '+', '-');
      const wraps = read.operations.filter((operation, i) =>
        operation === '+'
          ? Number(read.values[i + 1]) < Number(read.values[i])
          : Number(read.values[i + 1]) > Number(read.values[i]),
      );
      expect(wraps.length).toBeGreaterThanOrEqual(2);
    });
  });

  test('cancelling pairs: six of seven steps cancel, and the answer is the start and the seventh', () => {
    each('cancelling-pairs', (read) => {
      const steps = read.operations.map((operation, i) => operation + read.operands[i]);
      const alone = steps.filter((step) => !steps.includes((step[0] === '+' ? '-' : '+') + step[1]));
      expect(steps).toHaveLength(7);
      expect(alone).toHaveLength(1);
      expect(Number(read.values[7])).toBe((Number(read.start) + Number(alone[0]) + 100) % 100);
    });
  });

  test('products by turns, and products alone, more of them than training has', () => {
    each('alternating-products', (read) => {
      read.operations.forEach((operation, i) => {
        expect(operation === '*').toBe(i % 2 === 0);
      });
    });
    each('product-chains', (read) => {
      only(read, '*');
      expect(read.operations.length).toBeGreaterThan(3);
      expect(read.operands.every((operand) => '379'.includes(operand))).toBe(true);
      expect(read.values.at(-1)![1]).not.toBe('0');
    });
  });

  const idle = ['&T', '|F', 'XF'];
  const settling = ['&F', '|T'];
  const stepsOf = ({ operations, operands }: Read): string[] => operations.map((op, i) => op + operands[i]);
  const count = (steps: string[], kinds: string[]): number =>
    steps.filter((step) => kinds.includes(step)).length;

  test('the decisive step is one, and the rest do nothing', () => {
    each('decisive-step', (read) => {
      const steps = stepsOf(read);
      expect(count(steps, settling)).toBe(1);
      expect(count(steps, idle)).toBe(steps.length - 1);
    });
  });

  test('and with or, exclusive or with one exception, and steps that overrule each other', () => {
    each('and-or', (read) => {
      only(read, '&', '|');
      expect(count(stepsOf(read), settling)).toBeGreaterThanOrEqual(2);
    });
    each('exclusive-or', (read) => {
      expect(read.operations.filter((operation) => operation !== 'X')).toHaveLength(1);
      expect(count(stepsOf(read), ['XT'])).toBeGreaterThanOrEqual(2);
    });
    each('overruled', (read) => {
      const steps = stepsOf(read);
      expect(count(steps, idle)).toBe(0);
      expect(count(steps, settling)).toBeGreaterThanOrEqual(2);
      expect(count(steps, ['XT'])).toBeGreaterThanOrEqual(2);
    });
  });

  test('a scrambled run is of neighbours, and neither rises nor falls throughout', () => {
    for (const problem of problemsOf(called('scrambled-run'))) {
      const list = listOf(problem);
      const sorted = [...list].sort();
      expect(sorted.every((value, i) => i === 0 || value === sorted[i - 1] + 1)).toBe(true);
      expect(list).not.toEqual(sorted);
      expect(list).not.toEqual(sorted.reverse());
    }
    expect(sizes('scrambled-run')).toEqual([5, 7]);
  });

  test('measurements: extremes only, sums only, both by turns, and none that is idle', () => {
    each('extremes-only', (read) => only(read, 'MAX', 'MIN'));
    each('running-sums', (read) => only(read, '+'));
    each('clamped-sums', (read) => {
      read.operations.forEach((operation, i) => {
        expect(operation === '+').toBe(i % 2 === 0);
      });
      expect(read.operations.length % 2).toBe(1);
    });
    each('no-idle-step', (read) => {
      only(read, '+', 'MAX', 'MIN');
      read.values.slice(1).forEach((value, i) => {
        expect(value).not.toBe(read.values[i]);
      });
    });
  });

  test('lists: reversed with one tie at most, and of two or three values', () => {
    for (const problem of problemsOf(called('reversed-lists'))) {
      const list = listOf(problem);
      expect(list).toEqual([...list].sort().reverse());
      expect(new Set(list).size).toBeGreaterThanOrEqual(list.length - 1);
    }
    for (const problem of problemsOf(called('few-values'))) {
      expect([2, 3]).toContain(new Set(listOf(problem)).size);
      expect(problem.size).toBeGreaterThanOrEqual(6);
    }
  });

  test('programs: the start does not matter after dead code, and a loop says the same again', () => {
    each('dead-code', (read) => {
      const reset = read.operations.findIndex((operation) => operation !== '+');
      expect(reset).toBeGreaterThanOrEqual(2);
      expect(['MAX9', 'MIN0']).toContain(read.operations[reset] + read.operands[reset]);
      const [constant, ...sums] = read.operands.slice(reset).map(Number);
      expect(sums.length).toBeGreaterThanOrEqual(1);
      expect(Number(read.values.at(-1))).toBe(sums.reduce((sum, each) => sum + each, constant) % 10);
    });
    each('unrolled-loops', (read) => {
      const steps = stepsOf(read);
      expect(steps).toHaveLength(6);
      const isLoop = (lines: number): boolean => steps.every((step, i) => step === steps[i % lines]);
      expect(isLoop(2) || isLoop(3)).toBe(true);
      expect(read.operations).toContain('+');
    });
  });
});
