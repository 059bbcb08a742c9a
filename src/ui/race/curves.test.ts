import { expect, test } from 'vitest';
import type { RaceReport } from '../../lab/race/report';
import { boundsOf, costLabel, curvesTable, meanAt, placesOf } from './curves';

const costs = (steps: number, tokens: number, flops: number | null = null) => ({
  steps,
  tokens,
  tokens_with_audit: tokens,
  flops,
  decode_steps: 0,
  seconds: steps / 2,
});

const curve = {
  arm: 'a',
  seed: 1,
  settled: true,
  points: [
    { accuracy: 0.2, costs: costs(0, 0) },
    { accuracy: 0.6, costs: costs(4, 800) },
  ],
};

const report = (change: Partial<RaceReport> = {}): RaceReport => ({
  suite: 'in-domain',
  baseline: 'a',
  seeds: [1],
  provisional: false,
  comparison: null,
  arithmetic: [],
  curves: [curve],
  bands: [],
  paper: 1.28,
  ...change,
});

test('a cost that was not measured is no place', () => {
  expect(placesOf(curve, 'tokens')).toEqual([
    { x: 0, y: 0.2, steps: 0 },
    { x: 800, y: 0.6, steps: 4 },
  ]);
  expect(placesOf(curve, 'flops')).toEqual([]);
  expect(boundsOf(report(), 'flops')).toBeNull();
});

test('the picture holds all curves and bands, and is never so low that noise looks like a race', () => {
  const band = {
    arm: 'a',
    axis: 'tokens' as const,
    seeds: 2,
    points: [{ x: 0, mean: 0.5, low: 0.1, high: 0.9 }],
  };
  const { x, y } = boundsOf(report({ bands: [band] }), 'tokens')!;
  expect(x).toEqual([0, 800]);
  expect(y[0]).toBeCloseTo(0.1 - 0.048, 12);
  expect(y[1]).toBeCloseTo(0.9 + 0.048, 12);
  const flat = { ...curve, points: [curve.points[0]] };
  const [low, high] = boundsOf(report({ curves: [flat] }), 'tokens')!.y;
  expect(high - low).toBeCloseTo(0.1, 12);
});

test('between points the mean is on the line, outside of them there is none', () => {
  const points = [0, 10].map((x) => ({ x, mean: x / 10, low: null, high: null }));
  expect([-1, 0, 2.5, 10, 11].map((x) => meanAt(points, x))).toEqual([null, 0, 0.25, 1, null]);
});

test('costs are written in their units', () => {
  expect(costLabel('seconds', 90)).toBe('1 min 30 s');
  expect(costLabel('flops', 2.5e9)).toBe('2.5');
  expect(costLabel('tokens', 123_456)).toBe('123k');
  expect(costLabel('tokens', 950)).toBe('950');
});

test('the table has every evaluation in full', () => {
  expect(curvesTable(report()).rows[1]).toEqual(['a', 1, 'in-domain', 0.6, 4, 800, 800, null, 0, 2]);
});
