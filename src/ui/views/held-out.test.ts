/** On the recording that the page ships: it is what a visitor without WebGPU sees of self-knowledge. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { EventReader } from '../../run/jsonl';
import { EMPTY_HISTORY, recordEvents } from '../history/history';
import { EMPTY_RUN, reduceEvents } from '../state/run-view';
import { type HeldOutDrawing, heldOutDrawing, heldOutTable, whenOf } from './held-out';
import { calibrationOf, predictionPoints, WINDOW } from './self-knowledge';

const reader = new EventReader();
const bytes = gunzipSync(readFileSync('public/recordings/first-look.jsonl.gz'));
const events = reader.push(new Uint8Array(bytes)).map(({ event }) => event);
const drawings = reduceEvents(EMPTY_RUN, events)
  .evaluations.map(heldOutDrawing)
  .filter((drawing): drawing is HeldOutDrawing => drawing !== null);

test('every evaluation of the shipped run is drawn, the one before the first step too', () => {
  expect(drawings.map(({ step, points }) => [step, points.length])).toEqual([
    [0, 24],
    [4, 24],
    [8, 24],
    [12, 24],
    [16, 24],
  ]);
});

test('the evaluation’s own figures and curve are those of the points drawn', () => {
  for (const { points, calibration } of drawings) {
    const reckoned = calibrationOf(points);
    expect(calibration.correlation).toBeCloseTo(reckoned.correlation!, 9);
    for (const key of ['error', 'meanPredicted', 'meanActual'] as const)
      expect(calibration[key]).toBeCloseTo(reckoned[key]!, 9);
    expect(calibration.bins).toEqual(
      reckoned.bins.map((bin) => ({
        ...bin,
        predicted: expect.closeTo(bin.predicted!, 9),
        actual: expect.closeTo(bin.actual!, 9),
        actualLow: expect.closeTo(bin.actualLow, 9),
        actualHigh: expect.closeTo(bin.actualHigh, 9),
      })),
    );
  }
});

test('in the shipped run they turn to the diagonal, which the prompts the gate lets through do not show', () => {
  const [first, last] = [drawings[0], drawings[drawings.length - 1]].map(({ calibration }) => calibration);
  expect(first.correlation).toBeLessThan(0.1);
  expect(last.correlation).toBeGreaterThan(0.8);
  expect(last.error).toBeLessThan(first.error! / 2);
  const { records } = recordEvents(EMPTY_HISTORY, events);
  expect(calibrationOf(predictionPoints(records.slice(-WINDOW))).correlation).toBeLessThan(0.3);
});

test('the table has what is drawn, the first evaluation’s problems before the shown one’s', () => {
  const { columns, rows } = heldOutTable([drawings[0], drawings[2]]);
  expect(columns).toHaveLength(6);
  expect(rows).toHaveLength(48);
  const { predicted, correct } = drawings[2].points[0];
  expect(rows[24]).toEqual([8, 0, predicted, correct / 4, correct, 4]);
});

test('without predictions, or with their problems dropped, nothing is drawn', () => {
  const [evaluation] = reduceEvents(EMPTY_RUN, events).evaluations;
  expect(heldOutDrawing(null)).toBeNull();
  expect(heldOutDrawing({ ...evaluation, alignment: null })).toBeNull();
  expect(
    heldOutDrawing({
      ...evaluation,
      alignment: evaluation.alignment && { ...evaluation.alignment, problems: null },
    }),
  ).toBeNull();
});

test('an evaluation is told by the steps before it', () => {
  expect([0, 1, 8].map((step) => whenOf(step, String))).toEqual([
    'before the first step',
    'after 1 step',
    'after 8 steps',
  ]);
});
