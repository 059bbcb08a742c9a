/**
 * Every metric a step may report: what it is, how it is computed and how it is written. The page's tooltips and
 * the command line's progress line read it; the numbers themselves are in the event stream alone.
 *
 * Names are TRL's (`GRPOTrainer`, "Logged metrics") where TRL has one.
 */
import {
  formatCount,
  formatDuration,
  formatNumber,
  formatPercent,
  formatRate,
  type MaybeNumber,
} from './format';
import { DAPO_METRICS } from './metrics-dapo';
import { MASA_METRICS } from './metrics-masa';

/** How a metric's value is written. */
export type MetricFormat = 'number' | 'share' | 'count' | 'seconds' | 'tokens-per-second';

export interface Metric {
  /** Its key in `step_metrics.metrics`. */
  name: string;
  /** Short, sentence case. */
  label: string;
  /** Unit of the stored number; empty for a plain number. */
  unit: string;
  /** One sentence. */
  definition: string;
  /** In plain text. */
  formula: string;
  /** Where in the source it is computed, from the top of the repository. */
  source: string;
  format: MetricFormat;
}

const REWARDS: readonly Metric[] = [
  {
    name: 'reward',
    label: 'Reward',
    unit: '',
    definition:
      'The mean reward of the rollouts of the step: with rewards of 0 and 1, the share that was right.',
    formula: 'mean over all rollouts of r',
    source: 'src/rl/step-metrics.ts',
    format: 'number',
  },
  {
    name: 'reward_std',
    label: 'Reward deviation',
    unit: '',
    definition:
      'How much the rollouts of one prompt differ in reward, averaged over the prompts; without any difference a group teaches nothing.',
    formula: 'mean over groups of std(r in the group), the deviation divided by the group’s size',
    source: 'src/rl/step-metrics.ts',
    format: 'number',
  },
  {
    name: 'frac_reward_zero_std',
    label: 'Groups without signal',
    unit: 'share of groups',
    definition:
      'The share of groups whose rollouts all got the same reward: their advantages are zero and they add nothing to the gradient.',
    formula: 'groups with std(r) = 0 / groups',
    source: 'src/rl/step-metrics.ts',
    format: 'share',
  },
];

const POLICY: readonly Metric[] = [
  {
    name: 'entropy',
    label: 'Entropy',
    unit: 'nats',
    definition:
      'How undecided the policy is about the next token, averaged over the tokens it wrote; it falls as the policy grows sure.',
    formula: 'mean over completion tokens of -sum over v of p(v) ln p(v)',
    source: 'shaders/sample.wgsl',
    format: 'number',
  },
  {
    name: 'kl',
    label: 'KL to the base model',
    unit: 'nats',
    definition:
      'How far the policy has moved from the base model, by the k3 estimator on the tokens it wrote; reported when beta is above 0.',
    formula: 'mean over completion tokens of exp(d) − d − 1, d = logp_ref − logp',
    source: 'shaders/token_loss.wgsl',
    format: 'number',
  },
  {
    name: 'loss',
    label: 'Loss',
    unit: '',
    definition:
      'The value of the GRPO objective; with one update per batch and beta 0 it stays near 0 while its gradient does not, because every ratio is exactly 1 and the advantages of a group add up to 0 (exactly 0 for loss_type grpo, where every rollout weighs the same).',
    formula:
      'normalised sum over tokens of −min(ratio A, clip(ratio, 1 − epsilon, 1 + epsilon_high) A) + beta KL',
    source: 'shaders/token_loss.wgsl',
    format: 'number',
  },
  {
    name: 'clip_ratio/low_mean',
    label: 'Clipped below',
    unit: 'share of tokens',
    definition:
      'The share of tokens held back because they had become too unlikely while the advantage was negative.',
    formula: 'tokens with ratio < 1 − epsilon and A < 0 / tokens',
    source: 'shaders/token_loss.wgsl',
    format: 'share',
  },
  {
    name: 'clip_ratio/high_mean',
    label: 'Clipped above',
    unit: 'share of tokens',
    definition:
      'The share of tokens held back because they had become too likely while the advantage was positive.',
    formula: 'tokens with ratio > 1 + epsilon_high and A > 0 / tokens',
    source: 'shaders/token_loss.wgsl',
    format: 'share',
  },
  {
    name: 'clip_ratio/region_mean',
    label: 'Clipped',
    unit: 'share of tokens',
    definition:
      'The share of tokens clipped on either side; always 0 with one update per batch, unless rollouts read other weights (rollout_dtype).',
    formula: 'clip_ratio/low_mean + clip_ratio/high_mean',
    source: 'shaders/token_loss.wgsl',
    format: 'share',
  },
  {
    name: 'sampling/logp_difference_mean',
    label: 'Sampling mismatch, mean',
    unit: 'nats',
    definition:
      'How far the log-probability a token was sampled with lies from that of the training pass over the same weights, on average; it measures rounding alone: of sums, which is tiny, and where rollout_dtype is float16 also that of the weights that rollouts read.',
    formula: 'mean over completion tokens of |logp_decode − logp_train|',
    source: 'src/rl/step-metrics.ts',
    format: 'number',
  },
  {
    name: 'sampling/logp_difference_max',
    label: 'Sampling mismatch, largest',
    unit: 'nats',
    definition:
      'The largest difference between a token’s log-probability when sampled and in the training pass over the same weights, as they are trained.',
    formula: 'max over completion tokens of |logp_decode − logp_train|',
    source: 'src/rl/step-metrics.ts',
    format: 'number',
  },
];

