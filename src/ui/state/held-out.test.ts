import { expect, test } from 'vitest';
import { DEFAULT_MANIFEST } from '../../run/manifest';
import type { AlignmentFigures } from '../../run/masa-events';
import { boundHeldOut, heldOutAlignment, MOST_PROBLEMS } from './held-out';
import { evaluation, runStarted } from './run-fixture';
import { EMPTY_RUN, reduceEvents } from './run-view';
import { shownHeldOut } from './selectors';
import { settingsOf } from './settings';
import { createPageStore } from './store';

/** Of every problem the same: `predicted`, and 3 of 4 answers right. */
const figures = (problems: number, predicted: (index: number) => number | null): AlignmentFigures => ({
  predictions: 2,
  answers: 4,
  pass_rate_pearson: 0.5,
  pass_rate_mae: 0.2,
  pass_rate_brier: null,
  length_pearson: null,
  length_in_range: null,
  notion_precision: null,
  parse_rate: null,
  calibration: [],
  points: Array.from({ length: problems }, (_, index) => ({
    pass_rate: predicted(index),
    true_pass_rate: 0.75,
    length: null,
    true_length: null,
  })),
});

test('an evaluation keeps its figures, and each problem by its place with its answers counted', () => {
  const kept = heldOutAlignment(figures(3, (index) => (index === 1 ? null : 0.5)));
  expect(kept).toMatchObject({ correlation: 0.5, error: 0.2, rated: 2, asked: 3 });
  expect(kept.problems).toEqual([
    { index: 0, predicted: 0.5, correct: 3, total: 4 },
    { index: 2, predicted: 0.5, correct: 3, total: 4 },
  ]);
});

test('of very many problems every n-th is kept, the same ones whichever could be read', () => {
  const all = heldOutAlignment(figures(MOST_PROBLEMS * 2 + 1, () => 0.5));
  const some = heldOutAlignment(figures(MOST_PROBLEMS * 2 + 1, (index) => (index === 0 ? null : 0.5)));
  // 1025 at 512 a piece: every third, 0 to 1023.
  expect(all.problems).toHaveLength(342);
  expect(all.rated).toBe(1025);
  expect(some.problems).toEqual(all.problems?.slice(1));
});

test('too many evaluations lose every second one’s problems, but for the first and the newest, suite by suite', () => {
  const evaluations = [0, 1, 2, 3].flatMap((step) =>
    ['in-domain', 'mid-hard'].map((suite) => ({
      step,
      suite,
      alignment: heldOutAlignment(figures(2, () => 0.5)),
    })),
  );
  expect(boundHeldOut(evaluations, 16)).toBe(evaluations);
  const bounded = boundHeldOut(evaluations, 15);
  expect(bounded.map(({ step, alignment }) => [step, alignment?.problems?.length ?? null])).toEqual([
    [0, 2],
    [0, 2],
    [1, null],
    [1, null],
    [2, 2],
    [2, 2],
    [3, 2],
    [3, 2],
  ]);
  expect(bounded[2].alignment).toMatchObject({ correlation: 0.5, rated: 2 });
});

test('over a long run the page holds a bounded number of problems, the first evaluation’s among them', () => {
  const view = reduceEvents(EMPTY_RUN, [
    runStarted(),
    ...Array.from({ length: 500 }, (_, step) => ({
      ...evaluation(step, 60),
      alignment: figures(200, () => 0.5),
    })),
  ]);
  const held = view.evaluations.map(({ alignment }) => alignment?.problems?.length ?? 0);
  expect(held.reduce((sum, each) => sum + each, 0)).toBeLessThanOrEqual(24_000);
  expect([held[0], held.at(-1)]).toEqual([200, 200]);
  expect(view.evaluations.every(({ alignment }) => alignment?.correlation === 0.5)).toBe(true);
});

test('what is shown is the newest evaluation up to the one after the step on screen, of the main suite', () => {
  const asked = (step: number, suite = 'in-domain') => ({
    ...evaluation(step, 60),
    suite,
    alignment: figures(2, () => 0.5),
  });
  const store = createPageStore(settingsOf(DEFAULT_MANIFEST));
  const shownAt = (heldStep: number | null) => {
    store.setState(({ looking }) => ({ looking: { ...looking, heldStep } }));
    return shownHeldOut(store.getState())?.step ?? null;
  };
  const run = reduceEvents(EMPTY_RUN, [runStarted()]);
  store.setState({ run });
  expect(shownAt(null)).toBeNull();
  store.setState({
    run: reduceEvents(run, [
      asked(0),
      asked(0, 'mid-hard'),
      asked(4),
      // Without predictions, and of another suite.
      evaluation(8, 60),
      asked(8, 'mid-hard'),
    ]),
  });
  expect([0, 2, 3, 7, null].map(shownAt)).toEqual([0, 0, 4, 4, 4]);
});
