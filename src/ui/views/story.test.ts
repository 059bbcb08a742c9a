import { expect, test } from 'vitest';
import type { GateDecision } from '../history/step-record';
import { promptInWords, storyOf, storyTable } from './story';
import { audit, decision, group, metaGroup, prediction, record } from './view-fixture';

const rolled = (right: number, total = 4) =>
  Array.from({ length: total }, (_, i) => ({ length: 9, reward: i < right ? 1 : 0 }));
const roles: [GateDecision['role'], GateDecision['pass_rates']][] = [
  ['open', [0.5, 0.25, null]],
  ['gated', [0, 0, 0]],
  ['audited', [1, 1, 1]],
  ['audited', [null, null, null]],
];
const step = record(6, {
  decisions: roles.map(([role, pass_rates], index) => decision(6, index, role, { pass_rates })),
  groups: [group(6, 0, 0, rolled(2))],
  audit: audit(6, {
    entries: [
      { index: 2, rewards: [1, 1, 1, 1], lengths: [9, 9, 9, 9], zero_variance: true },
      { index: 3, rewards: [0, 1, 0, 0], lengths: [9, 9, 9, 9], zero_variance: false },
    ],
    tally: {},
  }),
});

test('each prompt goes from what was expected of it through the gate to what came of it', () => {
  const { prompts } = storyOf(step);
  expect(prompts.map(({ predicted, fate, outcome }) => [predicted, fate, outcome?.correct ?? null])).toEqual([
    [0.375, 'kept', 2],
    [0, 'skipped', null],
    [1, 'checked', 4],
    [null, 'checked', 1],
  ]);
});

test('the numbers are over the prompts that have them', () => {
  // Expected: of 0.375, 0 and 1. Got and error: of the two with prediction and outcome, 2/4 and 4/4.
  const story = storyOf(step);
  expect(story.expected).toBeCloseTo(1.375 / 3, 12);
  expect(story.got).toBe(0.75);
  expect(story.expectedOfTried).toBe(0.6875);
  expect(story.error).toBe(0.0625);
  expect(story.tried).toBe(3);
  expect(story.gate).toEqual({ kept: 1, skipped: 3, checked: 2, rightlySkipped: 1 });
});

test('before the rollouts are judged the predictions and the gate’s word are there, and no outcome', () => {
  const story = storyOf(record(6, { decisions: step.decisions, finished: false }));
  expect([story.tried, story.got, story.error]).toEqual([0, null, null]);
  expect(story.gate).toMatchObject({ kept: 1, skipped: 3, checked: 0 });
});

test('without a gate every prompt goes straight on', () => {
  const story = storyOf(
    record(2, {
      metaGroups: [metaGroup(2, 0, [prediction(6)], [1, 4])],
      groups: [group(2, 0, 0, rolled(1))],
    }),
  );
  expect(story.gate).toBeNull();
  expect(story.prompts[0]).toMatchObject({ predicted: 0.75, fate: 'kept' });
  expect(story.error).toBe(0.5);
});

test('where nothing was sampled, what was read off the probabilities is what it expected', () => {
  const read = metaGroup(2, 0, [], [1, 2], { pass_distribution: [0.25, 0.25, 0.5] });
  expect(storyOf(record(2, { metaGroups: [read] })).expected).toBe(0.625);
});

test('a prompt is told in words and as a row of the table', () => {
  const story = storyOf(step);
  const said = story.prompts.map((each) => promptInWords(each, true, (share) => `${100 * share}%`));
  expect(said).toEqual([
    'expected to get 37.5% right, let through, got 2 of 4 right',
    'expected to get 0% right, skipped, never tried',
    'expected to get 100% right, skipped, but checked, got 4 of 4 right',
    'no prediction could be read, skipped, but checked, got 1 of 4 right',
  ]);
  expect(storyTable(story).rows[0]).toEqual([6, 0, 0.375, 'let through', 2, 4]);
});
