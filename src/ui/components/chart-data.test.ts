import { expect, test } from 'vitest';
import { learningSeries, tierNames, tierSeries } from '../panels/curves';
import { evaluation, runStarted, stepMetrics } from '../state/run-fixture';
import { EMPTY_RUN, reduceEvents } from '../state/run-view';
import { alignSeries, lastValue, valueAt } from './chart-data';
import { yRange } from './chart-options';

const run = reduceEvents(EMPTY_RUN, [
  runStarted(),
  evaluation(0, 40),
  stepMetrics(0, { reward: 0.1 }),
  stepMetrics(1, { reward: 0.2 }),
  evaluation(2, 50),
]);
const series = learningSeries('in-domain');

test('steps and evaluations are joined over one axis, with gaps where a series has no point', () => {
  const [x, reward, accuracy, low, high] = alignSeries(series, run, 'step');
  expect(x).toEqual([0, 1, 2]);
  expect(reward).toEqual([0.1, 0.2, null]);
  expect(accuracy).toEqual([0.4, null, 0.5]);
  expect(low[0]).toBeLessThan(0.4);
  expect(high[0]).toBeGreaterThan(0.4);
});

test('against tokens, an evaluation stands where its tokens end', () => {
  const [x, reward, accuracy] = alignSeries(series, run, 'tokens');
  expect(x).toEqual([0, 100, 200]);
  expect(reward).toEqual([null, 0.1, 0.2]);
  expect(accuracy).toEqual([0.4, null, 0.5]);
});

test('another suite is not drawn as this one', () => {
  const [x, reward, accuracy] = alignSeries(learningSeries('out-of-domain'), run, 'step');
  expect(x).toEqual([0, 1]);
  expect(reward).toEqual([0.1, 0.2]);
  expect(accuracy).toEqual([null, null]);
});

test('what is not finite is a gap, never a point', () => {
  const broken = reduceEvents(EMPTY_RUN, [runStarted(), stepMetrics(0, { reward: Number.NaN })]);
  expect(alignSeries(series, broken, 'step')[1]).toEqual([null]);
});

test('an empty history gives empty columns', () => {
  expect(alignSeries(series, EMPTY_RUN, 'step')).toEqual([[], [], [], [], []]);
});

test('a legend reads the newest value at or before the cursor', () => {
  const column = [0.4, null, 0.5, null];
  expect([valueAt(column, 1), valueAt(column, 3), lastValue(column), lastValue([null])]).toEqual([
    0.4,
    0.5,
    0.5,
    null,
  ]);
});

test('tiers come in rising difficulty and keep their colour', () => {
  const tiers = tierSeries(tierNames(run.evaluations));
  expect(tiers.map((each) => [each.label, each.colour])).toEqual([
    ['easy', 'tier-1'],
    ['hard', 'tier-3'],
  ]);
});

test('with several families a tier is named with its own', () => {
  const tiers = tierSeries('in\nladder/hard\tout\nsorting/all');
  expect(tiers.map((each) => [each.suite, each.label])).toEqual([
    ['in', 'ladder hard'],
    ['out', 'sorting all'],
  ]);
});

test('a y axis with fixed bounds keeps them, and noise around zero is not blown up', () => {
  expect(yRange(0.2, 0.3, [0, 1])).toEqual([0, 1]);
  const [low, high] = yRange(-1e-9, 1e-9, undefined, 0.1);
  expect(low).toBeLessThan(-0.05);
  expect(high).toBeGreaterThan(0.05);
  expect(yRange(0, 0, [0, null])[1]).toBeGreaterThan(0);
});
