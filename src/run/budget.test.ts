import { expect, test } from 'vitest';
import { BudgetMeter, type BudgetUnit, parseBudget } from './budget';
import type { RunEvent } from './events';

const step = (step: number, tokens: number, milliseconds: number): RunEvent => ({
  type: 'step_metrics',
  v: 1,
  step,
  metrics: { num_tokens: tokens },
  phases_ms: {},
  step_ms: milliseconds,
});

test.each<[BudgetUnit, number, boolean[]]>([
  // Tokens are cumulative in the stream, seconds add up, steps are counted from 0.
  ['tokens', 250, [false, false, true]],
  ['tokens', 200, [false, true, true]],
  ['seconds', 3.5, [false, false, true]],
  ['seconds', 3, [false, true, true]],
  ['steps', 2, [false, true, true]],
])('a budget of %s=%d is spent with the first step that reaches it', (unit, amount, expected) => {
  const meter = new BudgetMeter({ unit, amount });
  expect(meter.isSpent).toBe(false);
  const events = [step(0, 100, 1000), step(1, 200, 2000), step(2, 300, 1000)];
  expect(
    events.map((event) => {
      meter.event(event);
      return meter.isSpent;
    }),
  ).toEqual(expected);
});

test('a budget is read from its text, and anything else is refused', () => {
  expect(parseBudget('tokens=200000')).toEqual({ unit: 'tokens', amount: 200000 });
  expect(parseBudget('seconds=0.5')).toEqual({ unit: 'seconds', amount: 0.5 });
  for (const wrong of [
    'tokens',
    'tokens=',
    'tokens=0',
    'tokens=-1',
    'tokens=1.5',
    'flops=3',
    'steps=2=3',
    'steps=x',
  ])
    expect(() => parseBudget(wrong), wrong).toThrow(`got "${wrong}"`);
});
