import { describe, expect, test } from 'vitest';
import { LIVE_ONLY } from '../../run/events';
import { EXAMPLE_EVENTS } from '../../run/example-events';
import { MOST_POINTS, MOST_PROFILES, MOST_STEPS } from './bounds';
import {
  evaluation,
  finished,
  promptGroup,
  rolloutsGrown,
  rolloutsStarted,
  runStarted,
  stepMetrics,
  wholeStep,
} from './run-fixture';
import { EMPTY_RUN, type RunView, reduceEvent, reduceEvents } from './run-view';

const verdicts = (view: typeof EMPTY_RUN) =>
  view.recent.at(-1)?.groups.map((group) => group.rollouts.map((rollout) => rollout.verdict));

describe('rollouts as they happen', () => {
  test('grow by what each event adds, in rows of group times num_generations', () => {
    const view = reduceEvents(EMPTY_RUN, [
      runStarted(),
      rolloutsStarted(0, [[1], [2]], 2),
      rolloutsGrown(0, [[10], [11], [12], [13]], [false, false, false, false]),
      rolloutsGrown(0, [[20], [], [22, 23], []], [false, true, true, false]),
    ]);
    const [first, second] = view.recent[0].groups;
    expect(first.rollouts.map((rollout) => rollout.tokens)).toEqual([[10, 20], [11]]);
    expect(second.rollouts.map((rollout) => rollout.tokens)).toEqual([[12, 22, 23], [13]]);
    expect(verdicts(view)).toEqual([
      ['growing', 'ended'],
      ['ended', 'growing'],
    ]);
  });

  test('keep the identity of rows and groups that did not grow', () => {
    const before = reduceEvents(EMPTY_RUN, [
      runStarted(),
      rolloutsStarted(0, [[1], [2]], 2),
      rolloutsGrown(0, [[10], [11], [12], [13]], [false, true, false, false]),
    ]);
    const after = reduceEvent(before, rolloutsGrown(0, [[20], [], [], []], [false, true, false, false]));
    expect(after.recent[0].groups[0].rollouts[1]).toBe(before.recent[0].groups[0].rollouts[1]);
    expect(after.recent[0].groups[1]).toBe(before.recent[0].groups[1]);
    expect(after.recent[0].groups[0]).not.toBe(before.recent[0].groups[0]);
  });

  test('are judged right, wrong or truncated; a rewarded one is right even when truncated', () => {
    const view = reduceEvents(EMPTY_RUN, [
      runStarted(),
      promptGroup(0, 0, [
        { tokens: [1], reward: 1 },
        { tokens: [2], reward: 0 },
        { tokens: [3], reward: 0, truncated: true },
        { tokens: [4], reward: 1, truncated: true },
      ]),
    ]);
    expect(verdicts(view)).toEqual([['right', 'wrong', 'truncated', 'right']]);
  });

  test('are rewarded before their group is compared, and the group is judged only then', () => {
    const before = reduceEvents(EMPTY_RUN, [
      runStarted(),
      rolloutsStarted(0, [[1], [2]], 2),
      rolloutsGrown(0, [[10], [11], [12], [13]], [true, true, true, true]),
    ]);
    const after = reduceEvent(before, {
      type: 'rollouts_judged',
      v: 1,
      step: 0,
      rewards: [1, 0, 0, 1],
      truncated: [false, false, true, false],
    });
    expect(verdicts(after)).toEqual([
      ['right', 'wrong'],
      ['truncated', 'right'],
    ]);
    expect(after.recent[0].groups.map((group) => group.rewardMean)).toEqual([null, null]);
  });

  test('of another step than the one under way are passed over', () => {
    const before = reduceEvents(EMPTY_RUN, [runStarted(), rolloutsStarted(3, [[1]], 2)]);
    expect(reduceEvent(before, rolloutsGrown(2, [[9], [9]], [true, true]))).toBe(before);
  });

  test('that were judged are not grown again by a late event', () => {
    const before = reduceEvents(EMPTY_RUN, [runStarted(), ...wholeStep(0)]);
    const after = reduceEvent(before, rolloutsGrown(0, [[9], [9]], [false, false]));
    expect(after.recent[0].groups[0]).toBe(before.recent[0].groups[0]);
  });
});

