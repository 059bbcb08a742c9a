/**
 * The self-alignment rewards of a meta rollout: how well what it predicts fits the prompt's true group.
 * Source: MASA, arXiv 2510.03259, section 3.2, and the authors' released scoring for what the text leaves open.
 *
 * All rewards are from 0 to 1. A part that did not parse earns 0; the others are not touched by it.
 * Not here: advantages (`rl/advantages.ts`; a prompt's meta rollouts are a group like any other), the truth itself.
 */
import type { MetaPrediction, MetaTask, PredictedLength } from '../../tasks/meta';
import type { Problem } from '../../tasks/task';
import type { GroupTruth } from './truth';

export interface MetaRewardSettings {
  /** `strict`: the paper's open interval. `closed`: with its ends, widened by the tolerance. */
  length: 'strict' | 'closed';
  /** Tokens by which the closed interval is widened at both ends. */
  lengthTolerance: number;
  /** `paper`: 0.01^|d - k/n|. `brier`: 1 - (d - k/n)^2. */
  passRate: 'paper' | 'brier';
  /** How "in more correct than incorrect rollouts" is compared. `counts` is the paper's. */
  notions: 'counts' | 'rates';
}

export const DEFAULT_META_REWARDS: MetaRewardSettings = {
  length: 'closed',
  lengthTolerance: 0,
  passRate: 'paper',
  notions: 'counts',
};

export interface MetaReward {
  length: number;
  difficulty: number;
  notion: number;
  /** Mean of the three. */
  meta: number;
}

/**
 * r_length. The paper's rule is min(L+) < l < max(L+), and 0 when nothing was correct. A prediction here is a bucket:
 * - `strict` takes the bucket's midpoint for l. It is 0 for ever once all correct rollouts have one length.
 * - `closed` asks whether any length in the bucket lies in [min(L+) - tolerance, max(L+) + tolerance]. With
 *   tolerance 0 that is: the predicted bucket is not below the shortest correct rollout's nor above the longest's.
 */
export function lengthReward(
  predicted: PredictedLength | null,
  truth: GroupTruth,
  settings: Pick<MetaRewardSettings, 'length' | 'lengthTolerance'>,
): number {
  if (predicted === null || truth.correct === 0) return 0;
  const shortest = Math.min(...truth.correctLengths);
  const longest = Math.max(...truth.correctLengths);
  if (settings.length === 'strict')
    return shortest < predicted.midpoint && predicted.midpoint < longest ? 1 : 0;
  const { low, high } = predicted;
  const tolerance = settings.lengthTolerance;
  return low <= longest + tolerance && (high ?? Number.POSITIVE_INFINITY) >= shortest - tolerance ? 1 : 0;
}

/**
 * r_difficulty. `paper`: 0.01^|d - k/n|. It is convex in the error, so that betting on the likeliest count earns more
 * than saying the mean. `brier`: 1 - (d - k/n)^2, largest on average for the true expected pass rate (Brier 1950);
 * the score against each single rollout, 1 - mean (d - r_i)^2, is the same but for a number that does not depend on d.
 *
 * @param predicted d, 0-1; null when it did not parse.
 */
export function difficultyReward(
  predicted: number | null,
  truth: GroupTruth,
  form: MetaRewardSettings['passRate'],
): number {
  if (predicted === null) return 0;
  const error = Math.abs(predicted - truth.passRate);
  return form === 'paper' ? 0.01 ** error : 1 - error * error;
}

/**
 * Whether a notion marks the correct rollouts of a group.
 * `counts`, as the authors do it: more correct rollouts contain it than incorrect ones. In a group that is mostly
 * wrong, a notion that all correct rollouts and few wrong ones use still loses. `rates`: its share among the correct
 * exceeds its share among the incorrect (0 where there are none), whatever the sizes of the two.
 */
export function notionHolds(
  notion: number,
  truth: GroupTruth,
  comparison: MetaRewardSettings['notions'],
): boolean {
  let inCorrect = 0;
  let inIncorrect = 0;
  for (const rollout of truth.rollouts)
    if (rollout.notions.includes(notion)) {
      if (rollout.correct) inCorrect++;
      else inIncorrect++;
    }
  if (comparison === 'counts') return inCorrect > inIncorrect;
  const incorrect = truth.total - truth.correct;
  // Cross-multiplied shares; a side without rollouts has a share of 0.
  return inCorrect * Math.max(1, incorrect) > inIncorrect * Math.max(1, truth.correct);
}

/**
 * r_notion: the share of the counted notions that hold; 0 when none counts.
 *
 * @param counted the distinct predicted notions that the problem's text does not name; null when they did not parse.
 */
export function notionReward(
  counted: readonly number[] | null,
  truth: GroupTruth,
  comparison: MetaRewardSettings['notions'],
): number {
  if (counted === null || counted.length === 0) return 0;
  return counted.filter((notion) => notionHolds(notion, truth, comparison)).length / counted.length;
}

/** The three rewards and r_meta = (r_length + r_difficulty + r_notion) / 3. */
export function metaReward(
  prediction: MetaPrediction,
  counted: readonly number[] | null,
  truth: GroupTruth,
  settings: MetaRewardSettings,
): MetaReward {
  const length = lengthReward(prediction.length, truth, settings);
  const difficulty = difficultyReward(prediction.passRate, truth, settings.passRate);
  const notion = notionReward(counted, truth, settings.notions);
  return { length, difficulty, notion, meta: (length + difficulty + notion) / 3 };
}

/** A meta rollout read and, where its prompt was rolled out, scored. */
export interface ScoredPrediction {
  completion: readonly number[];
  prediction: MetaPrediction;
  counted: number[] | null;
  reward: MetaReward;
}

/** Reads and scores the meta rollouts `completions` [M] of one problem. */
export function scoreMetaGroup(
  meta: MetaTask,
  problem: Problem,
  completions: readonly (readonly number[])[],
  truth: GroupTruth,
  settings: MetaRewardSettings,
): ScoredPrediction[] {
  return completions.map((completion) => {
    const prediction = meta.parseMeta(completion);
    const counted = prediction.notions && meta.countedNotions(problem, prediction.notions);
    return { completion, prediction, counted, reward: metaReward(prediction, counted, truth, settings) };
  });
}
