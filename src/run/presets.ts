/** Named starting points. A preset is a manifest's difference from the defaults, with a sentence on what it shows. */
import { type Manifest, type ManifestInput, parseManifest } from './manifest';

export interface Preset {
  name: string;
  label: string;
  /** One sentence for the menu. */
  summary: string;
  settings: ManifestInput;
}

const LONG_TAIL = {
  task: 'long-tail',
  model: 'long-tail-base',
  num_generations: 8,
  max_completion_length: 88,
} satisfies ManifestInput;

/** Nothing is sampled of the predictions: the gate reads the probabilities of the pass counts. */
const ADAPTER = {
  masa_meta: 'observe',
  masa_num_generations: 0,
  meta_adapter: 'lora',
  masa_gate: true,
  masa_gate_rule: 'calibrated',
  masa_audit_share: 0.1,
  eval_samples: 4,
  steps: 300,
} satisfies ManifestInput;

/** What a page without any settings in its address starts with. */
export const VISITOR_PRESET = 'first-look';

export const PRESETS: readonly Preset[] = [
  {
    name: 'grpo',
    label: 'GRPO',
    summary: 'The settings measured to work: 16 prompts of 16 rollouts, token-mean loss, clip-higher.',
    settings: {},
  },
  {
    // Of four ways to run MASA with gate and cutoff on the ladder the one whose predictions turn soonest. Held-out r of
    // seeds 0, 1 and 3: -.03 to .09 at the start, .76 to .85 after 10 steps, .92 to .95 after 40, with accuracy from
    // 41% to 65-69%; seed 2 with twice the audit reached .67 and 56%. Sampled and rewarded predictions were at .24 to
    // .43 after 40 steps (seed 1).
    name: VISITOR_PRESET,
    label: 'First look',
    summary:
      'Self-knowledge within ten steps: predictions through an adapter of their own, and by them the gate and the cutoff.',
    settings: {
      ...ADAPTER,
      masa_audit_share: 0.125,
      masa_cutoff: true,
      eval_problems: 64,
      steps: 60,
    },
  },
  {
    name: 'quick',
    label: 'Quick look',
    summary:
      'A smaller batch for a slow adapter: 8 prompts of 8 rollouts; noisier, but each step is four times cheaper.',
    settings: { prompts_per_step: 8, num_generations: 8, eval_problems: 64, steps: 60 },
  },
  {
    name: 'dr-grpo',
    label: 'Dr. GRPO',
    summary: 'No division by the group’s deviation, and a constant length in the loss (arXiv 2503.20783).',
    settings: { loss_type: 'dr_grpo', scale_rewards: 'none' },
  },
  {
    name: 'dapo',
    label: 'DAPO',
    summary:
      'Clip-higher and token-mean loss, with prompts drawn until every group has signal, and less reward for the last fifth of the room (arXiv 2503.14476).',
    settings: { dynamic_sampling: true, overlong_buffer: 16 },
  },
  {
    name: 'masa',
    label: 'MASA',
    summary:
      'GRPO that also learns to predict its own rollouts: 8 predictions a prompt, weight 0.2 (arXiv 2510.03259).',
    settings: { masa_meta: 'train', eval_samples: 4 },
  },
  {
    name: 'masa-efficient',
    label: 'MASA, efficient',
    summary:
      'The predictions save work: experts are cloned, the paper’s gate goes by band and agreement, and rollouts are cut at twice the predicted length.',
    settings: {
      masa_meta: 'train',
      masa_num_generations: 4,
      masa_loss_weight: 0.1,
      masa_experts: true,
      masa_gate: true,
      masa_cutoff: true,
      eval_samples: 4,
    },
  },
  {
    name: 'grpo-observed',
    label: 'GRPO, watched',
    summary:
      'Plain GRPO, bit for bit, with its predictions measured beside it and never trained on: what MASA is compared with.',
    settings: { masa_meta: 'observe', eval_samples: 4 },
  },
  {
    // A step of `masa` writes about 13.8% more tokens than one of `grpo` for its 8 predictions a prompt: 2 of 16
    // rollouts more are 12.5%. Rollouts rather than prompts, so that both arms see the same problems at each step.
    name: 'grpo-equal-tokens',
    label: 'GRPO, tokens of MASA',
    summary:
      'GRPO with 18 rollouts a prompt: what the predictions of MASA cost in tokens, spent on solutions instead.',
    settings: { num_generations: 18, eval_samples: 4 },
  },
  {
    name: 'masa-no-cutoff',
    label: 'MASA, efficient, no cutoff',
    summary: 'The efficient run without its cutoff: a control that shows what cutting adds or costs.',
    settings: {
      masa_meta: 'train',
      masa_num_generations: 4,
      masa_loss_weight: 0.1,
      masa_experts: true,
      masa_gate: true,
      eval_samples: 4,
    },
  },
  {
    name: 'gate-untrained',
    label: 'Gate, no meta training',
    summary:
      'The calibrated gate on predictions that are never trained: a control for what training them adds.',
    settings: {
      masa_meta: 'observe',
      masa_num_generations: 4,
      masa_gate: true,
      masa_gate_rule: 'calibrated',
      eval_samples: 4,
    },
  },
  {
    name: 'gate-only',
    label: 'Gate by a classifier',
    summary: 'A gate that sees the prompt alone, outside of the policy: a control for self-knowledge.',
    settings: { masa_gate: true, masa_gate_rule: 'classifier', masa_audit_share: 0.1 },
  },
  {
    name: 'half-prompts',
    label: 'GRPO, half the prompts',
    summary: 'GRPO with 8 prompts a step: the control for any arm that saves by training on fewer.',
    settings: { prompts_per_step: 8 },
  },
  {
    name: 'long-tail',
    label: 'GRPO, long tail',
    summary:
      'The second task mix, where most groups have no variance and wrong rollouts run long: 16 prompts of 8 rollouts, 210 steps.',
    settings: { ...LONG_TAIL, steps: 210 },
  },
  {
    name: 'masa-adapter',
    label: 'MASA, adapter',
    summary:
      'The long tail with self-knowledge in an adapter of its own, which learns from outcomes already paid for and closes the calibrated gate; solving never sees it.',
    settings: { ...LONG_TAIL, ...ADAPTER },
  },
  {
    name: 'masa-adapter-refill',
    label: 'MASA, adapter, refilled',
    summary:
      'The same with other prompts drawn for the gated ones, so that each step is full and the saving is one of steps and time.',
    settings: { ...LONG_TAIL, ...ADAPTER, steps: 210, masa_gate_replace: true },
  },
];

/** @throws Error naming the presets there are, when `name` is none of them. */
export function presetManifest(name: string): Manifest {
  const preset = PRESETS.find((p) => p.name === name);
  if (!preset)
    throw new Error(`preset: expected one of ${PRESETS.map((p) => p.name).join(', ')}, got "${name}"`);
  return parseManifest(preset.settings);
}
