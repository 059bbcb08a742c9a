import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkPlanSettings, fillPlan, type GatePlanSettings, planGate } from './gate-plan';

const place = { seed: 5, step: 3 };
const settings: GatePlanSettings = {
  prompts: 4,
  minKept: 2,
  replace: false,
  replacementTries: 3,
  explorationShare: 0,
  auditShare: 0,
};
const open = (score = 0.1) => ({ verdict: 'open' as const, score });
const closed = (score = 0.9) => ({ verdict: 'closed' as const, score });

describe('planGate', () => {
  test('keeps what is open and gates what is closed', () => {
    expect(planGate([open(), closed(), open(), closed()], settings, place)).toEqual({
      done: true,
      roles: ['open', 'gated', 'open', 'gated'],
      kept: [0, 2],
      gated: [1, 3],
      audited: [],
      tries: 0,
      reason: '',
    });
  });

  test('asks for the first batch, then for what is missing, round by round', () => {
    const replacing = { ...settings, replace: true };
    expect(planGate([], replacing, place)).toEqual({ done: false, draw: 4 });
    const first = [open(), closed(), open(), closed()];
    expect(planGate(first, replacing, place)).toEqual({ done: false, draw: 2 });
    const second = [...first, closed(), open()];
    expect(planGate(second, replacing, place)).toEqual({ done: false, draw: 1 });
    expect(planGate([...second, open()], replacing, place)).toMatchObject({
      kept: [0, 2, 5, 6],
      gated: [1, 3, 4],
      tries: 2,
    });
  });

  test('gives up after the stated rounds and says so', () => {
    const plan = planGate(
      [open(), open(), closed(), closed(), closed(), closed()],
      { ...settings, replace: true, replacementTries: 1 },
      place,
    );
    expect(plan).toMatchObject({
      kept: [0, 1],
      tries: 1,
      reason: 'after 1 rounds of replacements 2 of 4 prompts are filled',
    });
  });

  test('a gate that closes on everything is opened for the least likely, and says so', () => {
    const plan = planGate([closed(0.9), closed(0.7), closed(0.8), closed(0.7)], settings, place);
    expect(plan).toMatchObject({ roles: ['gated', 'floor', 'gated', 'floor'], kept: [1, 3] });
    expect(plan).toHaveProperty(
      'reason',
      'the gate left 0 of the 2 prompts a step needs at least, so it was opened for the 2 least likely to have no variance',
    );
  });

  test('audited prompts are gated ones, and are not counted as kept', () => {
    const plan = planGate([open(), closed(), open(), closed()], { ...settings, auditShare: 1 }, place);
    expect(plan).toMatchObject({ kept: [0, 2], gated: [1, 3], audited: [1, 3], reason: '' });
  });

  test('explored prompts are trained on', () => {
    const plan = planGate([open(), closed(), open(), closed()], { ...settings, explorationShare: 1 }, place);
    expect(plan).toMatchObject({
      roles: ['open', 'explored', 'open', 'explored'],
      kept: [0, 1, 2, 3],
      gated: [],
    });
  });

  test('settings that would starve a step are refused', () => {
    expect(() => checkPlanSettings({ ...settings, minKept: 0 })).toThrow(
      'minKept: expected 1 to prompts (4), got 0',
    );
    expect(() => checkPlanSettings({ ...settings, minKept: 5 })).toThrow('got 5');
    expect(() => checkPlanSettings({ ...settings, prompts: 0 })).toThrow(
      'prompts: expected 1 or more, got 0',
    );
    expect(() => checkPlanSettings({ ...settings, replacementTries: -1 })).toThrow('got -1');
    expect(() => checkPlanSettings({ ...settings, auditShare: 2 })).toThrow(
      'auditShare: expected a share from 0 to 1, got 2',
    );
  });
});

