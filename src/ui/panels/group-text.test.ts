import { expect, test } from 'vitest';
import { promptGroup, rolloutsStarted } from '../state/run-fixture';
import { EMPTY_RUN, reduceEvents } from '../state/run-view';
import { BAR_HEIGHT, barsPath, countGroup, describeCounts } from './group-text';

const judged = reduceEvents(EMPTY_RUN, [
  promptGroup(0, 0, [
    { tokens: [1, 2], reward: 1 },
    { tokens: [1, 2, 3, 4], reward: 0 },
    { tokens: [1, 2, 3, 4], reward: 0, truncated: true },
    { tokens: [1], reward: 0 },
  ]),
]).recent[0].groups[0];

test('a judged group is told in right and cut-off rollouts, with the ends of its advantages', () => {
  const counts = countGroup(judged);
  expect(counts).toMatchObject({
    right: 1,
    wrong: 2,
    truncated: 1,
    open: 0,
    total: 4,
    above: 0.75,
    below: -0.25,
  });
  expect(describeCounts(counts)).toBe('1 of 4 right, 1 cut off');
});

test('a group under way says so', () => {
  const group = reduceEvents(EMPTY_RUN, [rolloutsStarted(0, [[1]], 3)]).recent[0].groups[0];
  expect(describeCounts(countGroup(group))).toBe('3 rollouts being written');
});

test('a bar stands at its rollout’s place, as high as its share of the limit', () => {
  const path = barsPath(judged.rollouts, 'right', 4);
  expect(path.match(/M/g)).toHaveLength(1);
  expect(path).toContain(`v-${BAR_HEIGHT / 2}h`);
  expect(barsPath(judged.rollouts, 'wrong', 4).match(/M/g)).toHaveLength(2);
});

test('a rollout beyond the limit does not leave the card', () => {
  expect(barsPath(judged.rollouts, 'truncated', 2)).toContain(`v-${BAR_HEIGHT}h`);
});
