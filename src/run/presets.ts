/** Named starting points. A preset is a manifest's difference from the defaults, with a sentence on what it shows. */
import { type Manifest, type ManifestInput, parseManifest } from './manifest';

export interface Preset {
  name: string;
  label: string;
  /** One sentence for the menu. */
  summary: string;
  settings: ManifestInput;
}

export const PRESETS: readonly Preset[] = [
  {
    name: 'grpo',
    label: 'GRPO',
    summary: 'The settings measured to work: 16 prompts of 16 rollouts, token-mean loss, clip-higher.',
    settings: {},
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
];

/** @throws Error naming the presets there are, when `name` is none of them. */
export function presetManifest(name: string): Manifest {
  const preset = PRESETS.find((p) => p.name === name);
  if (!preset)
    throw new Error(`preset: expected one of ${PRESETS.map((p) => p.name).join(', ')}, got "${name}"`);
  return parseManifest(preset.settings);
}
