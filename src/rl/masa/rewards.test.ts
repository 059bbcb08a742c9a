import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LADDER } from '../../tasks/ladder';
import { LADDER_META, lengthOf, type PredictedLength } from '../../tasks/meta';
import { BORROW, CARRY, NOTIONS, SPLIT, WAIT } from '../../tasks/tokens';
import {
  DEFAULT_META_REWARDS,
  difficultyReward,
  lengthReward,
  metaReward,
  notionReward,
  scoreMetaGroup,
} from './rewards';
import { groupTruth, type SolvedRollout } from './truth';

const rollout = (correct: boolean, length = 10, notions: number[] = []): SolvedRollout => ({
  correct,
  length,
  notions,
});
/** Correct rollouts of these lengths, and one incorrect of 50 tokens. */
const withLengths = (...lengths: number[]) =>
  groupTruth([...lengths.map((l) => rollout(true, l)), rollout(false, 50)]);
const exactly = (tokens: number): PredictedLength => ({
  bucket: 0,
  low: tokens,
  high: tokens,
  midpoint: tokens,
});

const randomTruth = fc
  .array(
    fc.record({
      correct: fc.boolean(),
      length: fc.integer({ min: 1, max: 88 }),
      notions: fc.subarray([...NOTIONS]),
    }),
    { minLength: 1, maxLength: 16 },
  )
  .map(groupTruth);

describe('groupTruth', () => {
  test('counts, by hand', () => {
    const truth = groupTruth([rollout(true, 10), rollout(false, 30), rollout(true, 20), rollout(false, 30)]);
    expect(truth).toMatchObject({
      correct: 2,
      total: 4,
      passRate: 0.5,
      zeroVariance: false,
      correctLength: 15,
    });
    expect(truth.correctLengths).toEqual([10, 20]);
  });

  test('all correct, none correct and a single rollout have no variance', () => {
    expect(groupTruth([rollout(true), rollout(true)])).toMatchObject({ passRate: 1, zeroVariance: true });
    expect(groupTruth([rollout(false)])).toMatchObject({
      passRate: 0,
      zeroVariance: true,
      correctLength: null,
    });
    expect(() => groupTruth([])).toThrow('expected at least one rollout, got none');
  });
});

describe('lengthReward', () => {
  const strict = { length: 'strict', lengthTolerance: 0 } as const;
  const closed = { length: 'closed', lengthTolerance: 0 } as const;

  test('strict: the predicted length lies inside the correct lengths, ends excluded', () => {
    const truth = withLengths(10, 20);
    expect([9, 10, 11, 19, 20, 21].map((l) => lengthReward(exactly(l), truth, strict))).toEqual([
      0, 0, 1, 1, 0, 0,
    ]);
    // Bucket 1 is 8 to 15 with the midpoint 11.5: inside. Bucket 2 is 16 to 23 with 19.5: inside. Bucket 3, 27.5: not.
    expect([1, 2, 3].map((b) => lengthReward(lengthOf(8 * b), truth, strict))).toEqual([1, 1, 0]);
  });

  test('strict is 0 whatever is said when all correct rollouts have one length; closed is not', () => {
    const truth = withLengths(12, 12, 12);
    for (let bucket = 0; bucket <= 9; bucket++) {
      expect(lengthReward(lengthOf(8 * bucket), truth, strict)).toBe(0);
      // 12 tokens are in bucket 1.
      expect(lengthReward(lengthOf(8 * bucket), truth, closed)).toBe(bucket === 1 ? 1 : 0);
    }
  });

  test('closed: some length of the bucket lies in the closed interval, widened by the tolerance', () => {
    // Correct lengths 16 to 23: the bucket 16-23 and no other.
    const truth = withLengths(16, 23);
    const hits = (tolerance: number) =>
      [0, 1, 2, 3, 4].map((b) =>
        lengthReward(lengthOf(8 * b), truth, { ...closed, lengthTolerance: tolerance }),
      );
    expect(hits(0)).toEqual([0, 0, 1, 0, 0]);
    // With one token more on each side 15 and 24 count, which are in the buckets 8-15 and 24-31.
    expect(hits(1)).toEqual([0, 1, 1, 1, 0]);
  });

  test('with tolerance 0 closed is the comparison of buckets', () => {
    fc.assert(
      fc.property(randomTruth, fc.integer({ min: 0, max: 9 }), (truth, bucket) => {
        const buckets = truth.correctLengths.map((l) => lengthOf(l).bucket);
        const expected =
          buckets.length > 0 && Math.min(...buckets) <= bucket && bucket <= Math.max(...buckets);
        expect(lengthReward(lengthOf(8 * bucket), truth, closed)).toBe(expected ? 1 : 0);
      }),
    );
  });

  test('closed agrees with trying every length of the bucket', () => {
    fc.assert(
      fc.property(
        randomTruth,
        fc.integer({ min: 0, max: 9 }),
        fc.integer({ min: 0, max: 12 }),
        (truth, bucket, tolerance) => {
          const { low, high } = lengthOf(8 * bucket);
          let hit = false;
          for (let l = low; l <= (high ?? 400); l++)
            if (
              truth.correctLengths.some((c) => c - tolerance <= l) &&
              truth.correctLengths.some((c) => l <= c + tolerance)
            )
              hit = true;
          const settings = { length: 'closed', lengthTolerance: tolerance } as const;
          expect(lengthReward(lengthOf(8 * bucket), truth, settings)).toBe(hit ? 1 : 0);
        },
      ),
    );
  });

  test('the open bucket reaches every longer length', () => {
    expect(lengthReward(lengthOf(72), withLengths(300), closed)).toBe(1);
  });

  test('nothing correct or nothing parsed earns nothing', () => {
    expect(lengthReward(lengthOf(10), groupTruth([rollout(false)]), closed)).toBe(0);
    expect(lengthReward(lengthOf(10), groupTruth([rollout(false)]), strict)).toBe(0);
    expect(lengthReward(null, withLengths(10), closed)).toBe(0);
  });
});

