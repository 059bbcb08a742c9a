import { expect, test } from 'vitest';
import { getTask } from '../../tasks';
import { UsageError } from './arguments';
import { readPrompt } from './prompt-text';

const task = getTask('ladder');
const words = (text: string) => task.vocabulary.decode(readPrompt(text, task));

test('words of the vocabulary are taken as they are', () => {
  expect(words('BOS 4 7 L0 + 8 SOL')).toBe('BOS 4 7 L0 + 8 SOL');
  expect(words('  4 7  WAIT\n')).toBe('4 7 WAIT');
  expect(words('SORT 3 1')).toBe('SORT 3 1');
});

test.each([
  ['47 + 8', 'BOS 4 7 L0 + 8 SOL'],
  ['7+8*3', 'BOS 0 7 L0 + 8 L1 * 3 SOL'],
  ['47 − 8 × 3 ^ 2 = ?', 'BOS 4 7 L0 - 8 L1 * 3 L2 ^ 2 SOL'],
  ['sort 3 1 2', 'BOS SORT L0 3 L1 1 L2 2 SOL'],
])('%j is a problem', (text, prompt) => {
  expect(words(text)).toBe(prompt);
});

test.each(['BOS 4 7 SOOL', '47 + 8 SUM'])(
  '%j names a word that there is not, and lists those there are',
  (text) => {
    expect(() => readPrompt(text, task)).toThrow(UsageError);
    expect(() => readPrompt(text, task)).toThrow(/got the word "\w+"\nthe words: PAD BOS/);
  },
);

test.each([
  ['47 + 12', 6],
  ['123 + 4', 1],
  ['47 + 8 apples', 8],
  ['1 + 2 + 3 + 4 + 5 + 6 + 7 + 8 + 9 + 1 + 2', 39],
])('%j is no problem, and where it stops being one is named', (text, place) => {
  expect(() => readPrompt(text, task)).toThrow(UsageError);
  expect(() => readPrompt(text, task)).toThrow(`--prompt: at character ${place}: expected`);
});

test('nothing, or far too much, is refused', () => {
  expect(() => readPrompt('  ', task)).toThrow('expected at least one word');
  expect(() => readPrompt('BOS '.repeat(200), task)).toThrow('expected at most');
});
