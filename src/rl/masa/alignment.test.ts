import { describe, expect, test } from 'vitest';
import { LADDER } from '../../tasks/ladder';
import { LADDER_META } from '../../tasks/meta';
import { CARRY } from '../../tasks/tokens';
import { type AlignmentCase, alignment, calibrationCurve, predictedLength } from './alignment';
import { DEFAULT_META_REWARDS } from './rewards';
import { groupTruth } from './truth';

const { encode } = LADDER.vocabulary;

/** A prompt with `correct` of `total` right, the right ones of `length` tokens and with CARRY. */
function prompt(outputs: string[], correct: number, total: number, length = 20): AlignmentCase {
  const predictions = outputs.map((text) => LADDER_META.parseMeta(encode(text)));
  return {
    predictions,
    counted: predictions.map((p) => p.notions),
    truth: groupTruth(
      Array.from({ length: total }, (_, i) => ({
        correct: i < correct,
        length: i < correct ? length : 60,
        notions: i < correct ? [CARRY] : [],
      })),
    ),
  };
}

describe('alignment', () => {
  // Said 2/8 and 6/8, on average 0.5, against 0.5: no error. Said 8/8 against 0.75: 0.25. Said 0 against 0: 0.
  const cases = [
    prompt(['NOT CARRY LEN 2 PASS 2 EOS', 'NOT WAIT LEN 3 PASS 6 EOS'], 2, 4, 20),
    prompt(['NOT CARRY LEN 5 PASS 8 EOS', 'ANS EOS'], 3, 4, 40),
    prompt(['NOT SPLIT LEN 9 PASS 0 EOS'], 0, 4),
  ];

  test('by hand', () => {
    const figures = alignment(cases, DEFAULT_META_REWARDS);
    expect(figures.passRateMae).toBeCloseTo(0.25 / 3, 12);
    expect(figures.passRateBrier).toBeCloseTo(0.0625 / 3, 12);
    // x = (.5, 1, 0), y = (.5, .75, 0): means .5 and 5/12; sxy = .375, sxx = .5, syy = 7/24; r = .375 / sqrt(7/48).
    expect(figures.passRatePearson).toBeCloseTo(0.375 / Math.sqrt(7 / 48), 12);
    // Two prompts with something correct: midpoints (19.5 + 27.5) / 2 and 43.5 against 20 and 40: a line.
    expect(figures.lengthPearson).toBeCloseTo(1, 12);
    // 20 tokens are in bucket 2, 40 in bucket 5: right, wrong, right; the third prompt has nothing correct.
    expect(figures.lengthInRange).toBeCloseTo(2 / 3, 12);
    // CARRY, WAIT, CARRY, SPLIT: two of four.
    expect(figures.notionPrecision).toBe(0.5);
    expect(figures.parseRate).toBe(0.8);
    const bins = figures.calibration.filter((bin) => bin.count > 0);
    expect(bins.map((bin) => [bin.low, bin.count, bin.predicted, bin.actual])).toEqual([
      [0, 1, 0, 0],
      [0.5, 1, 0.5, 0.5],
      [0.9, 1, 1, 0.75],
    ]);
  });

  test('an expectation is taken instead of the samples where it was read', () => {
    const read = { ...cases[1], expectedPassRate: 0.7, expectedLength: 30 };
    expect(alignment([read], DEFAULT_META_REWARDS).passRateMae).toBeCloseTo(0.05, 12);
    expect([predictedLength(cases[0]), predictedLength(read)]).toEqual([23.5, 30]);
  });

  test('what nothing defines is null', () => {
    const nothing = alignment([], DEFAULT_META_REWARDS);
    expect({ ...nothing, calibration: null }).toEqual({
      passRatePearson: null,
      passRateMae: null,
      passRateBrier: null,
      lengthPearson: null,
      lengthInRange: null,
      notionPrecision: null,
      parseRate: null,
      calibration: null,
    });
    expect(nothing.calibration.every((bin) => bin.count === 0 && bin.actual === null)).toBe(true);
    // One prompt has an error but no correlation; nothing parsed has neither.
    expect(alignment([cases[0]], DEFAULT_META_REWARDS)).toMatchObject({
      passRateMae: 0,
      passRatePearson: null,
    });
    expect(alignment([prompt(['ANS EOS'], 1, 2)], DEFAULT_META_REWARDS)).toMatchObject({
      passRateMae: null,
      lengthInRange: null,
      notionPrecision: null,
      parseRate: 0,
    });
    // A policy that says the same of every prompt has no correlation.
    const constant = [0, 2, 4].map((k) => prompt(['NOT CARRY LEN 2 PASS 4 EOS'], k, 4));
    expect(alignment(constant, DEFAULT_META_REWARDS).passRatePearson).toBeNull();
  });
});

describe('calibrationCurve', () => {
  test('counts every point once, the ends included', () => {
    const points = [0, 0.0999, 0.1, 0.5, 0.999, 1].map((predicted) => ({
      predicted,
      successes: 1,
      trials: 2,
    }));
    const curve = calibrationCurve(points, 10);
    expect(curve.map((bin) => bin.count)).toEqual([2, 1, 0, 0, 0, 1, 0, 0, 0, 2]);
    expect(curve[0]).toMatchObject({ low: 0, high: 0.1, actual: 0.5 });
    // Wilson for 2 of 4: 0.15004 to 0.84996.
    expect(curve[0].actualLow).toBeCloseTo(0.15004, 4);
    expect(curve[0].actualHigh).toBeCloseTo(0.84996, 4);
    expect(curve[2]).toMatchObject({ count: 0, predicted: null, actual: null, actualLow: 0, actualHigh: 1 });
    expect(() => calibrationCurve(points, 0)).toThrow('got 0');
  });
});