describe('difficultyReward', () => {
  // 3 of 4 correct.
  const truth = groupTruth([rollout(true), rollout(true), rollout(true), rollout(false)]);

  test('paper: 0.01 to the power of the error', () => {
    expect(difficultyReward(0.75, truth, 'paper')).toBe(1);
    // |0.25 - 0.75| = 0.5 and 0.01^0.5 = 0.1; |0 - 0.75|: 10^-1.5 = 0.0316.
    expect(difficultyReward(0.25, truth, 'paper')).toBeCloseTo(0.1, 12);
    expect(difficultyReward(0, truth, 'paper')).toBeCloseTo(0.0316227766, 9);
    expect(difficultyReward(null, truth, 'paper')).toBe(0);
  });

  test('brier: 1 less the squared error', () => {
    expect(difficultyReward(0.75, truth, 'brier')).toBe(1);
    expect(difficultyReward(0.25, truth, 'brier')).toBe(0.75);
    expect(difficultyReward(0, groupTruth([rollout(true)]), 'brier')).toBe(0);
    expect(difficultyReward(null, truth, 'brier')).toBe(0);
  });

  test('brier differs from scoring each rollout by something that does not depend on the prediction', () => {
    fc.assert(
      fc.property(randomTruth, fc.integer({ min: 0, max: 8 }), (t, count) => {
        const d = count / 8;
        const each = 1 - t.rollouts.reduce((sum, r) => sum + (d - (r.correct ? 1 : 0)) ** 2, 0) / t.total;
        expect(difficultyReward(d, t, 'brier') - each).toBeCloseTo(t.passRate * (1 - t.passRate), 12);
      }),
    );
  });

  test('brier is proper and the paper’s is not: on average it pays to say the mean, there to bet on the mode', () => {
    // Groups of 8 that are all right in 60% and all wrong in 40% of the cases: the mean pass rate is 0.6.
    const right = groupTruth(Array.from({ length: 8 }, () => rollout(true)));
    const wrong = groupTruth(Array.from({ length: 8 }, () => rollout(false)));
    const best = (form: 'paper' | 'brier') => {
      const average = Array.from(
        { length: 9 },
        (_, c) => 0.6 * difficultyReward(c / 8, right, form) + 0.4 * difficultyReward(c / 8, wrong, form),
      );
      return average.indexOf(Math.max(...average));
    };
    // 0.6 of 8 is 4.8: 5.
    expect(best('brier')).toBe(5);
    expect(best('paper')).toBe(8);
  });
});

