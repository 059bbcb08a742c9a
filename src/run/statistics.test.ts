import { describe, expect, test } from 'vitest';
import {
  averageEstimate,
  mean,
  meanAtK,
  meanPassAtK,
  passAtK,
  pearson,
  quantile,
  score,
  standardDeviation,
  wilson,
  wilsonOfShare,
} from './statistics';

describe('mean and standard deviation', () => {
  test('the mean of 1, 2, 3, 6 is 3', () => {
    expect(mean([1, 2, 3, 6])).toBe(3);
  });

  test('the deviation is the population’s: 2, 4, 4, 4, 5, 5, 7, 9 has mean 5, squares 32, 32 / 8 = 4, so 2', () => {
    expect(standardDeviation([2, 4, 4, 4, 5, 5, 7, 9])).toBe(2);
  });

  test('a group with 1 of 4 right deviates by sqrt(1/4 * 3/4) = 0.4330127', () => {
    expect(standardDeviation([1, 0, 0, 0])).toBeCloseTo(0.4330127, 7);
  });

  test('one value deviates by nothing', () => {
    expect(standardDeviation(new Float32Array([0.5]))).toBe(0);
  });

  test('nothing at all is an error rather than NaN', () => {
    expect(() => mean([])).toThrow('mean: expected at least one value, got none');
    expect(() => standardDeviation([])).toThrow('standardDeviation: expected at least one value');
  });
});

describe('quantile', () => {
  test('the median of an even count lies half way between the two in the middle', () => {
    expect(quantile([4, 1, 3, 2], 0.5)).toBe(2.5);
  });

  test('q = 0.9 of 0, 10, 20, 30 is at place 2.7: 20 + 0.7 * 10 = 27', () => {
    expect(quantile([30, 20, 10, 0], 0.9)).toBeCloseTo(27, 12);
  });

  test('the ends are the smallest and the largest, sorted as numbers and not as text', () => {
    expect(quantile([10, 9, 100], 0)).toBe(9);
    expect(quantile([10, 9, 100], 1)).toBe(100);
  });

  test('its input keeps its order', () => {
    const values = [3, 1, 2];
    quantile(values, 0.5);
    expect(values).toEqual([3, 1, 2]);
  });

  test('a share outside 0 to 1, or none, is refused with its value', () => {
    expect(() => quantile([1], 1.1)).toThrow('got 1.1');
    expect(() => quantile([1], Number.NaN)).toThrow('got NaN');
    expect(() => quantile([], 0.5)).toThrow('at least one value');
  });
});

describe('pearson', () => {
  test('x = 1, 2, 3, 4 and y = 2, 1, 4, 3: xy = 3, xx = yy = 5, so 0.6', () => {
    expect(pearson([1, 2, 3, 4], [2, 1, 4, 3])).toBeCloseTo(0.6, 12);
  });

  test('a falling line gives exactly -1, never beyond it', () => {
    expect(pearson([0.1, 0.2, 0.3], [3.3, 2.2, 1.1])).toBeCloseTo(-1, 12);
    expect(pearson([0.1, 0.2, 0.3], [3.3, 2.2, 1.1])).toBeGreaterThanOrEqual(-1);
  });

  test('a constant side has no correlation, even where its mean is rounded', () => {
    expect(pearson([0.1, 0.1, 0.1], [1, 2, 3])).toBeNull();
    expect(pearson([1, 2, 3], [0, 0, 0])).toBeNull();
  });

  test('fewer than two pairs have none', () => {
    expect(pearson([], [])).toBeNull();
    expect(pearson([1], [1])).toBeNull();
  });

  test('unequal lengths are refused with both', () => {
    expect(() => pearson([1, 2], [1])).toThrow('got 2 x and 1 y');
  });
});

