/**
 * A run's accuracy as a curve over what it cost, straight between evaluations, and where it first reaches a target.
 * No smoothing and no running maximum: a curve that falls again has reached the target all the same, once, and one
 * that comes close has not. Pure numbers; used by `compare.ts`.
 */
import { AXES, type Axis, type Costs, type RunRecord, type StepRecord } from './record';

export interface CurvePoint {
  accuracy: number;
  costs: Costs;
}

/** The evaluations on a suite, by step. */
export const curveOf = ({ points }: RunRecord, suite: string): CurvePoint[] =>
  points.flatMap(({ accuracy, costs }) => (suite in accuracy ? [{ accuracy: accuracy[suite], costs }] : []));

/** What the run had cost at its last evaluation; null without one, or where it was not measured. */
export const lastCost = (curve: readonly CurvePoint[], axis: Axis): number | null =>
  curve.at(-1)?.costs[axis] ?? null;

/** Accuracy after a cost of `budget`, between evaluations by linear interpolation; null beyond the last of them. */
export function accuracyAt(curve: readonly CurvePoint[], axis: Axis, budget: number): number | null {
  for (const [i, { accuracy, costs }] of curve.entries()) {
    const cost = costs[axis];
    if (cost === null) return null;
    if (cost < budget) continue;
    if (cost === budget) return accuracy;
    if (i === 0) return null;
    const before = curve[i - 1];
    const from = before.costs[axis];
    if (from === null) return null;
    return between(before.accuracy, accuracy, (budget - from) / (cost - from));
  }
  return null;
}

/**
 * The costs at which the curve first reaches `target`: those of the first evaluation if it is there already, else on
 * the line up to the first evaluation at or above the target. null when no evaluation is.
 */
export function firstCrossing(curve: readonly CurvePoint[], target: number): Costs | null {
  const at = curve.findIndex(({ accuracy }) => accuracy >= target);
  if (at === -1) return null;
  const reached = curve[at];
  if (at === 0) return { ...reached.costs };
  const before = curve[at - 1];
  const share = (target - before.accuracy) / (reached.accuracy - before.accuracy);
  return Object.fromEntries(
    AXES.map((axis) => {
      const [from, to] = [before.costs[axis], reached.costs[axis]];
      return [axis, from === null || to === null ? null : between(from, to, share)];
    }),
  ) as Costs;
}

/**
 * A count that grows by `of` each step, at a place between steps: 2.5 steps are the first two and half of the third.
 */
export function cumulativeAt(
  steps: readonly StepRecord[],
  place: number,
  of: (step: StepRecord) => number,
): number {
  return steps.reduce((sum, step) => sum + of(step) * Math.max(0, Math.min(1, place - step.step)), 0);
}

const between = (from: number, to: number, share: number): number => from + share * (to - from);
