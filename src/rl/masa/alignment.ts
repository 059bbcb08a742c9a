/**
 * How well predictions agree with what happened: the metrics of self-alignment, at a step or over held-out problems.
 * They need no training on the predictions, so that a plain GRPO run is measured in the same way.
 *
 * A case is a prompt: its predictions are averaged before they are correlated, since the question is what the policy
 * believes of the prompt, and one sample at temperature 1 is mostly noise. Source: MASA, arXiv 2510.03259, figure 1.
 */

import { mean, pearson, wilson } from '../../run/statistics';
import type { MetaPrediction } from '../../tasks/meta';
import { lengthReward, type MetaRewardSettings, notionHolds } from './rewards';
import type { GroupTruth } from './truth';

export interface AlignmentCase {
  /** [M] what the meta rollouts said. */
  predictions: readonly MetaPrediction[];
  /** [M] the notions that count of each; null where they did not parse. */
  counted: readonly (readonly number[] | null)[];
  truth: GroupTruth;
  /** The pass rate read off the probabilities of the pass tokens, where it was; taken instead of the samples' mean. */
  expectedPassRate?: number | null;
  /** The same for the length, in tokens. */
  expectedLength?: number | null;
}

export interface Alignment {
  /** Correlation of predicted with true pass rate, over prompts. */
  passRatePearson: number | null;
  /** Mean absolute error, over prompts. */
  passRateMae: number | null;
  /** Mean squared error against k/n, over prompts. */
  passRateBrier: number | null;
  /** Correlation of predicted length with the mean length of the correct rollouts, over prompts with any. */
  lengthPearson: number | null;
  /** Share of the parsed lengths in range by the reward's rule, of prompts with anything correct. */
  lengthInRange: number | null;
  /** Share of the counted notions that mark correct rollouts. */
  notionPrecision: number | null;
  /** Share of the meta rollouts that are exactly a prediction. */
  parseRate: number | null;
  calibration: CalibrationBin[];
}

/** A figure is null where nothing defines it: no case, no parsed part, or one side constant. */
export function alignment(
  cases: readonly AlignmentCase[],
  settings: Pick<MetaRewardSettings, 'length' | 'lengthTolerance' | 'notions'>,
  bins = 10,
): Alignment {
  const rated = cases.flatMap((c) => {
    const predicted = predictedPassRate(c);
    return predicted === null ? [] : [{ predicted, truth: c.truth }];
  });
  const errors = rated.map(({ predicted, truth }) => predicted - truth.passRate);
  const sized = cases.flatMap((c) => {
    const predicted = predictedLength(c);
    return predicted === null || c.truth.correctLength === null
      ? []
      : [{ predicted, actual: c.truth.correctLength }];
  });
  const inRange = cases
    .filter((c) => c.truth.correct > 0)
    .flatMap((c) =>
      c.predictions.flatMap((p) => (p.length ? [lengthReward(p.length, c.truth, settings)] : [])),
    );
  const notions = cases.flatMap((c) =>
    c.counted.flatMap((counted) =>
      (counted ?? []).map((notion): number => (notionHolds(notion, c.truth, settings.notions) ? 1 : 0)),
    ),
  );
  const predictions = cases.flatMap((c) => c.predictions);
  return {
    passRatePearson: pearson(
      rated.map((r) => r.predicted),
      rated.map((r) => r.truth.passRate),
    ),
    passRateMae: meanOrNull(errors.map(Math.abs)),
    passRateBrier: meanOrNull(errors.map((error) => error * error)),
    lengthPearson: pearson(
      sized.map((s) => s.predicted),
      sized.map((s) => s.actual),
    ),
    lengthInRange: meanOrNull(inRange),
    notionPrecision: meanOrNull(notions),
    parseRate: meanOrNull(predictions.map((p) => (p.parsed ? 1 : 0))),
    calibration: calibrationCurve(
      rated.map(({ predicted, truth }) => ({ predicted, successes: truth.correct, trials: truth.total })),
      bins,
    ),
  };
}

/** The pass rate predicted for a prompt, 0-1: the expectation, else the mean of what parsed, else null. */
export function predictedPassRate(c: Pick<AlignmentCase, 'predictions' | 'expectedPassRate'>): number | null {
  return c.expectedPassRate ?? meanOrNull(c.predictions.flatMap((p) => p.passRate ?? []));
}

/** The length predicted for a prompt, in tokens. */
export function predictedLength(c: Pick<AlignmentCase, 'predictions' | 'expectedLength'>): number | null {
  return c.expectedLength ?? meanOrNull(c.predictions.flatMap((p) => p.length?.midpoint ?? []));
}

const meanOrNull = (values: readonly number[]): number | null => (values.length === 0 ? null : mean(values));

/** A predicted probability and how often what it was said of came true. */
export interface CalibrationPoint {
  predicted: number;
  successes: number;
  trials: number;
}

export interface CalibrationBin {
  /** The bin is [low, high), the last one with its end. */
  low: number;
  high: number;
  /** Points in it. */
  count: number;
  /** Mean prediction in it; null when it is empty. */
  predicted: number | null;
  /** Successes over trials in it; null when it is empty. */
  actual: number | null;
  /**
   * Wilson 95% interval of `actual`, [0, 1] when empty. It takes trials for independent; the rollouts of a prompt
   * are not quite, so for pass rates it is somewhat too narrow.
   */
  actualLow: number;
  actualHigh: number;
}

/** Points gathered into `bins` equal bins of predicted probability. Serves pass rates and the gate's P alike. */
export function calibrationCurve(points: readonly CalibrationPoint[], bins: number): CalibrationBin[] {
  if (!(Number.isInteger(bins) && bins >= 1))
    throw new Error(`calibrationCurve: expected one bin or more, got ${bins}`);
  return Array.from({ length: bins }, (_, b) => {
    const inside = points.filter(
      (p) => Math.min(bins - 1, Math.max(0, Math.floor(p.predicted * bins))) === b,
    );
    const successes = inside.reduce((sum, p) => sum + p.successes, 0);
    const trials = inside.reduce((sum, p) => sum + p.trials, 0);
    const interval = wilson(successes, trials);
    return {
      low: b / bins,
      high: (b + 1) / bins,
      count: inside.length,
      predicted: meanOrNull(inside.map((p) => p.predicted)),
      actual: trials === 0 ? null : successes / trials,
      actualLow: interval.low,
      actualHigh: interval.high,
    };
  });
}
