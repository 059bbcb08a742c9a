/**
 * The diagnostics that any GRPO run can have. Each is a question users of GRPO ask, tested on the run's metrics: it
 * gives a finding with the numbers it rests on, or null. Thresholds stand above the test that uses them.
 */
import { formatCount, formatFixed, formatNumber, formatPercent } from '../../run/format';
import { standardDeviation } from '../../run/statistics';
import { counted, earliest, LATEST, latest, meanOf, type RunSoFar } from './diagnostics-input';

export interface Finding {
  /** Stable name, for tests and links. */
  code: string;
  /** `problem`: it costs progress. `odd`: it looks wrong and is not. */
  kind: 'problem' | 'odd';
  title: string;
  /** The numbers of this run that it rests on. */
  evidence: string;
  /** Why that is so, in a sentence or two. */
  why: string;
  /** What to do; for what only looks odd, what to look at instead. */
  suggestion: string;
  /** The newest kept step from before it went wrong; null where there is none or it would not help. */
  rollBackTo: number | null;
}

/** Least fall of the mean reward, and of how many standard errors of the two means' difference. */
const LEAST_FALL = 0.1;
const FALL_ERRORS = 3;

/**
 * The mean reward of the latest steps against the best earlier stretch as long, not overlapping it. Reward differs from
 * step to step with the prompts alone, so the fall has to stand out of the scatter inside the two stretches. The last
 * good step ends the latest stretch that was as good as the best, up to an error of the two means.
 */
export function rewardFell(run: RunSoFar): Finding | null {
  const rewards = run.steps.flatMap(({ step, metrics }) =>
    metrics.reward === undefined ? [] : [{ step, reward: metrics.reward }],
  );
  if (rewards.length < 2 * LATEST) return null;
  const stretch = (end: number) => rewards.slice(end - LATEST, end).map((each) => each.reward);
  const now = stretch(rewards.length);
  let bestEnd = LATEST;
  for (let end = LATEST; end <= rewards.length - LATEST; end++)
    if (meanOf(stretch(end))! > meanOf(stretch(bestEnd))!) bestEnd = end;
  const best = stretch(bestEnd);
  const [before, after] = [meanOf(best)!, meanOf(now)!];
  // Of a mean of LATEST values, by the deviation divided by n - 1.
  const error = Math.sqrt((standardDeviation(best) ** 2 + standardDeviation(now) ** 2) / (LATEST - 1));
  if (before - after < Math.max(LEAST_FALL, FALL_ERRORS * error)) return null;
  let goodEnd = bestEnd;
  for (let end = bestEnd; end <= rewards.length - LATEST; end++)
    if (meanOf(stretch(end))! >= before - error) goodEnd = end;
  const last = rewards[goodEnd - 1].step;
  const kept = keptUpTo(run, last);
  return {
    code: 'reward-fell',
    kind: 'problem',
    title: `Rewards fell after step ${formatCount(last)}`,
    evidence: `The mean reward was ${formatFixed(meanOf(stretch(goodEnd)), 3)} over the ${LATEST} steps up to ${formatCount(last)} and is ${formatFixed(after, 3)} over the latest ${LATEST}.`,
    why: 'An update took the policy to where it solves less, and its own rollouts now teach it from there.',
    suggestion:
      kept === null
        ? 'Start again with a smaller learning rate or more rollouts per prompt, and checkpoints more often.'
        : `Go back to how it was after ${counted(kept, 'step')} and go on with a smaller learning rate or more rollouts per prompt: the same settings would take the same path.`,
    rollBackTo: kept,
  };
}

/** The most finished steps of a kept state that has taken no step after `last`; the start is none to go back to. */
const keptUpTo = ({ kept }: RunSoFar, last: number): number | null =>
  kept.findLast((steps) => steps > 0 && steps <= last + 1) ?? null;

/** Mean share of groups without signal over the latest steps from which on training is next to stalled. */
const STALLED_SHARE = 0.9;

export function allSame(run: RunSoFar): Finding | null {
  const shares = latest(run, 'frac_reward_zero_std');
  const share = meanOf(shares);
  if (share === null || share < STALLED_SHARE) return null;
  const reward = meanOf(latest(run, 'reward')) ?? 0;
  const whole = shares.filter((each) => each === 1).length;
  const evidence = `Over the latest ${counted(shares.length, 'step')}, ${formatPercent(share)} of the groups were all right or all wrong${whole > 0 ? `, in ${whole} of them every group` : ''}; the mean reward was ${formatFixed(reward, 3)}.`;
  const why =
    'Advantages compare the rollouts of one prompt. Where all are alike they are 0, and so is the gradient.';
  if (reward >= 0.5)
    return {
      code: 'all-solved',
      kind: 'problem',
      title: 'Nearly every group is all right: there is little left to learn here',
      evidence,
      why,
      suggestion: 'Train on harder problems, or stop: more steps of this will change little.',
      rollBackTo: null,
    };
  return {
    code: 'all-failed',
    kind: 'problem',
    title: 'Nearly every group is all wrong: nothing to compare, nothing to learn',
    evidence,
    why,
    suggestion: `Raise the rollouts per prompt above ${run.manifest.num_generations}, so that a right one turns up, or begin with easier problems.`,
    rollBackTo: null,
  };
}

/** Entropy in nats below which a policy hardly ever samples a second choice, and the share of its start below which it fell. */
const LOW_ENTROPY = 0.02;
const FALLEN_TO = 0.15;
/** A policy that is nearly always right may well be sure of itself. */
const NEARLY_SOLVED = 0.9;

