/**
 * Notion hints: a share of a prompt's solution rollouts is given the notions of one of its meta rollouts. Hints carry
 * notions alone; length and pass rate have no place in the task's hint. Evaluations are always without hints.
 * Source: MASA, arXiv 2510.03259, section 3.3 (notion feed-in).
 */
import type { MetaPrediction, MetaTask } from '../../tasks/meta';
import type { Problem } from '../../tasks/task';
import { Draw, drawStream } from './draws';

export interface HintedPrompt {
  prompt: number[];
  /** Which meta rollout the hint is from; null without a hint. */
  source: number | null;
}

/**
 * The prompt of each rollout. A rollout is hinted with probability `share`, from one of the predictions with notions,
 * each as likely; without any nothing is hinted. A function of (seed, step, number of the rollout) and the predictions.
 *
 * @param place.firstRollout number in the step of the prompt's first rollout.
 * @returns [generations]
 */
export function planHints(
  meta: MetaTask,
  problem: Problem,
  predictions: readonly MetaPrediction[],
  place: { seed: number; step: number; firstRollout: number; generations: number },
  share: number,
): HintedPrompt[] {
  if (!(share >= 0 && share <= 1)) throw new Error(`planHints: expected a share from 0 to 1, got ${share}`);
  const usable = predictions.flatMap((prediction, source): HintedPrompt[] => {
    const prompt = meta.hintPrompt(problem, prediction);
    return prompt === null ? [] : [{ prompt, source }];
  });
  return Array.from({ length: place.generations }, (_, g): HintedPrompt => {
    const stream = drawStream(place.seed, Draw.hint, place.step, place.firstRollout + g);
    const hinted = stream.chance(share) && usable.length > 0;
    return hinted ? stream.pick(usable) : { prompt: [...problem.prompt], source: null };
  });
}

/**
 * What hints are worth: mean reward of the hinted less that of the other rollouts, inside each group that has both,
 * averaged over these groups; null when there is none. Comparing inside groups keeps easy prompts from counting as
 * helpful hints.
 *
 * @param groups [groups][rollouts]
 */
export function hintLift(groups: readonly (readonly { hinted: boolean; reward: number }[])[]): number | null {
  const lifts = groups.flatMap((group) => {
    const hinted = meanReward(group.filter((r) => r.hinted));
    const plain = meanReward(group.filter((r) => !r.hinted));
    return hinted === null || plain === null ? [] : [hinted - plain];
  });
  return lifts.length === 0 ? null : lifts.reduce((sum, lift) => sum + lift, 0) / lifts.length;
}

const meanReward = (rollouts: readonly { reward: number }[]): number | null =>
  rollouts.length === 0 ? null : rollouts.reduce((sum, r) => sum + r.reward, 0) / rollouts.length;