const COMPLETIONS: readonly Metric[] = [
  {
    name: 'completions/mean_length',
    label: 'Mean length',
    unit: 'tokens',
    definition: 'The mean length of the rollouts, their end token included.',
    formula: 'mean over rollouts of T',
    source: 'src/rl/step-metrics.ts',
    format: 'number',
  },
  {
    name: 'completions/min_length',
    label: 'Shortest',
    unit: 'tokens',
    definition: 'The length of the shortest rollout.',
    formula: 'min over rollouts of T',
    source: 'src/rl/step-metrics.ts',
    format: 'count',
  },
  {
    name: 'completions/max_length',
    label: 'Longest',
    unit: 'tokens',
    definition: 'The length of the longest rollout.',
    formula: 'max over rollouts of T',
    source: 'src/rl/step-metrics.ts',
    format: 'count',
  },
  {
    name: 'completions/clipped_ratio',
    label: 'Truncated',
    unit: 'share of rollouts',
    definition: 'The share of rollouts that ran into the length limit before they ended.',
    formula: 'rollouts without an end token / rollouts',
    source: 'src/rl/step-metrics.ts',
    format: 'share',
  },
];

const TRAINING: readonly Metric[] = [
  {
    name: 'grad_norm',
    label: 'Gradient norm',
    unit: '',
    definition:
      'The length of the whole gradient before clipping; above max_grad_norm it is scaled down to that.',
    formula: 'sqrt(sum over all parameters of g^2)',
    source: 'shaders/sum_squares.wgsl',
    format: 'number',
  },
  {
    name: 'learning_rate',
    label: 'Learning rate',
    unit: '',
    definition: 'AdamW’s step size at this step, after warm-up and schedule.',
    formula: 'peak * warm-up * schedule',
    source: 'src/rl/schedule.ts',
    format: 'number',
  },
  {
    name: 'num_tokens',
    label: 'Tokens so far',
    unit: 'tokens',
    definition:
      'The tokens generated for training since the start of the run: solutions, those that dynamic sampling threw away among them, and predictions where the run makes use of them.',
    formula:
      'sum over steps and rollouts of T; meta rollouts too where they are trained on, gate, cut or hint',
    source: 'src/rl/step-metrics.ts',
    format: 'count',
  },
  {
    name: 'num_flops',
    label: 'Operations so far',
    unit: 'FLOP',
    definition:
      'The floating-point operations of training since the start of the run: rollouts, predictions, audit and updates, in matrix products and attention, but for evaluations and predictions that are only watched.',
    formula: 'forward: 2 * weights + attention a token; backward: twice the forward',
    source: 'src/model/cost.ts',
    format: 'count',
  },
  {
    name: 'decode_steps',
    label: 'Decoding steps so far',
    unit: 'steps',
    definition:
      'How many tokens had to be made one after the other since the start of the run: each pass over a batch of rows counts as long as its longest row.',
    formula: 'sum over decoding passes of the longest row generated',
    source: 'src/model/cost.ts',
    format: 'count',
  },
  {
    name: 'step_time',
    label: 'Step time',
    unit: 's',
    definition: 'The time the step took, evaluation and checkpoint left out.',
    formula: 'end − start, by the host’s clock',
    source: 'src/rl/step-metrics.ts',
    format: 'seconds',
  },
  {
    name: 'tokens_per_second',
    label: 'Speed',
    unit: 'tokens/s',
    definition: 'The rollout tokens of the step over the time the step took.',
    formula: 'tokens of the step / step_time',
    source: 'src/rl/step-metrics.ts',
    format: 'tokens-per-second',
  },
];

/** All metrics, in the order in which a list shows them. */
export const METRICS: readonly Metric[] = [
  ...REWARDS,
  ...POLICY,
  ...COMPLETIONS,
  ...TRAINING,
  ...DAPO_METRICS,
  ...MASA_METRICS,
];

const BY_NAME: ReadonlyMap<string, Metric> = new Map(METRICS.map((metric) => [metric.name, metric]));

/** The entry of a metric, or undefined for a name that a newer version may have written. */
export function findMetric(name: string): Metric | undefined {
  return BY_NAME.get(name);
}

const FORMATS: Readonly<Record<MetricFormat, (value: MaybeNumber) => string>> = {
  number: (value) => formatNumber(value),
  share: formatPercent,
  count: formatCount,
  seconds: (value) => formatDuration(value === null || value === undefined ? value : value * 1000),
  'tokens-per-second': (value) => formatRate(value, 'tokens'),
};

/** A metric's value as text, its unit only where the form itself has one (%, s, tokens/s). Unknown names are plain numbers. */
export function formatMetric(name: string, value: MaybeNumber): string {
  return FORMATS[findMetric(name)?.format ?? 'number'](value);
}
