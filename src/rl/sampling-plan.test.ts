import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { planSampling, type SamplingPlan } from './sampling-plan';

/** Rolls out until there is a plan; `teaches(i)` says what group i turns out to be. */
function fill(prompts: number, rounds: number, teaches: (i: number) => boolean): SamplingPlan {
  const groups: boolean[] = [];
  for (;;) {
    const plan = planSampling(groups, { prompts, rounds });
    if (plan.done) return plan;
    for (let i = 0; i < plan.draw; i++) groups.push(teaches(groups.length));
  }
}

describe('a worked case', () => {
  const settings = { prompts: 4, rounds: 3 };

  test('the first round draws the whole step, and a full one is done', () => {
    expect(planSampling([], settings)).toEqual({ done: false, draw: 4 });
    expect(planSampling([true, true, true, true], settings)).toEqual({
      done: true,
      kept: [0, 1, 2, 3],
      discarded: [],
      drawn: [4],
      reason: '',
    });
  });

  test('each further round draws what is missing', () => {
    const first = [true, false, false, true];
    expect(planSampling(first, settings)).toEqual({ done: false, draw: 2 });
    expect(planSampling([...first, false, true], settings)).toEqual({ done: false, draw: 1 });
    expect(planSampling([...first, false, true, true], settings)).toEqual({
      done: true,
      kept: [0, 3, 5, 6],
      discarded: [1, 2, 4],
      drawn: [4, 2, 1],
      reason: '',
    });
  });

  test('once the rounds are spent the step goes on with what it has, and says so', () => {
    expect(planSampling([true, false, false, true, false, true, false], settings)).toEqual({
      done: true,
      kept: [0, 3, 5],
      discarded: [1, 2, 4, 6],
      drawn: [4, 2, 1],
      reason: 'after 3 rounds 3 of 4 groups have rewards that differ; the step goes on with these',
    });
  });

  test('without any group to learn from, the first batch stands for the step', () => {
    expect(fill(2, 2, () => false)).toEqual({
      done: true,
      kept: [0, 1],
      discarded: [2, 3],
      drawn: [2, 2],
      reason: 'after 2 rounds no group has rewards that differ, so the first batch is kept as it is',
    });
  });

  test('a round that was only rolled out in part is finished first', () => {
    expect(planSampling([true], settings)).toEqual({ done: false, draw: 3 });
  });
});

test('whatever the groups: rounds bounded, no step empty or too full, every group in one place, none wasted', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 1, max: 6 }),
      fc.array(fc.boolean(), { minLength: 120, maxLength: 120 }),
      (prompts, rounds, teaches) => {
        const plan = fill(prompts, rounds, (i) => teaches[i]);
        const total = plan.drawn.reduce((a, b) => a + b, 0);
        expect(plan.drawn.length).toBeLessThanOrEqual(rounds);
        expect(total).toBeLessThanOrEqual(prompts * rounds);
        expect(plan.drawn.every((count) => count >= 1)).toBe(true);
        expect(plan.kept.length).toBeGreaterThanOrEqual(1);
        expect(plan.kept.length).toBeLessThanOrEqual(prompts);
        // Exact accounting: each group that was rolled out is either trained on or thrown away.
        expect([...plan.kept, ...plan.discarded].sort((a, b) => a - b)).toEqual(
          Array.from({ length: total }, (_, i) => i),
        );
        const taught = Array.from({ length: total }, (_, i) => i).filter((i) => teaches[i]);
        if (taught.length > 0) expect(plan.kept).toEqual(taught);
        expect(plan.reason === '').toBe(taught.length === prompts);
        if (taught.length < prompts) expect(plan.drawn).toHaveLength(rounds);
      },
    ),
  );
});

test('settings that allow an empty step are refused, and groups that no round drew', () => {
  expect(() => planSampling([], { prompts: 0, rounds: 1 })).toThrow(
    'planSampling: prompts: expected 1 or more, got 0',
  );
  expect(() => planSampling([], { prompts: 1, rounds: 0 })).toThrow(
    'planSampling: rounds: expected 1 or more, got 0',
  );
  expect(() => planSampling([true, true], { prompts: 1, rounds: 2 })).toThrow('expected 1 groups, got 2');
});
