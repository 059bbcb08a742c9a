import { describe, expect, test } from 'vitest';
import { type ExpertScheduleSettings, INITIAL_EXPERT_SCHEDULE, scheduleExperts } from './expert-schedule';

const settings: ExpertScheduleSettings = {
  from: 12,
  burst: 30,
  trigger: 'steps',
  every: 4,
  updates: 2,
  brierRise: 0.05,
  brierSmoothing: 0,
};

/** Updates at each of the steps, the state carried through JSON as a checkpoint would. */
function run(
  of: ExpertScheduleSettings,
  steps: { examples?: number; brier?: number | null }[],
  from = 0,
): number[] {
  let state = { ...INITIAL_EXPERT_SCHEDULE };
  return steps.map(({ examples = 10, brier = null }, i) => {
    const scheduled = scheduleExperts(state, of, { step: from + i, examples, brier });
    state = JSON.parse(JSON.stringify(scheduled.state)) as typeof state;
    return scheduled.updates;
  });
}

describe('by steps', () => {
  test('nothing before its first step, a burst there, then every so many', () => {
    expect(run(settings, new Array(21).fill({}))).toEqual([
      ...new Array(12).fill(0),
      ...[30, 0, 0, 0],
      ...[2, 0, 0, 0],
      2,
    ]);
  });

  test('the burst waits for examples and comes once', () => {
    const empty = { examples: 0 };
    expect(run(settings, [empty, empty, {}, {}, {}], 12)).toEqual([0, 0, 30, 0, 2]);
  });

  test('without a burst it begins with the first of every so many', () => {
    expect(run({ ...settings, burst: 0 }, [{}, {}, {}, {}, {}], 12)).toEqual([2, 0, 0, 0, 2]);
  });
});

describe('by the Brier score', () => {
  const rising = { ...settings, trigger: 'brier', burst: 0 } as const;

  test('updates when the score has risen by more than the limit, then from there on', () => {
    // Lowest .10; .15 is not more than .05 above it, .17 is and becomes the reference; .20 is .03 above, .23 .06.
    const scores = [0.12, 0.1, 0.15, 0.17, 0.2, 0.23, 0.2];
    expect(
      run(
        rising,
        scores.map((brier) => ({ brier })),
        12,
      ),
    ).toEqual([0, 0, 0, 2, 0, 2, 0]);
  });

  test('steps without an audit change nothing and trigger nothing', () => {
    const steps = [{ brier: 0.1 }, { brier: null }, { brier: 0.3 }, { brier: null }, { brier: 0.3 }];
    expect(run(rising, steps, 12)).toEqual([0, 0, 2, 0, 0]);
  });

  test('smoothing holds single bad scores back', () => {
    // Half of the past: .1, then .5 x .1 + .5 x .18 = .14, which is .04 above.
    expect(run({ ...rising, brierSmoothing: 0.5 }, [{ brier: 0.1 }, { brier: 0.18 }], 12)).toEqual([0, 0]);
    expect(run(rising, [{ brier: 0.1 }, { brier: 0.18 }], 12)).toEqual([0, 2]);
  });

  test('scores before the first step are remembered, and the reason names the numbers', () => {
    let { state } = scheduleExperts(INITIAL_EXPERT_SCHEDULE, rising, { step: 11, examples: 5, brier: 0.1 });
    const late = scheduleExperts(state, rising, { step: 12, examples: 5, brier: 0.2 });
    expect(late).toMatchObject({
      updates: 2,
      reason: 'Brier score 0.2, 0.1 above its lowest 0.1: more than 0.05',
    });
    state = late.state;
    expect(state).toMatchObject({ brier: 0.2, reference: 0.2 });
  });
});
