import { expect, it } from 'vitest';
import { checkPattern } from './pattern';

it.each([
  ["'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+", 'GPT-2'],
  [
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
    'Llama 3',
  ],
  [
    "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+(?i:'s|'t)?|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
    'o200k',
  ],
  ['(?:\\r?\\n)+(?!\\r?\\n)', 'lines'],
  [' {2,}', 'spaces'],
  ['[0-9][0-9][0-9]', 'digits'],
  ['(?=(\\d{3})+(?!\\d))', 'thousands'],
])('%s is a pattern of the field', (pattern) => {
  expect(checkPattern(pattern)).toBeUndefined();
});

it.each([
  ['(a+)+$', /inside of repetition/],
  ['(?:a*)*b', /inside of repetition/],
  ['((a{2,}))*', /inside of repetition/],
  ['(a|b+){9,}', /inside of repetition/],
  ['(?<x>a)\\k<x>', /references back/],
  ['(a)\\1', /references back/],
  ['a*a*a*a*b', /3 open repetitions/],
  ['(a+){1,8}', /3 open repetitions/],
  ['(x*|y)(x*|y)(x*|y)(x*|y)z', /3 open repetitions/],
  ['('.repeat(40), /32 deep/],
  ['a'.repeat(4001), /4000 characters/],
])('%s may never end', (pattern, problem) => {
  expect(checkPattern(pattern)).toMatch(problem);
});
