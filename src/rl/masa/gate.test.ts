import { describe, expect, test } from 'vitest';
import { DEFAULT_GATE, decideGate, expectedPassRate, type GateReading, meanDistribution } from './gate';
import { initialCalibrator, learnOutcomes, zeroVarianceProbability } from './gate-calibrator';

const sampled = (...passRates: (number | null)[]): GateReading => ({
  passRates,
  passDistribution: null,
  classifier: null,
});
const nothing = sampled();

describe('the paper’s rule', () => {
  const decide = (...rates: (number | null)[]) => decideGate(sampled(...rates), DEFAULT_GATE);

  test('closes on predictions outside the band that agree', () => {
    expect(decide(0, 0, 0.125)).toMatchObject({ verdict: 'closed' });
    expect(decide(1, 1, 0.875, 1)).toMatchObject({ verdict: 'closed' });
    expect(decide(1, 1).reason).toBe(
      'predicted pass rate 1 is above 0.9 and the predictions agree: spread 0, limit 0.3',
    );
  });

  test('stays open inside the band, at its ends, and without a parsed prediction', () => {
    expect(decide(0.5, 0.5)).toMatchObject({ verdict: 'open', mean: 0.5, spread: 0 });
    expect(decideGate(sampled(0.125), { ...DEFAULT_GATE, low: 0.125 }).verdict).toBe('open');
    expect(decideGate(sampled(0.875), { ...DEFAULT_GATE, high: 0.875 }).verdict).toBe('open');
    expect(decide(null, null)).toMatchObject({
      verdict: 'open',
      mean: null,
      spread: null,
      reason: 'no prediction parsed',
    });
    expect(decide()).toMatchObject({ verdict: 'open' });
  });

  test('stays open when the predictions disagree', () => {
    // 15 of 16 say 1 and one says 0: mean .9375, deviation sqrt(.9375 x .0625) = .2421, below the limit; with a
    // limit of .2 they disagree.
    const reading = sampled(...new Array<number>(15).fill(1), 0);
    expect(decideGate(reading, DEFAULT_GATE)).toMatchObject({ verdict: 'closed', mean: 0.9375 });
    const split = decideGate(reading, { ...DEFAULT_GATE, spread: 0.2 });
    expect(split.verdict).toBe('open');
    expect(split.reason).toContain('the predictions disagree: spread 0.2421, limit 0.2');
  });

  test('ignores what did not parse, and holds all it was decided from', () => {
    const decision = decide(1, null, 1);
    expect(decision).toMatchObject({ verdict: 'closed', mean: 1, spread: 0, zeroVariance: null, score: 1 });
    expect(decision.reading.passRates).toEqual([1, null, 1]);
    expect(decision.settings).toEqual(DEFAULT_GATE);
    // Recomputed from its own inputs a decision comes out the same.
    expect(decideGate(decision.reading, decision.settings)).toEqual(decision);
  });
});

describe('the calibrated rule', () => {
  const settings = { ...DEFAULT_GATE, rule: 'calibrated' as const };
  const calibrator = initialCalibrator(8);
  const read = (passDistribution: number[]) =>
    decideGate({ ...nothing, passDistribution }, settings, calibrator);

  test('reads the expectation, not the likeliest count', () => {
    // 0.9 on 8 of 8 and 0.1 on 0: the mode is trivial, the expectation 0.9.
    const bet = read([0.1, 0, 0, 0, 0, 0, 0, 0, 0.9]);
    expect(bet.expectation).toBeCloseTo(0.9, 12);
    expect(bet.verdict).toBe('open');
    const sure = read([0, 0, 0, 0, 0, 0, 0, 0.05, 0.95]);
    expect(sure.expectation).toBeCloseTo(0.99375, 12);
    expect(sure.verdict).toBe('closed');
    expect(sure.zeroVariance).toBe(zeroVarianceProbability(calibrator, sure.expectation!));
    expect(sure.score).toBe(sure.zeroVariance);
    expect(sure.reason).toMatch(
      /^P\(zero variance\) 0\.\d+ at an expected pass rate of 0\.9937 is above 0\.65$/,
    );
  });

  test('is open without a reading, and asks for its calibrator', () => {
    expect(decideGate(nothing, settings, calibrator)).toMatchObject({
      verdict: 'open',
      reason: 'no pass token was read',
    });
    expect(() => decideGate(nothing, settings)).toThrow('expected a calibrator');
  });
});

