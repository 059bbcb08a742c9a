import { expect, test } from 'vitest';
import { DEFAULT_MANIFEST } from '../../run/manifest';
import { evaluation, runStarted, stepMetrics, wholeStep } from '../state/run-fixture';
import { reduceEvents } from '../state/run-view';
import { lastEvaluation, shownMetrics, shownStep } from '../state/selectors';
import { settingsOf } from '../state/settings';
import { createPageStore, type PageState } from '../state/store';
import { recordEvents } from './history';
import { keepNear, MOST_PAST } from './older';
import {
  knownSteps,
  nearestStep,
  neighbour,
  newestStep,
  oldestStep,
  recentRecords,
  recordOf,
  shownStepNumber,
} from './select';
import { emptyRecord } from './step-record';

function pageAfter(events: Parameters<typeof reduceEvents>[1], heldStep: number | null = null): PageState {
  const page = createPageStore(settingsOf(DEFAULT_MANIFEST)).getState();
  return {
    ...page,
    run: reduceEvents(page.run, events),
    history: recordEvents(page.history, events),
    looking: { ...page.looking, heldStep },
  };
}

/** Steps 0 to 99, of which the last 64 are kept in full. */
const HUNDRED = [runStarted(), ...Array.from({ length: 100 }, (_, step) => wholeStep(step)).flat()];

test('before the first step there is none on screen', () => {
  const page = pageAfter([runStarted()]);
  expect([newestStep(page), oldestStep(page), shownStepNumber(page)]).toEqual([null, null, null]);
  expect(recordOf(page, null)).toBeNull();
  expect(recentRecords(page, 3)).toEqual([]);
  expect(neighbour(page, 1)).toBeNull();
});

test('the newest step is on screen, or the one growing, unless another is held', () => {
  const growing = [...HUNDRED, ...wholeStep(100).slice(0, 3)];
  expect(shownStepNumber(pageAfter(HUNDRED))).toBe(99);
  expect(shownStepNumber(pageAfter(growing))).toBe(100);
  expect(shownStepNumber(pageAfter(growing, 7))).toBe(7);
  expect(knownSteps(pageAfter(growing)).slice(-2)).toEqual([99, 100]);
});

test('a recent step is there in full, an old one with its metrics, always as the same object', () => {
  const page = pageAfter(HUNDRED);
  expect(recordOf(page, 99)).toBe(page.history.records.at(-1));
  const old = recordOf(page, 7);
  expect(old).toMatchObject({ step: 7, whole: false, finished: true, groups: [] });
  expect(old?.metrics?.metrics).toBe(page.run.steps[7].metrics);
  expect(recordOf(page, 7)).toBe(old);
  expect(recordOf(page, 100)).toBeNull();
});

test('an old step that was fetched is there in full', () => {
  const fetched = recordEvents({ records: [] }, wholeStep(7)).records[0];
  const page = { ...pageAfter(HUNDRED, 7), past: [fetched] };
  expect(recordOf(page, 7)).toBe(fetched);
  expect(recentRecords(page, 5)).toEqual([fetched]);
  expect(shownStep(page)?.groups.map((group) => group.rewardMean)).toEqual([0.5]);
});

test('the recent records are the same array until one of them, what was fetched or the step on screen changes', () => {
  const page = pageAfter(HUNDRED);
  const recent = recentRecords(page, 3);
  expect(recentRecords({ ...page, run: { ...page.run } }, 3)).toBe(recent);
  expect(recentRecords(page, 2)).toHaveLength(2);
  expect(recentRecords(page, 3)).toBe(recent);
  const held = { ...page, looking: { ...page.looking, heldStep: 98 } };
  expect(recentRecords(held, 3).map(({ step }) => step)).toEqual([96, 97, 98]);
  const past = [{ ...emptyRecord(2), whole: true, finished: true }];
  expect(recentRecords({ ...held, past }, 64).map(({ step }) => step)).toContain(2);
  expect(recentRecords(page, 3)).toEqual(recent);
  const changed = { ...page, history: recordEvents(page.history, wholeStep(100).slice(0, 3)) };
  expect(recentRecords(changed, 3).map(({ step }) => step)).toEqual([98, 99, 100]);
});

test('the recent records end at the step on screen', () => {
  const at = (held: number | null) => recentRecords(pageAfter(HUNDRED, held), 3).map((record) => record.step);
  expect(at(null)).toEqual([97, 98, 99]);
  expect(at(50)).toEqual([48, 49, 50]);
  // 36 is the oldest that is kept in full.
  expect(at(37)).toEqual([36, 37]);
  expect(at(7)).toEqual([]);
});

test('groups, metrics and accuracy are those of the step on screen', () => {
  const events = [
    runStarted(),
    evaluation(0, 10),
    ...wholeStep(0),
    stepMetrics(0, { reward: 0.1 }),
    ...wholeStep(1),
    stepMetrics(1, { reward: 0.2 }),
    evaluation(2, 30),
    ...wholeStep(2),
    stepMetrics(2, { reward: 0.3 }),
    evaluation(3, 40),
  ];
  const seen = (held: number | null) => {
    const page = pageAfter(events, held);
    return [shownStep(page)?.step, shownMetrics(page)?.metrics.reward, lastEvaluation(page)?.total.correct];
  };
  expect(seen(0)).toEqual([0, 0.1, 10]);
  // The test at 2 steps taken comes right after step 1.
  expect(seen(1)).toEqual([1, 0.2, 30]);
  expect(seen(null)).toEqual([2, 0.3, 40]);
});

test('the nearest known step is found, and the neighbours of the one on screen', () => {
  const page = pageAfter([runStarted(), ...[0, 1, 4, 9].map((step) => stepMetrics(step))], 4);
  expect([-1, 2, 3, 6, 7, 50].map((step) => nearestStep(page, step))).toEqual([0, 1, 4, 4, 9, 9]);
  expect([neighbour(page, -1), neighbour(page, 1)]).toEqual([1, 9]);
});

test('of fetched steps the ones nearest to the one on screen stay, in order', () => {
  const records = Array.from({ length: MOST_PAST + 20 }, (_, step) => ({
    ...emptyRecord(step),
    finished: true,
  }));
  const kept = keepNear(records.slice(0, 40), records.slice(40), 30).map((record) => record.step);
  expect(kept).toEqual(Array.from({ length: MOST_PAST }, (_, i) => i));
  expect(keepNear(records.slice(0, 40), records.slice(40), 80).map((record) => record.step)).toEqual(
    Array.from({ length: MOST_PAST }, (_, i) => i + 20),
  );
});
