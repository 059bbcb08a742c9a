/** A step's metrics from its rollouts and the device's report. Names are TRL's; `run/metrics.ts` defines each. */
import type { Decoded } from '../model/decoder';
import type { StepReport } from '../model/policy';
import { mean, standardDeviation } from '../run/statistics';

export interface StepFacts {
  /** [groups][G] */
  rollouts: readonly (readonly Decoded[])[];
  /** [groups][G] */
  rewards: readonly (readonly number[])[];
  /** [groups] whether the rewards that count are all the same; one that the cutoff masks does not count. */
  zeroVariance: readonly boolean[];
  /** One report an update, in order, of the rollouts' rows; none when no group had anything to teach. */
  reports: readonly StepReport[];
  /** Tokens in the loss of one update. */
  trainedTokens: number;
  learningRate: number;
  /** Tokens generated for training so far, this step's among them. */
  totalTokens: number;
  /** What training has cost so far, this step's among it. */
  totalFlops: number;
  totalDecodeSteps: number;
  stepMs: number;
}

export function stepMetrics(facts: StepFacts): Record<string, number> {
  const rollouts = facts.rollouts.flat();
  const lengths = rollouts.map((r) => r.tokens.length);
  const tokens = lengths.reduce((a, b) => a + b, 0);
  const deviations = facts.rewards.map((group) => standardDeviation(group));
  const sums = facts.reports.flatMap((report) => report.rollouts);
  // Rollouts left out of the loss for want of an advantage are in the denominators: they are never clipped.
  const perToken = (of: (s: StepReport['rollouts'][number]) => number) =>
    facts.reports.length === 0 ? 0 : sums.reduce((a, s) => a + of(s), 0) / (tokens * facts.reports.length);
  // Later updates compare with weights that have moved; only the first tells the sampler's rounding.
  const first = facts.reports[0]?.rollouts ?? [];
  const low = perToken((s) => s.clippedLow);
  const high = perToken((s) => s.clippedHigh);
  return {
    reward: mean(facts.rewards.flat()),
    reward_std: mean(deviations),
    frac_reward_zero_std: facts.zeroVariance.filter(Boolean).length / facts.zeroVariance.length,
    loss: mean(
      facts.reports.length ? facts.reports.map((r) => r.rollouts.reduce((a, s) => a + s.loss, 0)) : [0],
    ),
    kl: perToken((s) => s.kl),
    entropy: rollouts.reduce((a, r) => a + r.entropies.reduce((x, y) => x + y, 0), 0) / tokens,
    'clip_ratio/low_mean': low,
    'clip_ratio/high_mean': high,
    'clip_ratio/region_mean': low + high,
    'sampling/logp_difference_mean':
      first.reduce((a, s) => a + s.logpDifference, 0) / Math.max(1, facts.trainedTokens),
    'sampling/logp_difference_max': first.reduce((a, s) => Math.max(a, s.logpDifferenceMax), 0),
    'completions/mean_length': tokens / rollouts.length,
    'completions/min_length': Math.min(...lengths),
    'completions/max_length': Math.max(...lengths),
    'completions/clipped_ratio': rollouts.filter((r) => r.truncated).length / rollouts.length,
    grad_norm: facts.reports.length ? mean(facts.reports.map((r) => r.gradient.norm)) : 0,
    learning_rate: facts.learningRate,
    num_tokens: facts.totalTokens,
    num_flops: facts.totalFlops,
    decode_steps: facts.totalDecodeSteps,
    step_time: facts.stepMs / 1000,
    tokens_per_second: tokens / (facts.stepMs / 1000),
  };
}
