import { expect, test } from 'vitest';
import {
  calibrationOf,
  describeCalibration,
  pointsTable,
  predictedPassRate,
  predictionPoints,
} from './self-knowledge';
import { metaGroup, prediction, record } from './view-fixture';

const records = [
  record(3, {
    metaGroups: [
      // Said 2/8 and 4/8, and once nothing: 0.375 with a deviation of 0.125; 3 of 4 came out right.
      metaGroup(3, 0, [prediction(2), prediction(null), prediction(4)], [3, 4]),
      // Gated: nothing is known of it.
      metaGroup(3, 1, [prediction(0)], null),
    ],
  }),
  record(4, {
    metaGroups: [metaGroup(4, 0, [prediction(8)], [4, 4]), metaGroup(4, 2, [prediction(null)], [1, 4])],
  }),
  // Under way: nothing is judged.
  record(5, { finished: false }),
];

test('a prompt is a point: the mean of what parsed against right over all, with its age', () => {
  expect(predictionPoints(records)).toEqual([
    { step: 3, index: 0, predicted: 0.375, spread: 0.125, correct: 3, total: 4, actual: 0.75, age: 1 },
    { step: 4, index: 0, predicted: 1, spread: 0, correct: 4, total: 4, actual: 1, age: 0 },
  ]);
});

test('without samples the prediction is the expectation of the distribution, with its deviation', () => {
  // 0.5 on 0 of 2 and 0.5 on 2 of 2: expectation 1/2, deviation 1/2.
  const group = metaGroup(0, 0, [], [1, 2], { pass_distribution: [0.5, 0, 0.5] });
  expect(predictedPassRate(group)).toEqual({ value: 0.5, spread: 0.5, from: 'distribution' });
  // Where samples were drawn and none parsed, the metrics have no prediction either.
  expect(
    predictedPassRate(metaGroup(0, 0, [prediction(null)], [1, 2], { pass_distribution: [0.5, 0, 0.5] })),
  ).toBeNull();
});

test('the curve has the share right of each tenth of the predictions, with Wilson’s interval over rollouts', () => {
  const { bins, error, correlation, meanPredicted, meanActual } = calibrationOf(predictionPoints(records));
  expect(bins.map((bin) => [bin.low, bin.predicted, bin.actual, bin.count])).toEqual([
    [0.3, 0.375, 0.75, 1],
    [0.9, 1, 1, 1],
  ]);
  // Wilson's interval of 3 of 4 at z = 1.96: (3/4 + z²/8 ± z sqrt(3/64 + z²/64)) / (1 + z²/4) = 0.30064 to 0.95441.
  expect(bins[0].actualLow).toBeCloseTo(0.30064, 4);
  expect(bins[0].actualHigh).toBeCloseTo(0.95441, 4);
  expect(error).toBeCloseTo((0.375 + 0) / 2, 12);
  expect(correlation).toBeCloseTo(1, 12);
  expect(meanPredicted).toBe(0.6875);
  expect(meanActual).toBe(0.875);
});

test('without points there is no figure', () => {
  expect(calibrationOf([])).toEqual({
    bins: [],
    error: null,
    correlation: null,
    meanPredicted: null,
    meanActual: null,
  });
});

test('the sentence says which way the predictions lean', () => {
  const percent = (share: number) => `${Math.round(share * 100)}%`;
  const said = (predicted: number, actual: number) =>
    describeCalibration(
      { bins: [], error: 0.1, correlation: null, meanPredicted: predicted, meanActual: actual },
      percent,
    );
  expect(said(0.8, 0.5)).toBe('On average it expects 80% and reaches 50%: it thinks too well of itself.');
  expect(said(0.2, 0.5)).toMatch(/too little of itself/);
  expect(said(0.48, 0.5)).toMatch(/neither/);
});

test('the table has a row a point', () => {
  expect(pointsTable(predictionPoints(records)).rows).toEqual([
    [3, 0, 0.375, 0.75, 3, 4, 0.125],
    [4, 0, 1, 1, 4, 4, 0],
  ]);
});