describe('wilson', () => {
  test('50 of 100: center 0.5, half width 0.0961683 (z^2 = 3.841459)', () => {
    // scale = 1.03841459; half = 1.959964 / 1.03841459 * sqrt(0.0025 + 3.841459 / 40000) = 1.887459 * 0.05095122
    const { low, high } = wilson(50, 100);
    expect(low).toBeCloseTo(0.4038315, 6);
    expect(high).toBeCloseTo(0.5961685, 6);
  });

  test('0 of 10 ends at z^2 / (10 + z^2) = 3.841459 / 13.841459 = 0.2775328, and starts at exactly 0', () => {
    const { low, high } = wilson(0, 10);
    expect(low).toBe(0);
    expect(high).toBeCloseTo(0.2775328, 6);
  });

  test('all correct mirrors none correct, and ends at exactly 1', () => {
    const { low, high } = wilson(10, 10);
    expect(low).toBeCloseTo(1 - 0.2775328, 6);
    expect(high).toBe(1);
  });

  test('without samples nothing is known', () => {
    expect(wilson(0, 0)).toEqual({ low: 0, high: 1 });
  });

  test('impossible counts are refused with what was expected', () => {
    expect(() => wilson(3, 2)).toThrow('expected correct to be a whole number from 0 to 2, got 3');
    expect(() => wilson(0.5, 2)).toThrow('got 0.5');
    expect(() => wilson(0, -1)).toThrow('expected a whole number of samples, got -1');
  });
});

describe('score', () => {
  test('carries the counts, their ratio and the interval', () => {
    const s = score(3, 4);
    expect(s).toMatchObject({ correct: 3, samples: 4, accuracy: 0.75 });
    // z^2/4 = 0.96036475, scale 1.96036475, center (0.75 + 0.480182375) / scale = 0.6275273,
    // half = 1.959964 / scale * sqrt(0.1875/4 + 3.841459/64) = 0.9997956 * 0.3269523
    expect(s.low).toBeCloseTo(0.3006418, 5);
    expect(s.high).toBeCloseTo(0.9544128, 5);
  });

  test('without samples it is a number all the same, so that it can be written down', () => {
    expect(score(0, 0)).toEqual({ correct: 0, samples: 0, accuracy: 0, low: 0, high: 1 });
  });
});

describe('pass@k', () => {
  /** Share of all choices of k of the answers that hold a right one, by going through the choices. */
  function byChoices(samples: number, correct: number, k: number): number {
    let choices = 0;
    let passed = 0;
    for (let chosen = 0; chosen < 2 ** samples; chosen++) {
      const places = Array.from({ length: samples }, (_, i) => i).filter((i) => chosen & (1 << i));
      if (places.length !== k) continue;
      choices++;
      if (places.some((place) => place < correct)) passed++;
    }
    return passed / choices;
  }

  test('2 right of 5, k = 2: three pairs of the ten have no right answer, so 0.7', () => {
    expect(passAtK({ samples: 5, correct: 2 }, 2)).toBeCloseTo(0.7, 12);
  });

  test('it is the share of the choices of k answers that hold a right one, for every count up to 8', () => {
    for (let samples = 1; samples <= 8; samples++)
      for (let correct = 0; correct <= samples; correct++)
        for (let k = 1; k <= samples; k++)
          expect(passAtK({ samples, correct }, k)).toBeCloseTo(byChoices(samples, correct, k), 12);
  });

  test('none right is exactly 0, too few wrong for k is exactly 1, and k = 1 is the share', () => {
    expect(passAtK({ samples: 16, correct: 0 }, 8)).toBe(0);
    expect(passAtK({ samples: 16, correct: 9 }, 8)).toBe(1);
    expect(passAtK({ samples: 16, correct: 3 }, 1)).toBeCloseTo(3 / 16, 12);
  });

  test('a thousand answers do not overflow', () => {
    // C(999, 500) / C(1000, 500) = 500 / 1000.
    expect(passAtK({ samples: 1000, correct: 1 }, 500)).toBeCloseTo(0.5, 10);
  });

  test('over the draws of a policy its mean is the true 1 - (1 - p)^k', () => {
    // Binomial(4, 0.3): weights .2401 .4116 .2646 .0756 .0081; 1 - 0.7^2 = 0.51.
    const weights = [0.2401, 0.4116, 0.2646, 0.0756, 0.0081];
    const expected = weights.reduce((sum, w, correct) => sum + w * passAtK({ samples: 4, correct }, 2), 0);
    expect(expected).toBeCloseTo(0.51, 12);
  });

  test('a k beyond the samples, or none, is refused', () => {
    expect(() => passAtK({ samples: 4, correct: 1 }, 5)).toThrow('from 1 to the 4 samples, got 5');
    expect(() => passAtK({ samples: 4, correct: 1 }, 0)).toThrow('got 0');
    expect(() => passAtK({ samples: 4, correct: 5 }, 1)).toThrow('from 0 to 4, got 5');
  });

  test('of a set it is the mean over problems with an interval over problems', () => {
    const set = [
      { samples: 4, correct: 0 },
      { samples: 4, correct: 4 },
      { samples: 4, correct: 1 },
      { samples: 4, correct: 1 },
    ];
    // k = 2: 0, 1, 1/2, 1/2.
    const passed = meanPassAtK(set, 2);
    expect(passed.value).toBeCloseTo(0.5, 12);
    expect(passed).toMatchObject(wilsonOfShare(0.5, 4));
    // k = 4: 0, 1, 1, 1: the same as a plain proportion.
    expect(meanPassAtK(set, 4)).toEqual({ value: 0.75, ...wilson(3, 4) });
  });
});

