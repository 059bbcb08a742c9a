/** The metrics of dynamic sampling and overlong shaping. Part of `metrics.ts`, which says what an entry holds. */
import type { Metric } from './metrics';

export const DAPO_METRICS: readonly Metric[] = [
  {
    name: 'sampling/rounds',
    label: 'Rounds of rollouts',
    unit: 'rounds',
    definition:
      'How often dynamic sampling rolled out prompts before the step was full or its rounds were spent.',
    formula: 'rounds of the step, the first among them',
    source: 'src/rl/sampling-plan.ts',
    format: 'count',
  },
  {
    name: 'sampling/discarded',
    label: 'Groups thrown away',
    unit: 'groups',
    definition: 'The groups that dynamic sampling generated and did not train on.',
    formula: 'groups rolled out − groups trained on',
    source: 'src/rl/sampling-plan.ts',
    format: 'count',
  },
  {
    name: 'sampling/discarded_tokens',
    label: 'Tokens thrown away',
    unit: 'tokens',
    definition:
      'The tokens of the groups that dynamic sampling threw away in this step; num_tokens has them too.',
    formula: 'sum over rollouts of discarded groups of T',
    source: 'src/rl/step/dynamic-sampling.ts',
    format: 'count',
  },
  {
    name: 'sampling/frac_reward_zero_std',
    label: 'Generated without signal',
    unit: 'share of groups',
    definition:
      'The share of all groups generated, thrown away or not, whose rollouts all got the same reward: what frac_reward_zero_std is without dynamic sampling.',
    formula: 'groups with std(r) = 0 / groups rolled out',
    source: 'src/rl/step/dynamic-sampling.ts',
    format: 'share',
  },
  {
    name: 'overlong/mean',
    label: 'Overlong shaping',
    unit: '',
    definition:
      'What rollouts lose on average for running into the end of their room, in advantages alone and not in reward.',
    formula: 'mean over rollouts of -penalty * clamp((T - (longest - buffer)) / buffer, 0, 1)',
    source: 'src/rl/overlong.ts',
    format: 'number',
  },
  {
    name: 'overlong/ratio',
    label: 'Overlong rollouts',
    unit: 'share of rollouts',
    definition: 'The share of rollouts that lose reward for their length.',
    formula: 'rollouts with shaping below 0 / rollouts',
    source: 'src/rl/overlong.ts',
    format: 'share',
  },
];
