/**
 * The predictive gate: whether a prompt is worth rolling out, given what the policy predicts of it. A decision holds
 * everything it was made from, so that the stream can show why, and recompute it.
 *
 * Not here: how many prompts a step needs all the same (`gate-plan.ts`), whether the gate was right (`audit.ts`).
 * Sources: the rule `paper` is MASA's predictive gating (arXiv 2510.03259, section 3.3); `calibrated` and
 * `classifier` are this lab's.
 */
import { mean, standardDeviation } from '../../run/statistics';
import { type CalibratorState, zeroVarianceProbability } from './gate-calibrator';

export interface GateSettings {
  /**
   * `paper`: the mean of the sampled pass rates lies outside [low, high] and they agree.
   * `calibrated`: P(zero variance) of the expected pass rate is above the threshold.
   * `classifier`: P(zero variance) of a classifier that sees the prompt alone is above the threshold.
   */
  rule: 'paper' | 'calibrated' | 'classifier';
  /** Pass rates below it count as unsolvable. */
  low: number;
  /** Pass rates above it count as trivial. */
  high: number;
  /** The samples agree when their standard deviation (population) is below it. */
  spread: number;
  /** Of P(zero variance). */
  threshold: number;
}

export const DEFAULT_GATE: GateSettings = {
  rule: 'paper',
  low: 0.1,
  high: 0.9,
  spread: 0.3,
  threshold: 0.65,
};

/** What is known of a prompt before any of its rollouts. */
export interface GateReading {
  /** [M] sampled pass rates, null where one did not parse. */
  passRates: readonly (number | null)[];
  /** [counts] probability of each pass count, `meanDistribution` of the meta rollouts; null where it was not read. */
  passDistribution: readonly number[] | null;
  /** P(zero variance) by the prompt-only classifier; null where there is none. */
  classifier: number | null;
}

export interface GateDecision {
  verdict: 'open' | 'closed';
  /** In words, with the numbers compared. */
  reason: string;
  settings: GateSettings;
  reading: GateReading;
  /** Of the parsed samples; null without any. */
  mean: number | null;
  spread: number | null;
  /** Expected pass rate of the distribution; null without one. */
  expectation: number | null;
  /** P(zero variance) the rule compared; null for `paper`. */
  zeroVariance: number | null;
  /**
   * How likely the rule holds the prompt to have no variance, 0-1, to rank prompts of one step by: P(zero variance),
   * or for `paper` the distance |2 mean - 1| from a pass rate of one half. 0 when nothing is known.
   */
  score: number;
}

/** The mean of distributions [M][counts], each scaled to sum to 1; null when none has any mass. */
export function meanDistribution(distributions: readonly (readonly number[])[]): number[] | null {
  const scaled = distributions.flatMap((probabilities) => {
    const total = probabilities.reduce((sum, p) => sum + p, 0);
    return total > 0 && Number.isFinite(total) ? [probabilities.map((p) => p / total)] : [];
  });
  if (scaled.length === 0) return null;
  return scaled[0].map((_, i) => mean(scaled.map((probabilities) => probabilities[i])));
}

/** Expected pass rate, 0-1, of a distribution over the counts 0 to its length - 1. */
export function expectedPassRate(distribution: readonly number[]): number {
  return distribution.reduce((sum, p, count) => sum + p * count, 0) / (distribution.length - 1);
}

/**
 * @param calibrator needed by the rule `calibrated` alone.
 * @throws Error when the rule is `calibrated` without a calibrator.
 */
export function decideGate(
  reading: GateReading,
  settings: GateSettings,
  calibrator: CalibratorState | null = null,
): GateDecision {
  const parsed = reading.passRates.filter((rate) => rate !== null);
  const figures = {
    settings,
    reading,
    mean: parsed.length > 0 ? mean(parsed) : null,
    spread: parsed.length > 0 ? standardDeviation(parsed) : null,
    expectation: reading.passDistribution && expectedPassRate(reading.passDistribution),
  };
  if (settings.rule === 'paper') return { ...figures, ...byBand(figures.mean, figures.spread, settings) };
  const zeroVariance =
    settings.rule === 'classifier' ? reading.classifier : calibrated(figures.expectation, calibrator);
  return { ...figures, ...byProbability(zeroVariance, figures.expectation, settings) };
}

type Judgement = Pick<GateDecision, 'verdict' | 'reason' | 'zeroVariance' | 'score'>;

/** A single sample has a spread of 0 and so agrees with itself: ask for two or more meta rollouts. */
function byBand(
  average: number | null,
  spread: number | null,
  { low, high, spread: limit }: GateSettings,
): Judgement {
  if (average === null || spread === null)
    return { verdict: 'open', reason: 'no prediction parsed', zeroVariance: null, score: 0 };
  const outside =
    average < low
      ? `predicted pass rate ${text(average)} is below ${low}`
      : average > high
        ? `predicted pass rate ${text(average)} is above ${high}`
        : null;
  const judged = { zeroVariance: null, score: Math.abs(2 * average - 1) };
  if (outside === null)
    return {
      verdict: 'open',
      reason: `predicted pass rate ${text(average)} is from ${low} to ${high}`,
      ...judged,
    };
  if (spread >= limit)
    return {
      verdict: 'open',
      reason: `${outside}, but the predictions disagree: spread ${text(spread)}, limit ${limit}`,
      ...judged,
    };
  return {
    verdict: 'closed',
    reason: `${outside} and the predictions agree: spread ${text(spread)}, limit ${limit}`,
    ...judged,
  };
}

function calibrated(expectation: number | null, calibrator: CalibratorState | null): number | null {
  if (calibrator === null)
    throw new Error(
      'decideGate: expected a calibrator for the rule "calibrated", got none; pass initialCalibrator(n)',
    );
  return expectation === null ? null : zeroVarianceProbability(calibrator, expectation);
}

function byProbability(
  zeroVariance: number | null,
  expectation: number | null,
  { rule, threshold }: GateSettings,
): Judgement {
  if (zeroVariance === null) {
    const reason = rule === 'classifier' ? 'the classifier gave no probability' : 'no pass token was read';
    return { verdict: 'open', reason, zeroVariance, score: 0 };
  }
  const closed = zeroVariance > threshold;
  const from =
    rule === 'calibrated' && expectation !== null ? ` at an expected pass rate of ${text(expectation)}` : '';
  return {
    verdict: closed ? 'closed' : 'open',
    reason: `P(zero variance) ${text(zeroVariance)}${from} is ${closed ? 'above' : 'not above'} ${threshold}`,
    zeroVariance,
    score: zeroVariance,
  };
}

/** Enough digits that a number next to its limit is not written as the limit. */
const text = (value: number): string => String(Number(value.toPrecision(4)));