describe('notionReward', () => {
  // CARRY: 2 of 2 correct, 1 of 4 incorrect. SPLIT: 1 of 2 correct, 1 of 4 incorrect. WAIT: incorrect alone.
  const truth = groupTruth([
    rollout(true, 10, [CARRY, SPLIT]),
    rollout(true, 10, [CARRY]),
    rollout(false, 10, [CARRY, SPLIT, WAIT]),
    rollout(false, 10, [WAIT]),
    rollout(false),
    rollout(false),
  ]);

  test('counts: more correct than incorrect rollouts contain it, ties do not count', () => {
    expect(notionReward([CARRY], truth, 'counts')).toBe(1);
    expect(notionReward([SPLIT], truth, 'counts')).toBe(0);
    expect(notionReward([CARRY, SPLIT, WAIT], truth, 'counts')).toBeCloseTo(1 / 3, 12);
  });

  test('rates: its share among the correct is the larger one', () => {
    // SPLIT: 1/2 against 1/4.
    expect(notionReward([SPLIT], truth, 'rates')).toBe(1);
    expect(notionReward([CARRY, SPLIT, WAIT], truth, 'rates')).toBeCloseTo(2 / 3, 12);
  });

  test('a group with one correct rollout among many shows the difference', () => {
    // In the one correct rollout, and in 2 of 15 incorrect ones: 1 < 2, but 1/1 > 2/15.
    const lone = groupTruth([
      rollout(true, 10, [BORROW]),
      ...Array.from({ length: 15 }, (_, i) => rollout(false, 10, i < 2 ? [BORROW] : [])),
    ]);
    expect(notionReward([BORROW], lone, 'counts')).toBe(0);
    expect(notionReward([BORROW], lone, 'rates')).toBe(1);
  });

  test('agrees with counting, in random groups', () => {
    fc.assert(
      fc.property(randomTruth, fc.subarray([...NOTIONS]), (t, counted) => {
        for (const comparison of ['counts', 'rates'] as const) {
          const hits = counted.filter((notion) => {
            const using = (correct: boolean) =>
              t.rollouts.filter((r) => r.correct === correct && r.notions.includes(notion)).length;
            const of = (correct: boolean) => t.rollouts.filter((r) => r.correct === correct).length || 1;
            return comparison === 'counts'
              ? using(true) > using(false)
              : using(true) / of(true) - using(false) / of(false) > 1e-9;
          }).length;
          expect(notionReward(counted, t, comparison)).toBe(counted.length === 0 ? 0 : hits / counted.length);
        }
      }),
    );
  });

  test('nothing predicted, nothing counted and nothing correct earn nothing', () => {
    expect(notionReward(null, truth, 'counts')).toBe(0);
    expect(notionReward([], truth, 'counts')).toBe(0);
    expect(notionReward([CARRY], groupTruth([rollout(false, 10, [CARRY])]), 'rates')).toBe(0);
    expect(notionReward([CARRY], groupTruth([rollout(false)]), 'counts')).toBe(0);
  });

  test('when all are correct any notion in use holds', () => {
    const all = groupTruth([rollout(true, 10, [CARRY]), rollout(true)]);
    for (const comparison of ['counts', 'rates'] as const)
      expect(notionReward([CARRY, WAIT], all, comparison)).toBe(0.5);
  });
});

describe('metaReward', () => {
  const problem = LADDER.trainProblem(0, 0, 0);
  const { encode } = LADDER.vocabulary;
  // 1 of 2 correct, in 20 tokens, which is bucket 2; CARRY in the correct one.
  const truth = groupTruth([rollout(true, 20, [CARRY]), rollout(false, 30, [WAIT])]);
  const score = (text: string) =>
    scoreMetaGroup(LADDER_META, problem, [encode(text)], truth, DEFAULT_META_REWARDS)[0];

  test('is the mean of the three', () => {
    expect(score('NOT CARRY LEN 2 PASS 4 EOS').reward).toEqual({
      length: 1,
      difficulty: 1,
      notion: 1,
      meta: 1,
    });
    // Length in the wrong bucket: 0. Pass rate 0 against 1/2: 0.1. One of two notions. (0 + 0.1 + 0.5) / 3 = 0.2.
    const { reward } = score('NOT CARRY WAIT LEN 7 PASS 0 EOS');
    expect(reward.length).toBe(0);
    expect(reward.notion).toBe(0.5);
    expect(reward.meta).toBeCloseTo(0.2, 12);
  });

  test('a part that does not parse earns 0 and leaves the others alone', () => {
    expect(score('NOT CARRY LEN 2 EOS').reward).toEqual({ length: 1, difficulty: 0, notion: 1, meta: 2 / 3 });
    expect(score('ANS 5 5 EOS').reward).toEqual({ length: 0, difficulty: 0, notion: 0, meta: 0 });
  });

  test('every reward is from 0 to 1, whatever is written and whatever happened', () => {
    fc.assert(
      fc.property(
        randomTruth,
        fc.array(fc.constantFrom(...encode('NOT LEN PASS EOS CARRY WAIT 0 3 8')), { maxLength: 9 }),
        fc.constantFrom('strict', 'closed'),
        fc.constantFrom('paper', 'brier'),
        fc.constantFrom('counts', 'rates'),
        (t, completion, length, passRate, notions) => {
          const prediction = LADDER_META.parseMeta(completion);
          const settings = { length, lengthTolerance: 0, passRate, notions } as const;
          const reward = metaReward(prediction, prediction.notions, t, settings);
          for (const value of Object.values(reward)) {
            expect(value).toBeGreaterThanOrEqual(0);
            expect(value).toBeLessThanOrEqual(1);
          }
        },
      ),
    );
  });
});