export function entropyCollapsed(run: RunSoFar): Finding | null {
  const now = meanOf(latest(run, 'entropy'));
  const start = meanOf(earliest(run, 'entropy'));
  const reward = meanOf(latest(run, 'reward')) ?? 0;
  if (now === null || start === null || reward >= NEARLY_SOLVED) return null;
  if (now >= LOW_ENTROPY && (run.steps.length < 2 * LATEST || now >= FALLEN_TO * start)) return null;
  // Half of what it began with is still a policy that explores.
  const good = run.steps.findLast(({ metrics }) => (metrics.entropy ?? 0) >= start / 2);
  return {
    code: 'entropy-collapsed',
    kind: 'problem',
    title: 'Entropy collapsed: the policy no longer explores',
    evidence: `${formatNumber(now, 3)} nats a token over the latest ${LATEST} steps, ${formatNumber(start, 3)} over the first ${LATEST}; the mean reward is ${formatFixed(reward, 3)}.`,
    why: 'It has become sure of nearly every token before it solves the problems, so that its rollouts hardly differ and groups say little.',
    suggestion: `Raise epsilon_high above ${formatNumber(run.manifest.epsilon_high)} (clip-higher), lower the learning rate, or add a little KL.`,
    rollBackTo: good === undefined || now >= start / 2 ? null : keptUpTo(run, good.step),
  };
}

/** Share of rollouts that end at the longest length; the cutoff's are not among them. */
const MUCH_TRUNCATED = 0.1;

export function ranIntoLimit({ manifest, records }: RunSoFar): Finding | null {
  const rollouts = records
    .filter((record) => record.finished)
    .slice(-LATEST)
    .flatMap((record) => record.groups.flatMap((group) => group.rollouts));
  if (rollouts.length === 0) return null;
  const truncated = rollouts.filter((each) => each.truncated && !each.cut);
  if (truncated.length / rollouts.length < MUCH_TRUNCATED) return null;
  const right = truncated.filter((each) => each.reward > 0).length;
  return {
    code: 'length-limit',
    kind: 'problem',
    title: `Rollouts run into the limit of ${formatCount(manifest.max_completion_length)} tokens`,
    evidence: `${formatCount(truncated.length)} of the latest ${formatCount(rollouts.length)} rollouts (${formatPercent(truncated.length / rollouts.length)}) never reached their end; ${formatCount(right)} of these were right.`,
    why: 'A rollout without an end has no answer that counts, so it is judged wrong whatever it was about to say.',
    suggestion: manifest.mask_truncated_completions
      ? `Raise max_completion_length above ${formatCount(manifest.max_completion_length)}.`
      : `Raise max_completion_length above ${formatCount(manifest.max_completion_length)}, or leave them out of the loss (mask_truncated_completions).`,
    rollBackTo: null,
  };
}

/** Mean of |loss| below which one asks why it shows next to nothing. */
const SMALL_LOSS = 0.05;

export function lossNearZero(run: RunSoFar): Finding | null {
  const { manifest } = run;
  const losses = latest(run, 'loss');
  const gradient = meanOf(latest(run, 'grad_norm'));
  const size = meanOf(losses.map(Math.abs));
  if (manifest.num_iterations > 1 || manifest.beta > 0) return null;
  if (size === null || gradient === null || size >= SMALL_LOSS || gradient === 0) return null;
  const [from, to] = [meanOf(earliest(run, 'reward')), meanOf(latest(run, 'reward'))];
  const learned =
    run.steps.length >= 2 * LATEST && from !== null && to !== null
      ? `, and the mean reward went from ${formatFixed(from, 3)} to ${formatFixed(to, 3)}`
      : '';
  return {
    code: 'loss-near-zero',
    kind: 'odd',
    title: 'The loss shows next to zero, and the policy learns all the same',
    evidence: `Loss ${formatNumber(losses.at(-1), 3)}, mean size ${formatNumber(size, 3)} over ${counted(losses.length, 'step')}; the gradient’s norm is ${formatNumber(gradient, 3)}${learned}.`,
    why: `With one update a batch every ratio is ${manifest.rollout_dtype === 'float32' ? 'exactly' : 'next to'} 1, so the shown value is a mean of advantages, which cancel inside a group. Their gradients do not cancel.`,
    suggestion: 'Watch the reward and the held-out accuracy instead of the loss.',
    rollBackTo: null,
  };
}

export function nothingClipped(run: RunSoFar): Finding | null {
  const { manifest } = run;
  const shares = latest(run, 'clip_ratio/region_mean');
  if (shares.length === 0 || shares.some((each) => each > 0)) return null;
  const evidence = `0 of all tokens over the latest ${counted(shares.length, 'step')}, with ${counted(manifest.num_iterations, 'update')} a batch and a clip range of ${formatNumber(1 - manifest.epsilon)} to ${formatNumber(1 + manifest.epsilon_high)}.`;
  if (manifest.num_iterations === 1)
    return {
      code: 'nothing-clipped',
      kind: 'odd',
      title: 'Nothing is ever clipped: by design',
      evidence,
      why:
        manifest.rollout_dtype === 'float32'
          ? 'Clipping compares the policy with the one that sampled. With one update a batch they are the same, every ratio is 1, and no bound is met.'
          : 'Clipping compares the policy with the one that sampled. With one update a batch they differ by the rounding of rollout_dtype alone, every ratio is next to 1, and no bound is met.',
      suggestion: 'Set num_iterations to 2 or more to see ratios leave 1.',
      rollBackTo: null,
    };
  return {
    code: 'nothing-clipped',
    kind: 'odd',
    title: 'Nothing is clipped: the policy moves little inside a batch',
    evidence,
    why: `Over ${manifest.num_iterations} updates no token’s ratio left the range.`,
    suggestion: `That is safe; a learning rate above ${formatNumber(manifest.learning_rate)} would use more of the range.`,
    rollBackTo: null,
  };
}