/** A gate that closes a share of the prompts, from all to none, candidate by candidate. */
const scenario = fc.record({
  prompts: fc.integer({ min: 1, max: 24 }),
  minKept: fc.integer({ min: 1, max: 24 }),
  replace: fc.boolean(),
  replacementTries: fc.integer({ min: 0, max: 6 }),
  explorationShare: fc.constantFrom(0, 0.1, 1),
  auditShare: fc.constantFrom(0, 1 / 16, 0.5, 1),
  seed: fc.nat(1000),
  step: fc.nat(1000),
  scores: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 24 * 7, maxLength: 24 * 7 }),
  threshold: fc.constantFrom(-1, 0.1, 0.5, 0.9, 2),
});

test('whatever the gate says: no step is empty or starved, budgets hold, and nothing gated is kept', async () => {
  await fc.assert(
    fc.asyncProperty(scenario, async (s) => {
      const plans = { ...s, minKept: Math.min(s.minKept, s.prompts) };
      const verdict = (i: number) => (s.scores[i] > s.threshold ? closed(s.scores[i]) : open(s.scores[i]));
      let rounds = 0;
      const { plan, decisions } = await fillPlan(plans, s, (from, count) => {
        rounds++;
        return Array.from({ length: count }, (_, i) => verdict(from + i));
      });
      // Never empty, never starved, never above the budget.
      expect(plan.kept.length).toBeGreaterThanOrEqual(plans.minKept);
      expect(plan.kept.length).toBeLessThanOrEqual(plans.prompts);
      // Every candidate is either kept or gated, and only gated ones are audited.
      expect([...plan.kept, ...plan.gated].sort((a, b) => a - b)).toEqual(decisions.map((_, i) => i));
      for (const i of plan.audited) expect(plan.gated).toContain(i);
      for (const i of plan.gated) expect(decisions[i].verdict).toBe('closed');
      // Candidates and rounds are bounded; there are replacements only while something is missing.
      expect(plan.tries).toBe(rounds - 1);
      expect(plan.tries).toBeLessThanOrEqual(plans.replace ? plans.replacementTries : 0);
      expect(decisions.length).toBeLessThanOrEqual(plans.prompts * (1 + plan.tries));
      if (plans.replace && plan.kept.length < plans.prompts) expect(plan.tries).toBe(plans.replacementTries);
      // The floor opens only when it has to, as few as it can, and the least likely first.
      const floor = plan.roles.flatMap((role, i) => (role === 'floor' ? [i] : []));
      if (floor.length > 0) {
        expect(plan.kept.length).toBe(plans.minKept);
        expect(plan.reason).toContain('opened for the');
        for (const i of floor)
          for (const j of plan.gated) expect(decisions[i].score).toBeLessThanOrEqual(decisions[j].score);
      }
      if (plans.explorationShare === 1) expect(plan.gated).toEqual([]);
      if (plans.auditShare === 1) expect(plan.audited).toEqual(plan.gated);
      if (plans.auditShare === 0) expect(plan.audited).toEqual([]);
      // The same decisions give the same plan.
      expect(planGate(decisions, plans, s)).toEqual(plan);
    }),
    { numRuns: 300 },
  );
});

test('over many steps the audit takes the stated share of what is gated, and exploration of what is closed', () => {
  const shares = { ...settings, prompts: 16, minKept: 1, auditShare: 1 / 16, explorationShare: 0.1 };
  let gated = 0;
  let audited = 0;
  let explored = 0;
  const steps = 1500;
  for (let step = 0; step < steps; step++) {
    const plan = planGate(
      Array.from({ length: 16 }, (_, i) => (i < 8 ? closed() : open())),
      shares,
      { seed: 1, step },
    );
    if (!plan.done) throw new Error('expected a plan');
    gated += plan.gated.length;
    audited += plan.audited.length;
    explored += plan.roles.filter((role) => role === 'explored').length;
  }
  // 12,000 closed; five standard errors of a share s are 5 sqrt(s (1 - s) / n).
  expect(Math.abs(explored / (8 * steps) - 0.1)).toBeLessThan(0.0137);
  expect(Math.abs(audited / gated - 1 / 16)).toBeLessThan(0.0117);
});

test('a judge that gives another number of decisions is an error', async () => {
  await expect(fillPlan(settings, place, () => [open()])).rejects.toThrow('expected 4 decisions, got 1');
});
