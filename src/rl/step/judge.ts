/**
 * The phases `reward` and `advantage`, solutions: what the cutoff leaves of each rollout, the verifier's word on it,
 * and what follows from that for its group.
 * Source of the method: GRPO, arXiv 2402.03300.
 */
import type { Decoded } from '../../model/decoder';
import type { Rollout } from '../../run/events';
import { mean, standardDeviation } from '../../run/statistics';
import { groupAdvantages } from '../advantages';
import { cutRollout } from '../masa/cutoff';
import { overlongShaping } from '../overlong';
import { isKept, type SolutionGroup, type SolutionRollout, type StepContext } from './context';
import type { Solved } from './solve';

export function judge({ manifest, task }: StepContext, solved: Solved): SolutionGroup {
  const { candidate, cutoff } = solved;
  const rollouts = solved.rollouts.map(({ row, hintSource, decoded }): SolutionRollout => {
    const { tokens, truncated, cut } = cutoff
      ? cutRollout(decoded.tokens, decoded.truncated, cutoff)
      : { ...decoded, cut: false };
    // Only a rollout that was let run on is longer than what is to be seen of it.
    const ranOn = tokens.length < decoded.tokens.length;
    const seen: Decoded = ranOn
      ? {
          tokens: [...tokens],
          logps: decoded.logps.slice(0, tokens.length),
          entropies: decoded.entropies.slice(0, tokens.length),
          truncated,
        }
      : decoded;
    return {
      prompt: row.prompt,
      hintSource,
      seen,
      cut,
      full: ranOn ? decoded : null,
      reward: task.verify(candidate.problem, seen.tokens),
      shaping: overlongShaping(seen.tokens.length, {
        longest: manifest.max_completion_length,
        buffer: manifest.overlong_buffer,
        penalty: manifest.overlong_penalty,
      }),
      counted: !(cut && manifest.masa_cutoff_score === 'mask'),
    };
  });
  const rewards = rollouts.filter((r) => r.counted).map((r) => r.reward);
  return { candidate, cutoff, rollouts, zeroVariance: rewards.every((reward) => reward === rewards[0]) };
}

/** Says what the rollouts that are being watched earned: those of the groups that are trained on. */
export function emitRewards({ emit, step }: StepContext, groups: readonly SolutionGroup[]): void {
  const watched = groups.filter(({ candidate }) => isKept(candidate.role)).flatMap((each) => each.rollouts);
  emit({
    type: 'rollouts_judged',
    v: 1,
    step,
    rewards: watched.map((r) => r.reward),
    truncated: watched.map((r) => r.seen.truncated),
  });
}

/**
 * @param groups those that are trained on.
 * @returns [groups][G]; a rollout that does not count has an advantage of 0 and no part in the others'.
 */
export function solutionAdvantages(
  groups: readonly SolutionGroup[],
  scale: StepContext['manifest']['scale_rewards'],
): number[][] {
  const counted = groups.map((group) => group.rollouts.filter((r) => r.counted));
  const advantages = groupAdvantages(
    counted.map((rollouts) => rollouts.map((r) => r.reward + r.shaping)),
    scale,
  );
  return groups.map(({ rollouts }, g) => {
    const next = advantages[g].values();
    return rollouts.map((r) => (r.counted ? (next.next().value ?? 0) : 0));
  });
}

/**
 * Says what came of the groups that are trained on, and of those that dynamic sampling threw away.
 *
 * @param advantages [groups][G]
 */
export function emitGroups(
  { emit, manifest, step }: StepContext,
  groups: readonly SolutionGroup[],
  advantages: readonly (readonly number[])[],
  discarded: readonly SolutionGroup[] = [],
): void {
  for (const [index, { candidate, rollouts }] of [...groups, ...discarded].entries()) {
    const { family, tier, size, answer, prompt } = candidate.problem;
    const rewards = rollouts.map((r) => r.reward);
    emit({
      type: 'prompt_group',
      v: 1,
      step,
      index,
      ...((manifest.masa_gate || manifest.dynamic_sampling) && { candidate: candidate.index }),
      problem: { family, tier, size, answer },
      prompt,
      ...(index >= groups.length && { discarded: true }),
      rollouts: rollouts.map(({ seen, reward, shaping, hintSource, cut }, i): Rollout => {
        const hint = hintSource === null ? null : candidate.meta?.predictions[hintSource].notions;
        return {
          tokens: seen.tokens,
          logps: seen.logps,
          reward,
          ...(manifest.overlong_buffer > 0 && { shaping }),
          advantage: index < groups.length ? advantages[index][i] : 0,
          truncated: seen.truncated,
          ...(hint && hintSource !== null && { hint, hint_source: hintSource }),
          ...(cut && { cut }),
        };
      }),
      reward_mean: mean(rewards),
      reward_std: standardDeviation(rewards),
    });
  }
}

/** What overlong shaping took; `run/metrics-dapo.ts` defines each. */
export function shapingMetrics(groups: readonly SolutionGroup[]): Record<string, number> {
  const shaped = groups.flatMap((group) => group.rollouts.map((r) => r.shaping));
  return { 'overlong/mean': mean(shaped), 'overlong/ratio': mean(shaped.map((s) => (s < 0 ? 1 : 0))) };
}
