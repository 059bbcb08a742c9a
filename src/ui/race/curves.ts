/** The curves of a race as a picture and a table need them: places on an axis, values between points. Pure. */
import type { RaceAxis } from '../../lab/race/bands';
import type { RaceBand, RaceCurve, RaceReport } from '../../lab/race/report';
import { formatCount, formatDuration, formatNumber } from '../../run/format';
import type { Table } from '../components/panel-offers';

export const AXIS_LABELS: Readonly<Record<RaceAxis, string>> = {
  tokens: 'Tokens',
  steps: 'Steps',
  seconds: 'Time',
  flops: 'FLOPs',
};

/** Under the axis. */
export const AXIS_TITLES: Readonly<Record<RaceAxis, string>> = {
  tokens: 'tokens generated for training',
  steps: 'optimiser steps',
  seconds: 'time of the arm’s own steps',
  flops: 'GFLOP of training',
};

/** A cost as it is read off the axis. */
export function costLabel(axis: RaceAxis, value: number): string {
  if (axis === 'seconds') return formatDuration(1000 * value);
  if (axis === 'flops') return formatNumber(value / 1e9, 3);
  if (axis === 'tokens' && value >= 10_000) return `${formatNumber(value / 1000, 3)}k`;
  return axis === 'tokens' ? formatCount(value) : formatNumber(value, 3);
}

export interface Place {
  x: number;
  y: number;
  /** Steps taken by then. */
  steps: number;
}

/** A curve's evaluations on an axis; those whose cost was not measured are left out. */
export const placesOf = ({ points }: RaceCurve, axis: RaceAxis): Place[] =>
  points.flatMap(({ costs, accuracy }) => {
    const x = costs[axis];
    return x === null ? [] : [{ x, y: accuracy, steps: costs.steps ?? 0 }];
  });

/** The mean at `x`, on the line between the points; null outside of them. */
export function meanAt(points: RaceBand['points'], x: number): number | null {
  const after = points.findIndex((point) => point.x >= x);
  if (after === -1) return null;
  const to = points[after];
  if (to.x === x) return to.mean;
  if (after === 0) return null;
  const from = points[after - 1];
  return from.mean + ((to.mean - from.mean) * (x - from.x)) / (to.x - from.x);
}

export interface Bounds {
  x: [number, number];
  y: [number, number];
}

/** Least height of the picture, in accuracy: below it noise would look like a race. */
const LEAST_SPAN = 0.1;

/** What the picture has to hold; null without a point. */
export function boundsOf({ curves, bands }: RaceReport, axis: RaceAxis): Bounds | null {
  const places = curves.flatMap((curve) => placesOf(curve, axis));
  if (places.length === 0) return null;
  const heights = [
    ...places.map(({ y }) => y),
    ...bands
      .filter((band) => band.axis === axis)
      .flatMap(({ points }) => points.flatMap((p) => [p.low ?? p.mean, p.high ?? p.mean])),
  ];
  const [low, high] = [Math.min(...heights), Math.max(...heights)];
  const room = Math.max(0.02, 0.06 * (high - low), (LEAST_SPAN - (high - low)) / 2);
  return {
    x: [0, Math.max(...places.map(({ x }) => x), Number.MIN_VALUE)],
    y: [Math.max(0, low - room), Math.min(1, high + room)],
  };
}

/** Every evaluation with what it had cost by then, in full precision. */
export function curvesTable({ curves, suite }: RaceReport): Table {
  return {
    columns: [
      'arm',
      'seed',
      'suite',
      'accuracy',
      'steps',
      'tokens',
      'tokens with audit',
      'FLOPs',
      'decoding steps',
      'seconds',
    ],
    rows: curves.flatMap(({ arm, seed, points }) =>
      points.map(({ accuracy, costs }) => [
        arm,
        seed,
        suite,
        accuracy,
        costs.steps,
        costs.tokens,
        costs.tokens_with_audit,
        costs.flops,
        costs.decode_steps,
        costs.seconds,
      ]),
    ),
  };
}
