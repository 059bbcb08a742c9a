import { expect, test } from 'vitest';
import { softmaxOver } from './predict';

test('probabilities are shared out among the given tokens alone', () => {
  // e^0 : e^ln3 = 1 : 3, whatever the other logits.
  const [a, b] = softmaxOver([50, 0, Math.log(3), -9], [1, 2]);
  expect(a).toBeCloseTo(0.25, 12);
  expect(b).toBeCloseTo(0.75, 12);
});

test('logits beyond the range of exp are no matter', () => {
  expect(softmaxOver([1000, 1000], [0, 1])).toEqual([0.5, 0.5]);
  expect(softmaxOver([-1000, 1000], [0, 1])).toEqual([0, 1]);
});
