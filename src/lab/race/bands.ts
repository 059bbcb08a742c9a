/**
 * An arm's mean accuracy over seeds against what it cost, with a band: the bootstrap 95% interval of the mean from
 * three seeds on, the range of two; a single seed is its own curve. Pure; used by `report.ts`.
 *
 * Seeds spend differently, so their curves are read off between evaluations on a common grid, up to the cost that all
 * of them have reached: beyond it the mean would be over other seeds than before.
 */
import { accuracyAt, type CurvePoint, lastCost } from '../../rl/comparison/curve';
import type { Axis } from '../../rl/comparison/record';
import { bootstrapMean } from '../../run/bootstrap';
import { mean } from '../../run/statistics';

/** What accuracy is drawn against. */
export const RACE_AXES = ['tokens', 'steps', 'seconds', 'flops'] as const satisfies readonly Axis[];
export type RaceAxis = (typeof RACE_AXES)[number];

export interface RaceBand {
  arm: string;
  axis: RaceAxis;
  /** Curves it is over. */
  seeds: number;
  /** In rising x; bounds are null for a single seed. */
  points: { x: number; mean: number; low: number | null; high: number | null }[];
}

/** Places of the grid, both ends included. */
const GRID = 33;

export function bandsOf(arm: string, curves: readonly CurvePoint[][]): RaceBand[] {
  const known = curves.filter((curve) => curve.length > 0);
  if (known.length === 0) return [];
  return RACE_AXES.flatMap((axis): RaceBand[] => {
    const ends = known.map((curve) => lastCost(curve, axis));
    if (ends.some((end) => end === null)) return [];
    const end = Math.min(...(ends as number[]));
    const points = gridOf(known, axis, end).flatMap((x) => {
      const values = known.map((curve) => accuracyAt(curve, axis, x));
      return values.every((value) => value !== null) ? [{ x, ...spread(values) }] : [];
    });
    return [{ arm, axis, seeds: known.length, points }];
  });
}

/** The evaluations themselves where all curves have the same places, an even grid otherwise. */
function gridOf(curves: readonly CurvePoint[][], axis: RaceAxis, end: number): number[] {
  const places = curves.map((curve) =>
    curve.flatMap(({ costs }) => (costs[axis] !== null && costs[axis] <= end ? [costs[axis]] : [])),
  );
  const [first, ...others] = places;
  if (others.every((each) => each.length === first.length && each.every((x, i) => x === first[i])))
    return first;
  const start = Math.max(...places.map((each) => each[0] ?? 0));
  return Array.from({ length: GRID }, (_, i) =>
    i === GRID - 1 ? end : start + ((end - start) * i) / (GRID - 1),
  );
}

function spread(values: readonly number[]): { mean: number; low: number | null; high: number | null } {
  if (values.length === 1) return { mean: values[0], low: null, high: null };
  const interval = bootstrapMean(values) ?? { low: Math.min(...values), high: Math.max(...values) };
  return { mean: mean(values), ...interval };
}
