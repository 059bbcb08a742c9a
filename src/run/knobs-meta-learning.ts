/**
 * The manifest's knobs of how the meta side learns beyond its reward: expert trajectories, cloned into the shared
 * weights, and an adapter of its own, which learns from outcomes already paid for. Both are off by default.
 *
 * Part of `manifest.ts`. Experts are MASA's (arXiv 2510.03259, section 3.3); their trigger by the Brier score, the KL
 * anchor, the choice of blocks and the adapter are this lab's.
 */
import { z } from 'zod';
import { integer, knob, real } from './knob';

export const META_LEARNING_KNOBS = {
  masa_experts: knob(z.boolean().default(false), {
    section: 'masa',
    label: 'Expert trajectories',
    help: 'Collect the predictions with the best notions, rewrite their length and pass rate to the truth, and clone them now and then by a supervised update.',
  }),
  masa_expert_min_notion: knob(real(0, 1, 0.2), {
    section: 'masa',
    label: 'Experts: least notion score',
    help: 'A prediction whose notions score less is no expert.',
    step: 0.05,
    advanced: true,
  }),
  masa_expert_per_prompt: knob(integer(1, 64, 3), {
    section: 'masa',
    label: 'Experts: per prompt',
    help: 'At most so many different experts of one prompt. The paper takes one.',
    step: 1,
    advanced: true,
  }),
  masa_expert_buffer: knob(integer(1, 100_000, 320), {
    section: 'masa',
    label: 'Experts: kept',
    help: 'How many experts are kept to draw from; the oldest go first.',
    step: 16,
    advanced: true,
  }),
  masa_expert_batch: knob(integer(1, 4096, 48), {
    section: 'masa',
    label: 'Experts: per update',
    help: 'Experts in the minibatch of one supervised update.',
    step: 8,
    advanced: true,
  }),
  masa_expert_learning_rate: knob(z.number().positive().max(1).default(3e-4), {
    section: 'masa',
    label: 'Experts: learning rate',
    help: 'AdamW’s step size of the supervised update, which has moments of its own. Large ones cost solving accuracy.',
    step: 'log',
    advanced: true,
  }),
  masa_expert_from: knob(integer(0, 1_000_000, 12), {
    section: 'masa',
    label: 'Experts: from step',
    help: 'The first step that may clone; collecting begins at once.',
    step: 1,
    advanced: true,
  }),
  masa_expert_burst: knob(integer(0, 10_000, 30), {
    section: 'masa',
    label: 'Experts: burst',
    help: 'Updates at that first step; 0 for none.',
    step: 1,
    advanced: true,
  }),
  masa_expert_trigger: knob(z.enum(['steps', 'brier']).default('steps'), {
    section: 'masa',
    label: 'Experts: after the burst',
    help: 'steps: every so many steps. brier: when the Brier score of the gate’s probabilities rises over its lowest since the last update.',
    advanced: true,
  }),
  masa_expert_every: knob(integer(1, 100_000, 4), {
    section: 'masa',
    label: 'Experts: every',
    help: 'Steps between updates; trigger steps.',
    step: 1,
    advanced: true,
  }),
  masa_expert_updates: knob(integer(1, 10_000, 2), {
    section: 'masa',
    label: 'Experts: updates at a time',
    help: 'Minibatches at each of these steps.',
    step: 1,
    advanced: true,
  }),
  masa_expert_brier_rise: knob(real(0, 1, 0.02), {
    section: 'masa',
    label: 'Experts: rise that triggers',
    help: 'Trigger brier: how far the smoothed score has to rise.',
    step: 0.01,
    advanced: true,
  }),
  masa_expert_brier_smoothing: knob(real(0, 0.99, 0.8), {
    section: 'masa',
    label: 'Experts: smoothing',
    help: 'Trigger brier: weight of the past in the smoothed score.',
    step: 0.05,
    advanced: true,
  }),
  masa_expert_kl: knob(real(0, 100, 0), {
    section: 'masa',
    label: 'Experts: KL anchor',
    help: 'Weight of a KL term that holds the step’s solution rollouts to the policy before the cloning; 0 switches it off.',
    step: 0.1,
    advanced: true,
  }),
  masa_expert_blocks: knob(z.enum(['all', 'last']).default('all'), {
    section: 'masa',
    label: 'Experts: may touch',
    help: 'all: every weight. last: only the last block’s, so that what solving rests on stays as it is.',
    advanced: true,
  }),

  meta_adapter: knob(z.enum(['none', 'lora']).default('none'), {
    section: 'masa',
    label: 'Meta adapter',
    help: 'lora: predictions are made through an adapter that is active on meta prompts alone, and only the adapter learns from them. Solving never sees it.',
  }),
  meta_adapter_rank: knob(integer(1, 1024, 8), {
    section: 'masa',
    label: 'Adapter: rank',
    help: 'Rank of the update of each adapted matrix.',
    step: 1,
    advanced: true,
  }),
  meta_adapter_targets: knob(z.enum(['attention', 'mlp', 'all']).default('all'), {
    section: 'masa',
    label: 'Adapter: targets',
    help: 'Which matrices of every block are adapted: attention (q, k, v, o), mlp (gate, up, down) or all; the norms’ offsets always are.',
    advanced: true,
  }),
  meta_adapter_learning_rate: knob(z.number().positive().max(1).default(8e-3), {
    section: 'masa',
    label: 'Adapter: learning rate',
    help: 'AdamW’s step size of the adapter.',
    step: 'log',
    advanced: true,
  }),
  meta_adapter_from: knob(integer(0, 1_000_000, 7), {
    section: 'masa',
    label: 'Adapter: from step',
    help: 'The first step, counted from 0, after which it learns from outcomes; they are collected from the start.',
    step: 1,
    advanced: true,
  }),
  meta_adapter_burst: knob(integer(0, 10_000, 48), {
    section: 'masa',
    label: 'Adapter: burst',
    help: 'Updates at that first step; 0 for none.',
    step: 1,
    advanced: true,
  }),
  meta_adapter_updates: knob(integer(0, 10_000, 1), {
    section: 'masa',
    label: 'Adapter: updates a step',
    help: 'Updates at each step after it. 0 leaves the adapter to its rewards alone.',
    step: 1,
    advanced: true,
  }),
  meta_adapter_batch: knob(integer(1, 4096, 48), {
    section: 'masa',
    label: 'Adapter: outcomes per update',
    help: 'Prompts in the minibatch of one update. Fewer make the adapter cheaper.',
    step: 8,
    advanced: true,
  }),
  meta_adapter_buffer: knob(integer(1, 100_000, 256), {
    section: 'masa',
    label: 'Adapter: outcomes kept',
    help: 'How many outcomes are kept to draw from; the oldest, which tell of an older policy, go first.',
    step: 16,
    advanced: true,
  }),
};

