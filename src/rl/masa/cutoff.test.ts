import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cutoffLimit, cutRollout, DEFAULT_CUTOFF, rolloutLimits } from './cutoff';

describe('cutoffLimit', () => {
  test('is the multiple of the median or the mean predicted length, by hand', () => {
    // Median of 11.5, 19.5 and 43.5: 19.5, twice 39. Mean 24.83, 1.5 times 37.25: 38.
    expect(cutoffLimit([11.5, 43.5, 19.5], DEFAULT_CUTOFF, 80)).toMatchObject({
      limit: 39,
      cuts: true,
      predicted: 19.5,
      reason: '2 x median predicted length 19.5 = 39',
    });
    expect(cutoffLimit([11.5, 43.5, 19.5], { statistic: 'mean', multiple: 1.5, minimum: 1 }, 80).limit).toBe(
      38,
    );
  });

  test('is bounded by the minimum and by the longest rollout', () => {
    const low = cutoffLimit([3.5], DEFAULT_CUTOFF, 80);
    expect(low).toMatchObject({ limit: 8, cuts: true });
    expect(low.reason).toContain('= 7, raised to the minimum 8');
    expect(cutoffLimit([75.5], DEFAULT_CUTOFF, 80)).toMatchObject({ limit: 80, cuts: false });
    expect(cutoffLimit([40], DEFAULT_CUTOFF, 80)).toMatchObject({ limit: 80, cuts: false });
    expect(cutoffLimit([3.5], { ...DEFAULT_CUTOFF, minimum: 100 }, 80)).toMatchObject({
      limit: 80,
      cuts: false,
    });
  });

  test('rounding does not add a token', () => {
    expect(cutoffLimit([40], { statistic: 'mean', multiple: 1.1, minimum: 1 }, 80).limit).toBe(44);
  });

  test('without a parsed prediction nothing is cut', () => {
    for (const lengths of [[], [null, null]])
      expect(cutoffLimit(lengths, DEFAULT_CUTOFF, 80)).toMatchObject({
        limit: 80,
        cuts: false,
        predicted: null,
      });
    expect(cutoffLimit([null, 19.5], DEFAULT_CUTOFF, 80)).toMatchObject({ limit: 39, lengths: [null, 19.5] });
  });

  test('wrong settings are refused', () => {
    expect(() => cutoffLimit([10], { ...DEFAULT_CUTOFF, multiple: 0 }, 80)).toThrow(
      'multiple: expected more than 0',
    );
    expect(() => cutoffLimit([10], { ...DEFAULT_CUTOFF, minimum: 0 }, 80)).toThrow(
      'minimum: expected 1 token or more',
    );
  });
});

describe('cutRollout', () => {
  const cutoff = { limit: 5, cuts: true };
  const of = (length: number): number[] => Array.from({ length }, (_, i) => i);

  test('what was still going at the limit is cut, what ended there is not', () => {
    expect(cutRollout(of(5), true, cutoff)).toEqual({ tokens: of(5), truncated: true, cut: true });
    expect(cutRollout(of(5), false, cutoff)).toEqual({ tokens: of(5), truncated: false, cut: false });
    expect(cutRollout(of(4), false, cutoff)).toMatchObject({ cut: false });
  });

  test('an audited rollout is seen by reward and loss as if it had been stopped', () => {
    expect(cutRollout(of(9), false, cutoff)).toEqual({ tokens: of(5), truncated: true, cut: true });
    expect(cutRollout(of(9), true, cutoff)).toEqual({ tokens: of(5), truncated: true, cut: true });
  });

  test('running into the longest rollout is no cut', () => {
    expect(cutRollout(of(80), true, { limit: 80, cuts: false })).toMatchObject({
      truncated: true,
      cut: false,
    });
  });
});

test('no rollout has more tokens than its limit, and audited or not the loss sees the same', () => {
  fc.assert(
    fc.property(
      fc.array(fc.option(fc.integer({ min: 0, max: 9 }).map((b) => 8 * b + 3.5)), { maxLength: 4 }),
      fc.double({ min: 0.5, max: 4, noNaN: true }),
      fc.integer({ min: 1, max: 40 }),
      fc.array(fc.integer({ min: 1, max: 80 }), { minLength: 1, maxLength: 16 }),
      fc.constantFrom(0, 0.25, 1),
      (lengths, multiple, minimum, natural, auditShare) => {
        const max = 80;
        const cutoff = cutoffLimit(lengths, { statistic: 'median', multiple, minimum }, max);
        expect(cutoff.limit).toBeGreaterThanOrEqual(Math.min(minimum, max));
        expect(cutoff.limit).toBeLessThanOrEqual(max);
        const place = { seed: 1, step: 2, firstRollout: 32, generations: natural.length };
        const limits = rolloutLimits(cutoff, place, max, auditShare);
        natural.forEach((length, g) => {
          // A decoder stops a row that would end at `length` when it reaches its limit.
          const decoded = new Array<number>(Math.min(length, limits[g].limit)).fill(7);
          const seen = cutRollout(decoded, length > limits[g].limit, cutoff);
          expect(seen.tokens.length).toBe(Math.min(length, cutoff.limit));
          expect(seen.cut).toBe(length > cutoff.limit);
          expect(seen.truncated).toBe(length > cutoff.limit);
          if (limits[g].audited) expect(limits[g].limit).toBe(max);
          else expect(limits[g].limit).toBe(cutoff.limit);
          if (!cutoff.cuts || auditShare === 0) expect(limits[g].audited).toBe(false);
          if (cutoff.cuts && auditShare === 1) expect(limits[g].audited).toBe(true);
        });
      },
    ),
  );
});
