import { describe, expect, it, test } from 'vitest';
import { getTask, TASKS } from './index';
import { ProblemTextError, parseProblem } from './problem-text';
import { verify } from './verify';

const ladder = getTask('ladder');
const words = (text: string) => ladder.vocabulary.decode(parseProblem(text, ladder).prompt);

describe('a problem as a person types it', () => {
  it.each([
    ['47 + 8 * 3', 'BOS 4 7 L0 + 8 L1 * 3 SOL', '65', 'hard'],
    ['7+8', 'BOS 0 7 L0 + 8 SOL', '15', 'easy'],
    ['47, then − 8, × 3, ^ 2 = ?', 'BOS 4 7 L0 - 8 L1 * 3 L2 ^ 2 SOL', '89', 'unsolvable'],
    ['10 - 1 - 2 - 3 =', 'BOS 1 0 L0 - 1 L1 - 2 L2 - 3 SOL', '04', 'mid'],
    ['true and F xor T', 'BOS BOOL T L0 & F L1 X T SOL', 'T', 'short'],
    ['4 max 7, min 2 + 9 = ?', 'BOS MM 4 L0 MAX 7 L1 MIN 2 L2 + 9 SOL', '1', 'short'],
    ['sort 3 1 2', 'BOS SORT L0 3 L1 1 L2 2 SOL', '123', 'short'],
    ['  BOS 4 7 L0 + 8 SOL', 'BOS 4 7 L0 + 8 SOL', '55', 'easy'],
    ['BOS MM 4 L0 + 7 SOL', 'BOS MM 4 L0 + 7 SOL', '1', 'short'],
  ])('%j has its prompt, its answer and its tier', (text, prompt, answer, tier) => {
    const problem = parseProblem(text, ladder);
    expect(ladder.vocabulary.decode(problem.prompt)).toBe(prompt);
    expect(ladder.vocabulary.decode(problem.answer).replaceAll(' ', '')).toBe(answer);
    expect(problem.tier).toBe(tier);
    expect(
      verify(problem, ladder.vocabulary.encode(`ANS ${ladder.vocabulary.decode(problem.answer)} EOS`)),
    ).toBe(1);
  });

  test('what the tasks say of their own problems is read back as the same problem', () => {
    for (const task of Object.values(TASKS))
      for (const suite of task.suites)
        for (let index = 0; index < 60; index++) {
          const problem = suite.problem(0, index);
          // A lone digit and sums could be of either family, which only the words tell.
          const text =
            problem.family === 'extremes' && !/max|min/.test(task.vocabulary.readable(problem.prompt))
              ? task.vocabulary.decode(problem.prompt)
              : task.vocabulary.readable(problem.prompt);
          expect(parseProblem(text, task)).toEqual({ ...problem, tier: expect.any(String) });
        }
  });

  it.each([
    ['', 1, 'expected a problem, got nothing'],
    ['hello', 1, 'got “hello”'],
    ['47', 3, 'got the end'],
    ['147 + 2', 1, 'from 0 to 99'],
    ['47 + 12', 6, 'one digit, 0 to 9, got “12”'],
    ['47 + ', 5, 'got the end'],
    ['47 / 2', 4, 'expected +, -, * or ^, got “/”'],
    ['47 + (8 * 3)', 6, 'one digit'],
    ['47 + 8 apples', 8, 'got “apples”'],
    ['47 + 8 = 55', 10, 'expected the end of the problem'],
    ['true + false', 6, 'and, or or xor'],
    ['true and 1', 10, 'true or false'],
    ['sort 3', 7, 'at least 2 digits'],
    ['sort 3 12', 8, 'one digit'],
    ['1 + 2 + 3 + 4 + 5 + 6 + 7 + 8 + 9 + 1 + 2', 39, 'at most 9 operations'],
    ['BOS 4 7 SOOL', 1, 'got "SOOL"'],
    ['BOS 4 7 L1 + 8 SOL', 1, 'expected the prompt of a problem'],
  ])('%j is refused at character %i', (text, at, message) => {
    let thrown: unknown;
    try {
      parseProblem(text, ladder);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(ProblemTextError);
    const error = thrown as ProblemTextError;
    expect(error.message).toContain(message);
    expect(error.at + 1).toBe(at);
    expect(error.remedy).not.toBe('');
  });

  test('never ends in anything but a problem or its own error', () => {
    const alphabet = [
      '4',
      '7',
      '12',
      '+',
      '-',
      '*',
      '^',
      'max',
      'and',
      'true',
      'sort',
      '=',
      '?',
      '(',
      'L0',
      'BOS',
      'é',
      '✓',
      ',',
    ];
    let seed = 1;
    const next = () => {
      seed = (seed * 48271) % 2147483647;
      return seed;
    };
    for (let i = 0; i < 3000; i++) {
      const text = Array.from({ length: next() % 9 }, () => alphabet[next() % alphabet.length]).join(' ');
      try {
        expect(words(text)).toMatch(/^BOS .* SOL$/);
      } catch (error) {
        expect(error).toBeInstanceOf(ProblemTextError);
      }
    }
  });
});