type MetaLearningSettings = z.output<z.ZodObject<typeof META_LEARNING_KNOBS>>;

/** What these knobs cannot be beside the others. Each entry names the switch that asks for what is not there. */
export function metaLearningIssues(
  m: MetaLearningSettings & {
    masa_meta: 'off' | 'observe' | 'train';
    masa_num_generations: number;
    masa_gate: boolean;
  },
): { key: keyof MetaLearningSettings; message: string }[] {
  const issues: { key: keyof MetaLearningSettings; message: string }[] = [];
  const expected = (key: keyof MetaLearningSettings, what: string, got: string | number) =>
    issues.push({ key, message: `expected ${what}, got ${got}` });
  if (m.masa_experts) {
    if (m.masa_meta !== 'train') expected('masa_experts', 'masa_meta to be train', m.masa_meta);
    if (m.meta_adapter !== 'none')
      expected(
        'masa_experts',
        'meta_adapter to be none: an adapter learns from outcomes instead',
        m.meta_adapter,
      );
    if (m.masa_expert_trigger === 'brier' && !m.masa_gate)
      expected('masa_expert_trigger', 'masa_gate to be on, whose probabilities have the Brier score', 'off');
  }
  if (m.meta_adapter !== 'none' && m.masa_meta === 'off')
    expected('meta_adapter', 'masa_meta to be observe or train', 'off');
  return issues;
}
