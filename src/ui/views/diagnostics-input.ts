/** What diagnostics are made from, and the few sums they share. Used by `diagnostics.ts` and its tests of the run. */
import type { Manifest } from '../../run/manifest';
import { mean } from '../../run/statistics';
import type { StepRecord } from '../history/step-record';
import type { EvaluationPoint, StepPoint } from '../state/run-view';

export interface RunSoFar {
  manifest: Manifest;
  /** The finished steps up to the one on screen, oldest first. */
  steps: readonly StepPoint[];
  /** Those of the main suite up to there. */
  evaluations: readonly EvaluationPoint[];
  /** The latest of them in full. */
  records: readonly StepRecord[];
  /** The states one can go back to, as finished steps in rising order. */
  kept: readonly number[];
}

/** Before this many finished steps nothing is said: a step or two tell nothing. */
export const LEAST_STEPS = 3;
/** Steps a finding looks at. */
export const LATEST = 5;

/** The latest values of a metric that are there, at most `LATEST`. */
export const latest = (run: Pick<RunSoFar, 'steps'>, metric: string): number[] =>
  run.steps
    .slice(-LATEST)
    .flatMap((point) => (point.metrics[metric] === undefined ? [] : [point.metrics[metric]]));

export const earliest = (run: Pick<RunSoFar, 'steps'>, metric: string): number[] =>
  run.steps
    .slice(0, LATEST)
    .flatMap((point) => (point.metrics[metric] === undefined ? [] : [point.metrics[metric]]));

export const meanOf = (values: readonly number[]): number | null =>
  values.length === 0 ? null : mean(values);

/** `3 steps`, `1 step`. */
export const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;