test('a recorded stream, without the live events, gives the same view as the live one', () => {
  const live = [runStarted(), evaluation(0, 40), ...wholeStep(0), ...wholeStep(1), evaluation(2, 45)];
  const recorded = live.filter((event) => !LIVE_ONLY.has(event.type));
  const { phase: _, ...fromLive } = reduceEvents(EMPTY_RUN, live);
  const { phase: __, ...fromRecord } = reduceEvents(EMPTY_RUN, recorded);
  expect(fromRecord).toEqual(fromLive);
});

test('groups of a step stand in the order of the batch however they arrive', () => {
  const view = reduceEvents(EMPTY_RUN, [
    promptGroup(0, 2, [{ tokens: [1], reward: 1 }]),
    promptGroup(0, 0, [{ tokens: [1], reward: 1 }]),
    promptGroup(0, 1, [{ tokens: [1], reward: 1 }]),
  ]);
  expect(view.recent[0].groups.map((group) => group.index)).toEqual([0, 1, 2]);
});

test('a reset run starts with a clean sheet', () => {
  const first = reduceEvents(EMPTY_RUN, [
    runStarted(),
    evaluation(0, 40),
    ...wholeStep(0),
    finished(1, 'stopped'),
  ]);
  const again = reduceEvent(first, runStarted(0, { seed: 7 }));
  expect({ ...again, facts: null }).toEqual(EMPTY_RUN);
  expect(again.facts?.manifest.seed).toBe(7);
});

test('a resumed run keeps what came before its checkpoint and replaces the rest', () => {
  const failed = reduceEvents(EMPTY_RUN, [
    runStarted(),
    evaluation(0, 40),
    ...[0, 1, 2, 3].flatMap(wholeStep),
    evaluation(4, 50),
    rolloutsStarted(4, [[1]], 2),
    finished(4, 'failed'),
  ]);
  expect(reduceEvent(failed, runStarted(2)).steps.map((point) => point.step)).toEqual([0, 1]);
  const resumed = reduceEvents(failed, [runStarted(2), ...wholeStep(2)]);
  expect(resumed.ending).toBeNull();
  expect(resumed.facts?.fromStep).toBe(2);
  expect(resumed.steps.map((point) => point.step)).toEqual([0, 1, 2]);
  expect(resumed.evaluations.map((point) => point.step)).toEqual([0]);
  expect(resumed.recent.map((each) => each.step)).toEqual([0, 1, 2]);
});

test('evaluations on benchmark sets stand in their order, and those after a checkpoint go with its steps', () => {
  const [shipped] = EXAMPLE_EVENTS.filter((event) => event.type === 'benchmarks');
  const example = { ...shipped, step: 0 };
  const view = reduceEvents(EMPTY_RUN, [
    runStarted(),
    example,
    { ...example, samples: 8 },
    stepMetrics(0),
    { ...example, step: 1 },
  ]);
  expect(view.benchmarks.map(({ step, samples }) => [step, samples])).toEqual([
    [0, example.samples],
    [0, 8],
    [1, example.samples],
  ]);
  expect(
    reduceEvent({ ...view, benchmarks: [...view.benchmarks, { ...example, step: 3 }] }, runStarted(1))
      .benchmarks,
  ).toEqual(view.benchmarks);
  expect(reduceEvent(view, runStarted()).benchmarks).toEqual([]);
});

