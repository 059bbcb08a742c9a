/**
 * The manifest's knobs of an update: learning rate, AdamW, and the memory that a gradient may take. Nothing of a method
 * is in here. Part of `manifest.ts`.
 */
import { z } from 'zod';
import { integer, knob, real } from './knob';

export const TRAINING_KNOBS = {
  learning_rate: knob(z.number().positive().max(1).default(2e-4), {
    section: 'training',
    label: 'Learning rate',
    help: 'AdamW’s step size. On this task 2e-4 learns steadily and 1e-3 collapses after about a hundred steps.',
    step: 'log',
  }),
  lr_scheduler_type: knob(z.enum(['constant', 'linear', 'cosine']).default('constant'), {
    section: 'training',
    label: 'Schedule',
    help: 'How the learning rate goes from its peak to the end of the run.',
    advanced: true,
  }),
  warmup_steps: knob(integer(0, 100000, 0), {
    section: 'training',
    label: 'Warm-up steps',
    help: 'The learning rate rises linearly over this many steps.',
    step: 1,
    advanced: true,
  }),
  adam_beta1: knob(real(0, 0.9999, 0.9), {
    section: 'training',
    label: 'Adam beta 1',
    help: 'Decay of the running mean of the gradient.',
    step: 0.01,
    advanced: true,
  }),
  adam_beta2: knob(real(0, 0.99999, 0.99), {
    section: 'training',
    label: 'Adam beta 2',
    help: 'Decay of the running mean of the squared gradient.',
    step: 0.001,
    advanced: true,
  }),
  adam_epsilon: knob(z.number().positive().max(1).default(1e-8), {
    section: 'training',
    label: 'Adam epsilon',
    help: 'Added to the denominator of the update.',
    step: 'log',
    advanced: true,
  }),
  weight_decay: knob(real(0, 1, 0), {
    section: 'training',
    label: 'Weight decay',
    help: 'Decoupled decay of the matrices; norm weights are never decayed.',
    step: 0.01,
    advanced: true,
  }),
  max_grad_norm: knob(z.number().positive().max(1e6).default(1), {
    section: 'training',
    label: 'Gradient clip',
    help: 'The gradient is scaled down when its global norm is larger than this.',
    step: 0.1,
  }),
  micro_batch_tokens: knob(integer(16, 1_048_576, 4096), {
    section: 'training',
    label: 'Tokens per micro-batch',
    help: 'Rows are packed to about this many tokens for one forward and backward pass; gradients add up over the passes. Lower it when memory is short: the result is the same but for rounding.',
    step: 256,
    advanced: true,
  }),
  gradient_checkpointing: knob(z.enum(['off', 'mlp', 'block']).default('off'), {
    section: 'training',
    label: 'Gradient checkpointing',
    help: 'What a micro-batch’s forward pass drops, to be made again in the backward pass. off: nothing. mlp: the gate and up projections of every block. block: all of a block but its input. It saves memory and takes time; the result is the same, bit for bit.',
    advanced: true,
  }),
};

/** What these knobs cannot be beside others. */
export const trainingIssues = ({
  warmup_steps,
  steps,
}: {
  warmup_steps: number;
  steps: number;
}): { key: string; message: string }[] =>
  warmup_steps >= steps && warmup_steps > 0
    ? [{ key: 'warmup_steps', message: `expected fewer than steps (${steps}), got ${warmup_steps}` }]
    : [];
