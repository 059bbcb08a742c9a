/**
 * The manifest's knobs of GRPO itself: how rollouts are sampled, and the loss that is made of them. What other methods
 * add has files of its own (`knobs-*.ts`). Part of `manifest.ts`. Names are those of TRL's `GRPOConfig`, but for
 * `prompts_per_step` and for `rollout_dtype`, which is verl's `rollout.dtype`.
 */
import { z } from 'zod';
import { integer, knob, real } from './knob';

export const GRPO_KNOBS = {
  prompts_per_step: knob(integer(1, 1024, 16), {
    section: 'rollouts',
    label: 'Prompts per step',
    help: 'How many different problems are rolled out in one step. More prompts give a steadier gradient and cost proportionally more tokens.',
    step: 1,
  }),
  num_generations: knob(integer(2, 256, 16), {
    section: 'rollouts',
    label: 'Rollouts per prompt',
    help: 'The size of a group. GRPO compares the rollouts of one prompt with each other, so it needs at least two.',
    step: 1,
  }),
  max_completion_length: knob(integer(1, 4096, 80), {
    section: 'rollouts',
    label: 'Longest rollout',
    help: 'A rollout that has not ended after this many tokens is truncated and scored as it stands.',
    step: 1,
  }),
  temperature: knob(real(0.05, 5, 1), {
    section: 'rollouts',
    label: 'Temperature',
    help: 'Divides the logits before sampling. 1 samples from the policy itself; the gradient assumes the same temperature.',
    step: 0.05,
  }),
  top_k: knob(integer(0, 100000, 0), {
    section: 'rollouts',
    label: 'Top-k',
    help: 'Sample only from the k likeliest tokens; 0 switches it off.',
    step: 1,
    advanced: true,
  }),
  top_p: knob(real(0.01, 1, 1), {
    section: 'rollouts',
    label: 'Top-p',
    help: 'Sample only from the smallest set of tokens whose probabilities add up to p; 1 switches it off.',
    step: 0.01,
    advanced: true,
  }),
  rollout_dtype: knob(z.enum(['float32', 'float16']).default('float32'), {
    section: 'rollouts',
    label: 'Weights of rollouts',
    help: 'What the policy’s matrices are stored as where rollouts, predictions and evaluations read them. float16: a copy in half the bytes, remade after every update; sums stay single precision, and so does training. Rollouts are then of a policy that differs from the trained one by the rounding, which the ratio takes into account.',
    advanced: true,
  }),

  loss_type: knob(z.enum(['grpo', 'bnpo', 'dr_grpo', 'dapo']).default('dapo'), {
    section: 'method',
    label: 'Loss normalisation',
    help: 'grpo: mean over a rollout, then over rollouts. bnpo and dapo: mean over the tokens of the batch; the same here, as a step is one batch. dr_grpo: sum over a constant length.',
  }),
  scale_rewards: knob(z.enum(['group', 'batch', 'none']).default('group'), {
    section: 'method',
    label: 'Scale rewards',
    help: 'What the centred rewards are divided by: the deviation inside the group, that of the batch, or nothing (Dr. GRPO).',
  }),
  importance_sampling_level: knob(z.enum(['token', 'sequence']).default('token'), {
    section: 'method',
    label: 'Importance sampling level',
    help: 'Whether the ratio of new to old probability is taken for each token, or once for the whole rollout (GSPO).',
    advanced: true,
  }),
  num_iterations: knob(integer(1, 16, 1), {
    section: 'method',
    label: 'Updates per batch',
    help: 'How often one batch of rollouts is trained on. At 1 the ratio is exactly 1 and nothing is ever clipped, unless rollout_dtype is float16.',
    step: 1,
  }),
  epsilon: knob(real(0, 1, 0.2), {
    section: 'method',
    label: 'Clip below (epsilon)',
    help: 'The ratio is clipped at 1 − epsilon when that lowers the gain.',
    step: 0.01,
  }),
  epsilon_high: knob(real(0, 10, 0.28), {
    section: 'method',
    label: 'Clip above (epsilon_high)',
    help: 'The ratio is clipped at 1 + epsilon_high. Larger than epsilon it is DAPO’s clip-higher.',
    step: 0.01,
  }),
  beta: knob(real(0, 10, 0), {
    section: 'method',
    label: 'KL weight (beta)',
    help: 'Weight of the KL penalty (k3 estimator) towards the base model. Above 0 the base model is kept in memory beside the policy.',
    step: 0.01,
  }),
  mask_truncated_completions: knob(z.boolean().default(false), {
    section: 'method',
    label: 'Mask truncated rollouts',
    help: 'Leave rollouts that ran into the length limit out of the loss. Those that MASA cut short go by its own setting.',
    advanced: true,
  }),
};
