import { describe, expect, test } from 'vitest';
import { layOut, ticksOf } from './chart-layout';
import { armCurve, type Curve, runCurve, shortened, thinned, valueAt } from './curves';
import { quantitiesOf } from './quantities';
import { madeUp } from './testing';

const line = (x: number[], y: number[]): Curve => ({ x, y, band: null });

describe('a run’s curve', () => {
  test('stands against steps, tokens or seconds, with the evaluation’s own interval', () => {
    const run = madeUp({ tokens: [100, 140], accuracy: { 0: 0.4, 2: 0.5 }, milliseconds: [500, 250] });
    const [accuracy] = quantitiesOf([run]);
    expect(runCurve(run, accuracy, 'steps').x).toEqual([0, 2]);
    expect(runCurve(run, accuracy, 'tokens').x).toEqual([0, 240]);
    expect(runCurve(run, accuracy, 'seconds').x).toEqual([0, 0.75]);
    const { y, band } = runCurve(run, accuracy, 'steps');
    expect(y).toEqual([0.4, 0.5]);
    expect(band?.low[0]).toBeLessThan(0.4);
    expect(band?.high[0]).toBeGreaterThan(0.4);
  });
});

describe('an arm’s curve', () => {
  test('is the mean where all runs have something to say, between points on the line', () => {
    const joined = armCurve([line([0, 2, 4], [0, 2, 4]), line([1, 3, 6], [3, 5, 8])]);
    // From 1 to 4; at 2 the second run is at 4, at 3 the first is at 3, at 4 the second at 6.
    expect(joined.x).toEqual([1, 2, 3, 4]);
    expect(joined.y).toEqual([2, 3, 4, 5]);
  });

  test('passes over a run without a point, and is a lone run’s own', () => {
    const own = { x: [0, 1], y: [1, 2], band: { low: [0, 1], high: [2, 3] } };
    expect(armCurve([own, line([], [])])).toBe(own);
    expect(armCurve([])).toEqual({ x: [], y: [], band: null });
  });

  test('is empty where runs have no stretch in common', () => {
    expect(armCurve([line([0, 1], [1, 1]), line([2, 3], [1, 1])]).x).toEqual([]);
  });
});

describe('a long curve made short', () => {
  test('keeps its ends and what stands out', () => {
    const y = Array.from({ length: 10_000 }, (_, i) => Math.sin(i / 500));
    y[4321] = 9;
    y[777] = -9;
    const short = shortened(line([...y.keys()], y), 100);
    expect(short.x.length).toBeLessThanOrEqual(100);
    expect(short.y).toContain(9);
    expect(short.y).toContain(-9);
    expect([short.x[0], short.x.at(-1)]).toEqual([0, 9999]);
    expect([...short.x].sort((a, b) => a - b)).toEqual(short.x);
  });

  test('is itself when it is short already', () => {
    const curve = line([0, 1], [2, 3]);
    expect(shortened(curve, 100)).toBe(curve);
    expect(thinned([1, 2, 3, 4, 5], 3)).toEqual([1, 3, 5]);
  });

  test('is read between its points, and at its ends', () => {
    const curve = line([0, 10], [0, 5]);
    expect([0, 4, 10].map((x) => valueAt(curve, x))).toEqual([0, 2, 5]);
  });
});

describe('a chart’s layout', () => {
  test('has round ticks inside its bounds', () => {
    expect(ticksOf(0, 1, 5)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
    expect(ticksOf(-0.3, 0.31, 5)).toEqual([-0.2, 0, 0.2]);
    expect(ticksOf(0, 43, 6)).toEqual([0, 10, 20, 30, 40]);
    expect(ticksOf(5, 5, 5)).toEqual([5]);
  });

  test('puts the bounds it is told at the edges, and leaves room where the data decide', () => {
    const layout = layOut([line([0, 10], [0.2, 0.4])], 600, 200, [0, 1])!;
    expect(layout.y(0)).toBe(layout.box.bottom);
    expect(layout.y(1)).toBe(layout.box.top);
    expect(layout.x(10)).toBe(layout.box.right);
    const free = layOut([line([0, 10], [0.2, 0.4])], 600, 200, [null, null])!;
    expect(free.y(0.4)).toBeGreaterThan(free.box.top);
    expect(layOut([line([], [])], 600, 200, [0, 1])).toBeNull();
  });
});
