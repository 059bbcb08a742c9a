/**
 * Predictions of held-out problems beside what came of them, at one evaluation and at the first: what the scatter draws
 * of them. The gate has no say in which problems these are. Pure; from the run view alone.
 */
import { mean } from '../../run/statistics';
import type { Table } from '../components/panel-offers';
import type { EvaluationPoint } from '../state/run-view';
import type { Calibration, ScatterPoint } from './self-knowledge';

/** One evaluation's part of the picture. */
export interface HeldOutDrawing {
  /** Steps done before it. */
  step: number;
  points: readonly ScatterPoint[];
  /** The evaluation's own figures, over all problems that could be read. */
  calibration: Calibration;
  rated: number;
  asked: number;
}

/** null where nothing of it can be drawn: no predictions, or their problems are no longer kept. */
export function heldOutDrawing(evaluation: EvaluationPoint | null): HeldOutDrawing | null {
  const alignment = evaluation?.alignment;
  if (!evaluation || !alignment?.problems || alignment.problems.length === 0) return null;
  const bins = alignment.calibration.flatMap(({ actual_low, actual_high, ...bin }) =>
    bin.count > 0 ? [{ ...bin, actualLow: actual_low, actualHigh: actual_high }] : [],
  );
  // Every problem has as many answers as the next, so a mean over problems is one over bins by their counts.
  const over = (value: (bin: (typeof bins)[number]) => number | null) =>
    mean(bins.flatMap((bin) => new Array<number>(bin.count).fill(value(bin) ?? 0)));
  return {
    step: evaluation.step,
    points: alignment.problems.map((problem) => ({
      ...problem,
      step: evaluation.step,
      actual: problem.correct / problem.total,
      age: 0,
    })),
    calibration: {
      bins,
      error: alignment.error,
      correlation: alignment.correlation,
      meanPredicted: over((bin) => bin.predicted),
      meanActual: over((bin) => bin.actual),
    },
    rated: alignment.rated,
    asked: alignment.asked,
  };
}

/** What is drawn, the first evaluation's problems before the shown one's. */
export const heldOutTable = (drawings: readonly HeldOutDrawing[]): Table => ({
  columns: ['evaluated after steps', 'problem', 'predicted pass rate', 'true pass rate', 'right', 'answers'],
  rows: drawings.flatMap(({ points }) =>
    points.map((p) => [p.step, p.index, p.predicted, p.actual, p.correct, p.total]),
  ),
});

/** When an evaluation was made, in words. */
export const whenOf = (step: number, count: (step: number) => string): string =>
  step === 0 ? 'before the first step' : `after ${count(step)} ${step === 1 ? 'step' : 'steps'}`;
