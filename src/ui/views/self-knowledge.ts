/**
 * What the policy predicted of prompts beside what came of them, over recent steps: the points of the scatter, the
 * calibration curve through them and the figures beside it. Pure; from the records of steps alone.
 *
 * One step's prompts in detail are `predictions.ts`, held-out problems `held-out.ts`. The figures are the trainer's (`rl/masa/alignment.ts`), over the
 * window shown instead of over one step.
 */
import { type CalibrationBin, calibrationCurve, expectedPassRate } from '../../lab/figures';
import { mean, pearson, standardDeviation } from '../../run/statistics';
import type { Table } from '../components/panel-offers';
import type { MetaGroup, StepRecord } from '../history/step-record';

/** Steps whose prompts are drawn: few enough that what was learned shows, enough for a curve through them. */
export const WINDOW = 10;
/** Bins of the calibration curve: equal parts of the predicted pass rate. */
export const BINS = 10;

/** A prediction beside its outcome, as the scatter draws it. */
export interface ScatterPoint {
  /** The step of the prompt, or the steps done before the evaluation. */
  step: number;
  /** Number of the candidate, or of the held-out problem. */
  index: number;
  /** 0-1 */
  predicted: number;
  /** Right rollouts, or answers, of all that were judged. */
  correct: number;
  total: number;
  /** correct / total */
  actual: number;
  /** Steps before the newest that has any. */
  age: number;
}

/** A prompt that was asked about and rolled out. */
export interface PredictionPoint extends ScatterPoint {
  /** Standard deviation (population) of what the prediction is made from: samples, or the distribution. */
  spread: number;
}

export interface PassPrediction {
  /** 0-1 */
  value: number;
  spread: number;
  /** `samples`: mean of the meta rollouts that parsed. `distribution`: expectation of the probabilities read off. */
  from: 'samples' | 'distribution';
}

/** What was predicted for a prompt: by its meta rollouts where there are any, else by the distribution. */
export function predictedPassRate(
  group: Pick<MetaGroup, 'predictions' | 'pass_distribution'>,
): PassPrediction | null {
  const samples = group.predictions.flatMap((each) => each.pass_rate ?? []);
  if (samples.length > 0)
    return { value: mean(samples), spread: standardDeviation(samples), from: 'samples' };
  const distribution = group.predictions.length === 0 ? group.pass_distribution : null;
  if (distribution === null) return null;
  const value = expectedPassRate(distribution);
  const variance = distribution.reduce(
    (sum, p, count) => sum + p * (count / (distribution.length - 1) - value) ** 2,
    0,
  );
  return { value, spread: Math.sqrt(variance), from: 'distribution' };
}

/** The points of `records`, oldest first. Prompts without a prediction that parsed or without rollouts have none. */
export function predictionPoints(
  records: readonly Pick<StepRecord, 'step' | 'metaGroups'>[],
): PredictionPoint[] {
  const newest = records.findLast(({ metaGroups }) => metaGroups.length > 0)?.step ?? 0;
  return records.flatMap(({ step, metaGroups }) =>
    metaGroups.flatMap((group): PredictionPoint[] => {
      const predicted = predictedPassRate(group);
      if (predicted === null || group.truth === null) return [];
      const { correct, total } = group.truth;
      return [
        {
          step,
          index: group.index,
          predicted: predicted.value,
          spread: predicted.spread,
          correct,
          total,
          actual: correct / total,
          age: newest - step,
        },
      ];
    }),
  );
}

export interface Calibration {
  /** Those with any point. */
  bins: CalibrationBin[];
  /** Mean of |predicted - actual| over prompts; null without any, as are the others. */
  error: number | null;
  /** Pearson's r. */
  correlation: number | null;
  /** Means over prompts: their difference says whether it thinks too well of itself. */
  meanPredicted: number | null;
  meanActual: number | null;
}

export function calibrationOf(points: readonly ScatterPoint[]): Calibration {
  const predicted = points.map((point) => point.predicted);
  const actual = points.map((point) => point.actual);
  const bins = calibrationCurve(
    points.map((point) => ({ predicted: point.predicted, successes: point.correct, trials: point.total })),
    BINS,
  );
  const some = points.length > 0;
  return {
    bins: bins.filter((bin) => bin.count > 0),
    error: some ? mean(points.map((point) => Math.abs(point.predicted - point.actual))) : null,
    correlation: pearson(predicted, actual),
    meanPredicted: some ? mean(predicted) : null,
    meanActual: some ? mean(actual) : null,
  };
}

/** A sentence on what the curve says, with its numbers; `percent` writes a share. */
export function describeCalibration(
  { error, meanPredicted, meanActual }: Calibration,
  percent: (share: number) => string,
): string {
  if (error === null || meanPredicted === null || meanActual === null) return '';
  const lean = meanPredicted - meanActual;
  const said = `On average it expects ${percent(meanPredicted)} and reaches ${percent(meanActual)}`;
  if (Math.abs(lean) < 0.05) return `${said}: neither too sure of itself nor too modest.`;
  return `${said}: it thinks too ${lean > 0 ? 'well' : 'little'} of itself.`;
}

export const pointsTable = (points: readonly PredictionPoint[]): Table => ({
  columns: ['step', 'prompt', 'predicted pass rate', 'true pass rate', 'right', 'rollouts', 'spread'],
  rows: points.map((p) => [p.step, p.index, p.predicted, p.actual, p.correct, p.total, p.spread]),
});