test('the classifier’s rule compares its probability with the threshold', () => {
  const settings = { ...DEFAULT_GATE, rule: 'classifier' as const };
  const decide = (classifier: number | null) => decideGate({ ...nothing, classifier }, settings);
  expect(decide(0.66)).toMatchObject({ verdict: 'closed', reason: 'P(zero variance) 0.66 is above 0.65' });
  expect(decide(0.65)).toMatchObject({ verdict: 'open', reason: 'P(zero variance) 0.65 is not above 0.65' });
  expect(decide(null)).toMatchObject({ verdict: 'open', score: 0 });
});

test('distributions are scaled before they are averaged, and those without mass left out', () => {
  // (.5, .5) and (0, 1) after scaling; the empty one does not count.
  expect(
    meanDistribution([
      [0.1, 0.1],
      [0, 0.4],
      [0, 0],
    ]),
  ).toEqual([0.25, 0.75]);
  expect(meanDistribution([])).toBeNull();
  expect(meanDistribution([[0, 0]])).toBeNull();
  expect(expectedPassRate([0.25, 0.5, 0.25])).toBe(0.5);
});

describe('the calibrator', () => {
  test('starts as if the expectation were the true pass rate', () => {
    for (const n of [2, 4, 8, 16, 64])
      for (const p of [0.5, 0.9, 0.98]) {
        const state = initialCalibrator(n);
        const agree = p ** n + (1 - p) ** n;
        if (agree < 1e-8) continue;
        expect(zeroVarianceProbability(state, p), `${n} ${p}`).toBeCloseTo(agree, 9);
        expect(zeroVarianceProbability(state, 1 - p)).toBeCloseTo(agree, 9);
      }
    expect(() => initialCalibrator(1)).toThrow('got 1');
  });

  test('between these points it stays close to p^n + (1 - p)^n, the farthest at certainty, which no logistic reaches', () => {
    for (const n of [8, 16])
      for (let p = 0; p <= 1.0001; p += 0.02)
        expect(
          Math.abs(zeroVarianceProbability(initialCalibrator(n), p) - p ** n - (1 - p) ** n),
        ).toBeLessThan(Math.abs(p - 0.5) > 0.485 ? 0.2 : 0.1);
  });

  test('one outcome moves it one gradient step, by hand', () => {
    // At e = 0.5 only the bias counts. P = 2 x 2^-2 = 0.5 for n = 2, so that the bias starts at 0, and an outcome
    // without variance moves it by rate x (1 - 0.5).
    const state = initialCalibrator(2);
    expect(state.weights[0]).toBeCloseTo(0, 12);
    const next = learnOutcomes(state, [{ expectation: 0.5, zeroVariance: true }], 0.1);
    expect(next.weights[0]).toBeCloseTo(0.05, 12);
    expect(next.weights.slice(1)).toEqual(state.weights.slice(1));
    expect(next.outcomes).toBe(1);
    // At e = 0.75, x = 0.5: the features are 1, 1/2, 1/4 and 1/16.
    const moved = learnOutcomes(state, [{ expectation: 0.75, zeroVariance: false }], 0.1).weights.map(
      (w, i) => w - state.weights[i],
    );
    const whole = -0.1 * zeroVarianceProbability(state, 0.75);
    [1, 1 / 2, 1 / 4, 1 / 16].forEach((feature, i) => {
      expect(moved[i]).toBeCloseTo(whole * feature, 12);
    });
  });

  test('learns how far an expectation can be trusted, and in pieces as at once', () => {
    // A policy that says 0.7 of what always succeeds and 0.45 of what sometimes does.
    const outcomes = Array.from({ length: 600 }, (_, i) =>
      i % 2 ? { expectation: 0.7, zeroVariance: true } : { expectation: 0.45, zeroVariance: false },
    );
    const before = initialCalibrator(8);
    expect(zeroVarianceProbability(before, 0.7)).toBeLessThan(0.1);
    const after = learnOutcomes(before, outcomes);
    expect(zeroVarianceProbability(after, 0.7)).toBeGreaterThan(0.8);
    expect(zeroVarianceProbability(after, 0.45)).toBeLessThan(0.2);
    const revived = JSON.parse(
      JSON.stringify(learnOutcomes(before, outcomes.slice(0, 250))),
    ) as typeof before;
    expect(learnOutcomes(revived, outcomes.slice(250))).toEqual(after);
    expect(before).toEqual(initialCalibrator(8));
  });
});
