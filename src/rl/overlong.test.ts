import fc from 'fast-check';
import { expect, test } from 'vitest';
import { overlongShaping } from './overlong';

// L_max 80, L_cache 16: free up to 64 tokens, and a sixteenth more for each token after that.
test.each([
  [0, 0],
  [1, 0],
  [64, 0],
  [65, -1 / 16],
  [68, -0.25],
  [72, -0.5],
  [79, -15 / 16],
  [80, -1],
  [81, -1],
])('a rollout of %d tokens is shaped by %d', (length, expected) => {
  expect(overlongShaping(length, { longest: 80, buffer: 16, penalty: 1 })).toBe(expected);
});

test('the penalty scales all of it', () => {
  expect(overlongShaping(72, { longest: 80, buffer: 16, penalty: 3 })).toBe(-1.5);
  expect(overlongShaping(80, { longest: 80, buffer: 16, penalty: 0.5 })).toBe(-0.5);
  expect(overlongShaping(80, { longest: 80, buffer: 16, penalty: 0 })).toBeCloseTo(0, 15);
});

test('without a buffer nothing is shaped, the longest rollout neither', () => {
  expect(overlongShaping(80, { longest: 80, buffer: 0, penalty: 1 })).toBe(0);
});

test('a buffer as long as the rollout punishes every token, one of a single token the last alone', () => {
  expect(overlongShaping(1, { longest: 4, buffer: 4, penalty: 1 })).toBe(-0.25);
  expect(overlongShaping(3, { longest: 4, buffer: 1, penalty: 1 })).toBe(0);
  expect(overlongShaping(4, { longest: 4, buffer: 1, penalty: 1 })).toBe(-1);
});

test('it never rises with the length, and stays from the whole penalty to nothing', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 200 }),
      fc.integer({ min: 0, max: 200 }),
      fc.integer({ min: 0, max: 200 }),
      fc.double({ min: 0, max: 10, noNaN: true }),
      (longest, share, length, penalty) => {
        const settings = { longest, buffer: Math.min(share, longest), penalty };
        const here = overlongShaping(length, settings);
        expect(here).toBeLessThanOrEqual(0);
        expect(here).toBeGreaterThanOrEqual(-penalty);
        expect(overlongShaping(length + 1, settings)).toBeLessThanOrEqual(here);
      },
    ),
  );
});