describe('mean@k', () => {
  test('0, 1 and 4 of 4 right are 5 of 12, with the interval of as many answers', () => {
    const set = [0, 1, 4].map((correct) => ({ samples: 4, correct }));
    expect(meanAtK(set)).toEqual(score(5, 12));
  });

  test('problems with unequal numbers of answers, or none, have no k', () => {
    const uneven = [
      { samples: 2, correct: 1 },
      { samples: 4, correct: 4 },
    ];
    expect(() => meanAtK(uneven)).toThrow('as many answers each, one or more, got [2, 4]');
    expect(() => meanAtK([])).toThrow('got []');
  });
});

describe('the interval of a share that is no whole count', () => {
  test('is the proportion’s where it is one', () => {
    expect(wilsonOfShare(0.3, 10)).toEqual(wilson(3, 10));
    expect(wilsonOfShare(1, 10)).toEqual(wilson(10, 10));
    expect(wilsonOfShare(0, 0)).toEqual({ low: 0, high: 1 });
  });

  test('refuses what is no share', () => {
    expect(() => wilsonOfShare(1.01, 5)).toThrow('expected a share from 0 to 1, got 1.01');
  });
});

describe('the average of estimates', () => {
  test('0.4 [0.1, 0.8] and 0.6 [0.2, 0.9]: 0.5, down by sqrt(.09 + .16) / 2 = 0.25, up by sqrt(.16 + .09) / 2', () => {
    const average = averageEstimate([
      { value: 0.4, low: 0.1, high: 0.8 },
      { value: 0.6, low: 0.2, high: 0.9 },
    ]);
    expect(average.value).toBeCloseTo(0.5, 12);
    expect(average.low).toBeCloseTo(0.25, 12);
    expect(average.high).toBeCloseTo(0.75, 12);
  });

  test('of one is that one, and of four with the same interval is half as wide', () => {
    const one = { value: 0.5, low: 0.3, high: 0.6 };
    const same = averageEstimate([one]);
    expect(same.low).toBeCloseTo(0.3, 12);
    expect(same.high).toBeCloseTo(0.6, 12);
    const four = averageEstimate([one, one, one, one]);
    expect(four.value - four.low).toBeCloseTo(0.1, 12);
    expect(four.high - four.value).toBeCloseTo(0.05, 12);
  });

  test('keeps a width where everything was right, and stays inside 0 to 1', () => {
    const all = averageEstimate([
      { value: 1, ...wilson(10, 10) },
      { value: 1, ...wilson(10, 10) },
    ]);
    expect(all.value).toBe(1);
    expect(all.high).toBe(1);
    expect(all.low).toBeLessThan(1);
    expect(() => averageEstimate([])).toThrow('at least one value');
  });
});