test('a step that is reported twice counts once, as reported last', () => {
  const view = reduceEvents(EMPTY_RUN, [
    runStarted(),
    stepMetrics(0),
    stepMetrics(1, { reward: 0.1 }),
    stepMetrics(1, { reward: 0.9 }),
  ]);
  expect(view.steps.map((point) => point.metrics.reward)).toEqual([0.5, 0.9]);
});

test('evaluations of several suites at one step stand side by side', () => {
  const other = { ...evaluation(0, 60), suite: 'out-of-domain' };
  const view = reduceEvents(EMPTY_RUN, [runStarted(), evaluation(0, 40), other]);
  expect(view.evaluations.map((point) => point.suite)).toEqual(['in-domain', 'out-of-domain']);
});

test('a long run keeps a bounded history: every recent step, the first, and ever fewer between', () => {
  const steps = 3 * MOST_POINTS;
  let view = reduceEvent(EMPTY_RUN, runStarted());
  for (let step = 0; step < steps; step++) view = reduceEvent(view, stepMetrics(step));
  expect(view.steps.length).toBeLessThanOrEqual(MOST_POINTS);
  expect(view.steps[0].step).toBe(0);
  expect(view.steps.slice(-1000).map((point) => point.step)).toEqual(
    Array.from({ length: 1000 }, (_, i) => steps - 1000 + i),
  );
});

test('the text of rollouts is kept for the newest steps only', () => {
  const events = Array.from({ length: MOST_STEPS + 10 }, (_, step) => wholeStep(step)).flat();
  const view = reduceEvents(EMPTY_RUN, [runStarted(), ...events]);
  expect(view.recent.map((each) => each.step)).toEqual(Array.from({ length: MOST_STEPS }, (_, i) => i + 10));
});

/** What MASA decided is in the stream; the page shows what it led to. */
const PASSED_OVER = [
  'sampling_plan',
  'meta_group',
  'gate_decision',
  'gate_plan',
  'cutoff',
  'audit',
  'expert_update',
];

test('MASA’s decisions leave the view as it is', () => {
  for (const event of EXAMPLE_EVENTS.filter((e) => PASSED_OVER.includes(e.type)))
    expect(reduceEvent(EMPTY_RUN, event), event.type).toBe(EMPTY_RUN);
});

test('a group that dynamic sampling threw away is no part of the batch', () => {
  const view = reduceEvent(EMPTY_RUN, promptGroup(0, 0, [{ tokens: [5], reward: 1 }]));
  const thrown = { ...promptGroup(0, 1, [{ tokens: [6], reward: 0 }]), discarded: true };
  expect(reduceEvent(view, thrown)).toBe(view);
  expect(reduceEvent(view, { ...thrown, discarded: false }).recent[0].groups).toHaveLength(2);
});

test('every other kind of event changes the view of an empty run', () => {
  for (const event of EXAMPLE_EVENTS.filter((e) => !PASSED_OVER.includes(e.type))) {
    const ready =
      event.type === 'rollouts_grown' || event.type === 'rollouts_judged'
        ? reduceEvent(EMPTY_RUN, rolloutsStarted(event.step, [[1]], 2))
        : EMPTY_RUN;
    expect(reduceEvent(ready, event), event.type).not.toBe(ready);
  }
});

test('keeps the newest profiles, each step’s once, and drops those of steps that are taken again', () => {
  const profile = EXAMPLE_EVENTS.find((event) => event.type === 'kernel_profile')!;
  const of = (step: number) => ({ ...profile, step });
  const steps = (view: RunView) => view.profiles.map((each) => each.step);
  const many = reduceEvents(EMPTY_RUN, [runStarted(), ...Array.from({ length: 40 }, (_, step) => of(step))]);
  expect(steps(many)).toEqual(Array.from({ length: MOST_PROFILES }, (_, i) => 40 - MOST_PROFILES + i));
  expect(steps(reduceEvents(many, [of(38)])).slice(-2)).toEqual([37, 38]);
  expect(steps(reduceEvents(many, [runStarted(30)])).at(-1)).toBe(29);
});
