import { describe, expect, test } from 'vitest';
import type { ArmComparison, RaceReport, Spread, TargetComparison } from '../../lab/race/report';
import { answersOf, CURRENCIES, costText } from './answer';

const spread = (mean: number, interval: Spread['interval'] = null): Spread => ({
  mean,
  interval,
  values: [],
});

const target = (change: Partial<TargetComparison> = {}): TargetComparison => {
  const ratios = { tokens: spread(1.4), flops: spread(0.8), seconds: spread(1.001) };
  const rest = { steps: spread(1), tokens_with_audit: spread(1.2), decode_steps: spread(1) };
  const costs = { ...ratios, ...rest, steps: spread(12) };
  return {
    share: 0.95,
    accuracy: 0.312,
    reached: 1,
    of: 1,
    costs,
    pairs: 1,
    of_pairs: 1,
    ratios: { ...ratios, ...rest },
    ...change,
  };
};

function report(
  own: Partial<TargetComparison>,
  arm: Partial<ArmComparison> = {},
  change: Partial<RaceReport> = {},
): RaceReport {
  const made = {
    name: 'masa',
    runs: [{ seed: 1 }],
    missing: [],
    final: { 'in-domain': { end: spread(0.25) } },
    targets: [target(own)],
    ...arm,
  } as unknown as ArmComparison;
  const comparison = { arms: [{ name: 'grpo' }, made] } as unknown as RaceReport['comparison'];
  return {
    suite: 'in-domain',
    baseline: 'grpo',
    seeds: [1],
    provisional: false,
    comparison,
    arithmetic: [],
    curves: [],
    bands: [],
    paper: 1.28,
    ...change,
  };
}

describe('the answer', () => {
  test('says what it took, fewer above one and more below it', () => {
    const [answer] = answersOf(report({}), 0.95);
    expect(answer.kind).toBe('reached');
    expect(answer.text).toBe(
      'To 95% of grpo’s accuracy (31.2%), masa needed 1.40× fewer tokens, 1.25× more FLOPs and as much time.',
    );
    expect(answer.note).toContain('One seed shows nothing');
  });

  test('has the interval from three seeds on, and says when not every pair got there', () => {
    const ratios = { ...target().ratios!, tokens: spread(1.4, [1.2, 1.6]) };
    const [answer] = answersOf(report({ pairs: 3, of_pairs: 4, ratios }), 0.95);
    expect(answer.text).toContain('1.40× fewer tokens [1.20, 1.60]');
    expect(answer.note).toContain('Only 3 of 4 pairs');
  });

  test('says what is missing while the target is not reached', () => {
    const [answer] = answersOf(report({ pairs: 0, reached: 0 }), 0.95);
    expect(answer).toMatchObject({ kind: 'not-yet' });
    expect(answer.text).toBe(
      'Not yet: masa stands at 25.0% and has not reached 95% of grpo’s accuracy, 31.2%.',
    );
    expect(answer.note).toBe('0 of 1 runs got there.');
  });

  test('compares nothing while the target is what all began with', () => {
    const costs = { ...target().costs, steps: spread(0) };
    const [answer] = answersOf(report({ pairs: 0, costs }, {}, { provisional: true }), 0.95);
    expect(answer).toMatchObject({ kind: 'too-early' });
    expect(answer.text).toContain('is where the arms began');
  });

  test('names an arm that failed, and why', () => {
    const [answer] = answersOf(report({}, { runs: [], missing: [{ seed: 1, why: 'NaN at step 3' }] }), 0.95);
    expect(answer).toMatchObject({ kind: 'failed', note: 'Seed 1: NaN at step 3' });
  });
});

test('a cost below one is turned round with its interval', () => {
  expect(costText(CURRENCIES[0], spread(0.5, [0.4, 0.8]))).toBe('2.00× more tokens [1.25, 2.50]');
  expect(costText(CURRENCIES[0], spread(1.001, [0.9, 1.1]))).toBe('as many tokens [0.90, 1.10]');
});
