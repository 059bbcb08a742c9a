import { describe, expect, test } from 'vitest';
import { BOOTSTRAP_RESAMPLES, bootstrapMean, bootstrapRatio } from './bootstrap';

describe('bootstrapMean', () => {
  test('there is no interval for fewer than three values', () => {
    expect(bootstrapMean([])).toBeNull();
    expect(bootstrapMean([1])).toBeNull();
    expect(bootstrapMean([1, 2])).toBeNull();
    expect(bootstrapMean([1, 2, 3])).not.toBeNull();
  });

  test('three values, by hand', () => {
    // Of the 27 ways to draw three of 0, 3, 9 with replacement, each extreme (all 0, all 9) is 1/27 = 3.7%: more than
    // the 2.5% left below and above, so the interval reaches both.
    expect(bootstrapMean([0, 3, 9])).toEqual({ low: 0, high: 9 });
  });

  test('four values, by hand', () => {
    // Of 256 draws of 0, 0, 0, 4 the number of fours is binomial(4, 1/4): P(0) = 81/256 = .32, P(>= 3) = 13/256 =
    // .051, P(4) = 1/256 = .004. So 97.5% lies among three fours, mean 3, and 2.5% among none, mean 0.
    expect(bootstrapMean([0, 0, 0, 4])).toEqual({ low: 0, high: 3 });
  });

  test('many values come to the normal interval, within the bootstrap’s own noise', () => {
    // Mean of 0..99 is 49.5, deviation sqrt((100^2 - 1) / 12) = 28.866, so of the mean 2.8866: 1.96 of it is 5.658.
    const interval = bootstrapMean(Array.from({ length: 100 }, (_, i) => i))!;
    // The noise of a 2.5% quantile of 10,000 means is about 2.9 / sqrt(10,000) x 2.7.
    expect(interval.low).toBeCloseTo(49.5 - 5.658, 0);
    expect(interval.high).toBeCloseTo(49.5 + 5.658, 0);
    expect(BOOTSTRAP_RESAMPLES).toBe(10_000);
  });

  test('it is the same every time, does not depend on the order of three values, and moves with them', () => {
    const values = [0.61, 0.64, 0.58, 0.7, 0.66];
    const interval = bootstrapMean(values)!;
    expect(bootstrapMean(values)).toEqual(interval);
    const moved = bootstrapMean(values.map((value) => value + 10))!;
    expect(moved.low).toBeCloseTo(interval.low + 10, 10);
    expect(moved.high).toBeCloseTo(interval.high + 10, 10);
    expect(bootstrapMean([5, 5, 5])).toEqual({ low: 5, high: 5 });
  });
});

describe('bootstrapRatio', () => {
  test('the mean is geometric, so that a ratio and its inverse agree', () => {
    // sqrt(2 x 0.5) = 1, where the arithmetic mean would say 1.25 both ways.
    expect(bootstrapRatio([2, 0.5]).mean).toBeCloseTo(1, 12);
    expect(bootstrapRatio([2, 0.5]).interval).toBeNull();
    const ratios = [1.2, 1.5, 0.9, 1.7];
    const { mean, interval } = bootstrapRatio(ratios);
    const inverse = bootstrapRatio(ratios.map((ratio) => 1 / ratio));
    expect(inverse.mean).toBeCloseTo(1 / mean, 10);
    // The draws are the same, so the quantiles swap ends exactly.
    expect(inverse.interval!.low).toBeCloseTo(1 / interval!.high, 10);
    expect(inverse.interval!.high).toBeCloseTo(1 / interval!.low, 10);
  });

  test('a ratio of nothing is refused', () => {
    expect(() => bootstrapRatio([1, 0])).toThrow('expected ratios above 0, got 0');
  });
});
