import { describe, expect, test } from 'vitest';
import { accuracyAt, cumulativeAt, curveOf, firstCrossing, lastCost } from './curve';
import { record } from './testing';

// Evaluated after 0, 100, 300 and 400 tokens, that is 0, 1, 2 and 3 steps of 1 s each.
const run = record({ tokens: [100, 200, 100], accuracy: { 0: 0.2, 1: 0.4, 2: 0.6, 3: 0.5 } });
const curve = curveOf(run, 'in-domain');

describe('accuracyAt', () => {
  test('is straight between evaluations', () => {
    expect(accuracyAt(curve, 'tokens', 0)).toBe(0.2);
    expect(accuracyAt(curve, 'tokens', 50)).toBeCloseTo(0.3, 12);
    // 250 is three quarters of the way from 100 to 300: 0.4 + 0.75 x 0.2.
    expect(accuracyAt(curve, 'tokens', 250)).toBeCloseTo(0.55, 12);
    expect(accuracyAt(curve, 'steps', 2.5)).toBeCloseTo(0.55, 12);
    expect(accuracyAt(curve, 'tokens', 400)).toBe(0.5);
  });

  test('knows nothing beyond the last evaluation, of an axis that was not measured, or without evaluations', () => {
    expect(accuracyAt(curve, 'tokens', 401)).toBeNull();
    expect(accuracyAt(curve, 'flops', 1)).toBeNull();
    expect(accuracyAt([], 'tokens', 0)).toBeNull();
    expect(lastCost(curve, 'tokens')).toBe(400);
    expect(lastCost(curve, 'flops')).toBeNull();
  });
});

describe('firstCrossing', () => {
  test('is on the line to the first evaluation at the target, in every currency at once', () => {
    // 0.55 is three quarters of the way from 0.4 to 0.6: 1 + 0.75 steps, 100 + 0.75 x 200 tokens.
    expect(firstCrossing(curve, 0.55)).toEqual({
      steps: expect.closeTo(1.75, 12),
      tokens: expect.closeTo(250, 9),
      tokens_with_audit: expect.closeTo(250, 9),
      flops: null,
      decode_steps: null,
      seconds: expect.closeTo(1.75, 12),
    });
  });

  test('a target met exactly is met there, and a fall afterwards does not undo it', () => {
    expect(firstCrossing(curve, 0.6)?.tokens).toBeCloseTo(300, 9);
  });

  test('a target that is there at the start costs nothing, one that is never reached is none', () => {
    expect(firstCrossing(curve, 0.1)).toMatchObject({ steps: 0, tokens: 0 });
    expect(firstCrossing(curve, 0.61)).toBeNull();
  });

  test('a curve that falls before it rises is followed down and up again', () => {
    const dip = curveOf(record({ tokens: [10, 10], accuracy: { 0: 0.5, 1: 0.1, 2: 0.9 } }), 'in-domain');
    // From 0.1 to 0.9: 0.7 is three quarters of the way.
    expect(firstCrossing(dip, 0.7)?.steps).toBeCloseTo(1.75, 12);
  });
});

test('a count between steps is that of the whole ones and a part of the one begun', () => {
  const { steps } = record({ tokens: [10, 10, 10], informative: [2, 1, 2], accuracy: {} });
  const informative = (place: number) => cumulativeAt(steps, place, (step) => step.informative);
  expect([0, 1, 1.5, 2, 2.25, 3, 9].map(informative)).toEqual([0, 2, 2.5, 3, 3.5, 5, 5]);
});
