/**
 * Predictions on held-out problems beside what came of the answers to them: the `alignment` of an evaluation. The
 * truth is the share of `eval_samples` answers that is right. Predictions are read as sampled, so that arms with
 * different gates, or none, are measured alike; only an arm that samples none is read by its probabilities. Changes nothing of the run.
 */
import type { SamplingSettings } from '../model/decoder';
import type { Policy, Through } from '../model/policy';
import type { AlignmentFigures } from '../run/masa-events';
import { Purpose } from '../run/random';
import type { MetaTask } from '../tasks/meta';
import type { AnsweredProblem } from './evaluate';
import { type AlignmentCase, alignment, predictedLength, predictedPassRate } from './masa/alignment';
import type { MetaRewardSettings } from './masa/rewards';
import { groupTruth } from './masa/truth';
import type { OnRolloutsGrown } from './rollouts';
import { expectationsOf, predict, readExpectations } from './step/predict';

/**
 * @param answered problems with at least one answer each.
 * @param randomness `draw` keeps suites apart that are asked with one seed.
 */
export async function evaluateAlignment(
  policy: Policy,
  meta: MetaTask,
  answered: readonly AnsweredProblem[],
  generations: number,
  settings: SamplingSettings,
  randomness: { seed: number; draw: number },
  rewards: MetaRewardSettings,
  through: Through,
  onGrown?: OnRolloutsGrown,
): Promise<AlignmentFigures> {
  const sampled = await predict(
    policy,
    meta,
    answered.map(({ problem }, index) => ({ index, problem })),
    generations,
    settings,
    { seed: randomness.seed, purpose: Purpose.heldOutMeta, step: randomness.draw },
    through,
    onGrown,
  );
  const asked = generations > 0 ? sampled : await readExpectations(policy, meta, sampled, through);
  const cases = answered.map(({ problem, answers }, p): AlignmentCase => {
    const { predictions } = asked[p];
    return {
      ...expectationsOf(asked[p]),
      predictions,
      counted: predictions.map((each) => each.notions && meta.countedNotions(problem, each.notions)),
      truth: groupTruth(
        answers.map(({ tokens, correct }) => ({
          correct,
          length: tokens.length,
          notions: meta.notionsIn(tokens),
        })),
      ),
    };
  });
  const figures = alignment(cases, rewards);
  return {
    predictions: generations,
    answers: answered[0]?.answers.length ?? 0,
    pass_rate_pearson: figures.passRatePearson,
    pass_rate_mae: figures.passRateMae,
    pass_rate_brier: figures.passRateBrier,
    length_pearson: figures.lengthPearson,
    length_in_range: figures.lengthInRange,
    notion_precision: figures.notionPrecision,
    parse_rate: figures.parseRate,
    calibration: figures.calibration.map(({ actualLow, actualHigh, ...bin }) => ({
      ...bin,
      actual_low: actualLow,
      actual_high: actualHigh,
    })),
    points: cases.map((each) => ({
      pass_rate: predictedPassRate(each),
      true_pass_rate: each.truth.passRate,
      length: predictedLength(each),
      true_length: each.truth.correctLength,
    })),
  };
}
