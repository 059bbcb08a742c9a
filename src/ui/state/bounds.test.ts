import { expect, test } from 'vitest';
import { keepRecent, thin, tokensOf } from './bounds';

test('thinning leaves a short history alone, by identity', () => {
  const points = [1, 2, 3];
  expect(thin(points, 3, 1)).toBe(points);
});

test('thinning halves what is old and keeps what is recent', () => {
  expect(thin([0, 1, 2, 3, 4, 5, 6, 7], 7, 3)).toEqual([0, 2, 4, 5, 6, 7]);
});

test('the newest items are kept up to their number and their size', () => {
  const size = (item: number) => item;
  expect(keepRecent([1, 1, 1, 1], size, 3, 100)).toEqual([1, 1, 1]);
  expect(keepRecent([5, 5, 5], size, 10, 10)).toEqual([5, 5]);
});

test('the newest item is kept however large it is', () => {
  expect(keepRecent([1, 1000], (item) => item, 10, 10)).toEqual([1000]);
  expect(keepRecent([], () => 1)).toEqual([]);
});

test('tokens are counted over all rollouts of a step', () => {
  expect(
    tokensOf([{ rollouts: [{ tokens: [1, 2] }, { tokens: [] }] }, { rollouts: [{ tokens: [3] }] }]),
  ).toBe(3);
});
