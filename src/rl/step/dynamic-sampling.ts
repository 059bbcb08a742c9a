/**
 * Dynamic sampling, carried out: further rounds of the phases `rollout` and `reward` for other prompts, while groups
 * without variance leave the step short. What is informative is the verifier's word alone: overlong shaping, which
 * tells rollouts of one group apart by their length, does not make a group of wrong answers worth training on.
 * `sampling-plan.ts` decides; MASA's gate, which decides before the rollouts, is another thing and never beside it.
 *
 * A prompt's problem and random numbers are keyed by its number in the step, so that a step that is taken again
 * draws the same rounds. Source: DAPO, arXiv 2503.14476.
 */
import { planSampling, type SamplingPlan } from '../sampling-plan';
import { type Candidate, type SolutionGroup, type StepContext, tokensOf } from './context';
import { judge } from './judge';
import { announceRollouts, type Solved, solve } from './solve';

export interface Sampled {
  plan: SamplingPlan;
  /** Of all rounds, in the order of drawing. */
  groups: SolutionGroup[];
  /** Trained on. */
  kept: SolutionGroup[];
  discarded: SolutionGroup[];
}

/** @param first the step's first batch, rolled out. */
export async function sampleDynamically(context: StepContext, first: readonly Solved[]): Promise<Sampled> {
  const { manifest, step, emit, timed, control } = context;
  const settings = { prompts: manifest.prompts_per_step, rounds: manifest.dynamic_sampling_rounds };
  const judgeAll = (solved: readonly Solved[]) =>
    timed('reward', async () => solved.map((each) => judge(context, each)));
  const groups = await judgeAll(first);
  for (;;) {
    const plan = planSampling(
      groups.map((group) => !group.zeroVariance),
      settings,
    );
    if (!plan.done) {
      await control.proceed();
      const candidates = replacements(context, groups.length, plan.draw);
      const solved = await timed('rollout', () => solve(context, candidates));
      groups.push(...(await judgeAll(solved)));
      continue;
    }
    const { kept, discarded, drawn, reason } = plan;
    emit({ type: 'sampling_plan', v: 1, step, kept, discarded, drawn, reason });
    const of = (numbers: readonly number[]) => numbers.map((i) => groups[i]);
    if (drawn.length > 1)
      // Whoever watches has seen the rounds; what follows is of the groups that stay.
      announceRollouts(context, of(kept));
    return { plan, groups, kept: of(kept), discarded: of(discarded) };
  }
}

function replacements({ manifest, task, step }: StepContext, from: number, count: number): Candidate[] {
  return Array.from({ length: count }, (_, i) => ({
    index: from + i,
    problem: task.trainProblem(manifest.seed, step, from + i),
    meta: null,
    decision: null,
    role: 'open',
  }));
}

/** Tokens of groups, as reward and loss see them. */
export const tokensOfGroups = (groups: readonly SolutionGroup[]): number =>
  tokensOf(groups.flatMap((group) => group.rollouts.map((r) => r.seen)));

/** What a step's rounds came to; `run/metrics-dapo.ts` defines each. The speed is that of all that was generated. */
export function samplingMetrics(sampled: Sampled, stepMs: number): Record<string, number> {
  const { plan, groups, discarded } = sampled;
  return {
    'sampling/rounds': plan.drawn.length,
    'sampling/discarded': discarded.length,
    'sampling/discarded_tokens': tokensOfGroups(discarded),
    'sampling/frac_reward_zero_std': groups.filter((group) => group.zeroVariance).length / groups.length,
    tokens_per_second: tokensOfGroups(groups) / (stepMs / 1000),
  };
}
