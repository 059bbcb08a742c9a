import { beforeEach, expect, test } from 'vitest';
import type { RunEvent } from '../../run/events';
import { eventToLine } from '../../run/jsonl';
import { metaGroup, prediction } from '../views/view-fixture';
import { runStarted, stepMetrics } from './run-fixture';
import { isWatched, openWatched, watchedStore } from './watched';

const OBSERVED = { masa_meta: 'observe' } as const;

const file = (events: readonly RunEvent[]) => ({
  name: 'events.jsonl',
  stream: () => new Blob(events.map((event) => eventToLine(event) ?? '')).stream(),
});

beforeEach(() => watchedStore.setState({ policy: null, problem: '' }));

test('a policy is watched when its predictions change nothing', () => {
  expect(isWatched(runStarted(0, OBSERVED).manifest)).toBe(true);
  expect(isWatched(runStarted(0, { masa_meta: 'train' }).manifest)).toBe(false);
  expect(isWatched(runStarted(0, { ...OBSERVED, masa_cutoff: true }).manifest)).toBe(false);
});

test('a recorded run gives the points of its finished steps', async () => {
  await openWatched(
    file([
      runStarted(0, OBSERVED),
      metaGroup(0, 0, [prediction(4)], [1, 4]),
      stepMetrics(0),
      metaGroup(1, 0, [prediction(8)], [4, 4]),
    ]),
  );
  const { policy, problem } = watchedStore.getState();
  expect(problem).toBe('');
  expect(policy).toMatchObject({ source: 'events.jsonl', step: 0 });
  expect(policy?.points.map((point) => [point.predicted, point.actual])).toEqual([[0.5, 0.25]]);
});

test('another kind of run, and what is no run, are refused in words, and what was there stays', async () => {
  await openWatched(
    file([runStarted(0, OBSERVED), metaGroup(0, 0, [prediction(4)], [1, 4]), stepMetrics(0)]),
  );
  await openWatched(file([runStarted(0, { masa_meta: 'train' })]));
  expect(watchedStore.getState().problem).toMatch(/got masa_meta train; record one with the preset/);
  await openWatched({ name: 'x', stream: () => new Blob(['what\n']).stream() });
  expect(watchedStore.getState().problem).toMatch(/^line 1: expected a JSON object/);
  expect(watchedStore.getState().policy?.points).toHaveLength(1);
});
