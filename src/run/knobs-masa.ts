/**
 * The manifest's knobs of MASA: predictions, their rewards, and what they are used for (gate, cutoff, hints, audit).
 * With `masa_meta` and `masa_gate` off, the defaults, a run is plain GRPO and none of the others has an effect.
 *
 * Part of `manifest.ts`. Source of the parts: arXiv 2510.03259; what is this lab's own is named as such in the help.
 */
import { z } from 'zod';
import { integer, knob, real } from './knob';

export const MASA_KNOBS = {
  masa_meta: knob(z.enum(['off', 'observe', 'train']).default('off'), {
    section: 'masa',
    label: 'Predict its own rollouts',
    help: 'Ask the policy for the length, pass rate and notions of its own solutions. observe: only compare the predictions with what happens; train: also reward the right ones and train on them.',
  }),
  masa_num_generations: knob(integer(0, 64, 8), {
    section: 'masa',
    label: 'Predictions per prompt',
    help: 'Meta rollouts of each prompt. One alone has no group to be compared with, and agrees with itself before the gate. 0: nothing is sampled; what the policy expects is read off its probabilities.',
    step: 1,
    advanced: true,
  }),
  masa_loss_weight: knob(real(0, 10, 0.2), {
    section: 'masa',
    label: 'Meta loss weight',
    help: 'Weight of the loss on the predictions beside the loss on the solutions, each normalised over its own tokens. Needs predictions that are trained.',
    step: 0.05,
    advanced: true,
  }),
  masa_length_reward: knob(z.enum(['closed', 'strict']).default('closed'), {
    section: 'masa',
    label: 'Length reward',
    help: 'strict: the paper’s open interval between the shortest and the longest correct rollout, never met once all have one length. closed: the predicted range touches the closed interval.',
    advanced: true,
  }),
  masa_length_tolerance: knob(integer(0, 256, 0), {
    section: 'masa',
    label: 'Length tolerance',
    help: 'Tokens by which the closed interval is widened at both ends.',
    step: 1,
    advanced: true,
  }),
  masa_pass_reward: knob(z.enum(['paper', 'brier']).default('paper'), {
    section: 'masa',
    label: 'Pass-rate reward',
    help: 'paper: 0.01 to the power of the error, which rewards a guess of the likeliest value. brier: 1 less the squared error, largest on average for the true pass rate.',
    advanced: true,
  }),
  masa_notion_comparison: knob(z.enum(['counts', 'rates']).default('counts'), {
    section: 'masa',
    label: 'Notions are compared by',
    help: 'A notion holds when more correct than incorrect rollouts use it. counts compares their numbers, rates their shares among the correct and among the incorrect.',
    advanced: true,
  }),

  masa_gate: knob(z.boolean().default(false), {
    section: 'masa',
    label: 'Gate',
    help: 'Give no rollouts to prompts predicted to be all right or all wrong: such groups teach nothing.',
  }),
  masa_gate_rule: knob(z.enum(['paper', 'calibrated', 'classifier']).default('paper'), {
    section: 'masa',
    label: 'Gate rule',
    help: 'paper: the mean predicted pass rate is outside of the band and the predictions agree. calibrated: the expected pass rate, turned into a probability learned online, is above the threshold. classifier: a small classifier that sees the prompt alone, as a control; it needs no predictions.',
    advanced: true,
  }),
  masa_gate_low: knob(real(0, 1, 0.1), {
    section: 'masa',
    label: 'Gate: unsolvable below',
    help: 'Rule paper: a mean predicted pass rate below it counts as unsolvable.',
    step: 0.05,
    advanced: true,
  }),
  masa_gate_high: knob(real(0, 1, 0.9), {
    section: 'masa',
    label: 'Gate: trivial above',
    help: 'Rule paper: a mean predicted pass rate above it counts as trivial.',
    step: 0.05,
    advanced: true,
  }),
  masa_gate_spread: knob(real(0, 0.5, 0.3), {
    section: 'masa',
    label: 'Gate: predictions agree below',
    help: 'Rule paper: the predictions of a prompt agree when their standard deviation is below it.',
    step: 0.05,
    advanced: true,
  }),
  masa_gate_threshold: knob(real(0, 1, 0.65), {
    section: 'masa',
    label: 'Gate: threshold',
    help: 'Rules calibrated and classifier: a prompt is gated when the probability that its group has no variance is above this.',
    step: 0.05,
    advanced: true,
  }),
  masa_gate_min_prompts: knob(integer(1, 1024, 5), {
    section: 'masa',
    label: 'Gate: prompts kept at least',
    help: 'When the gate leaves fewer prompts than this, it opens for those least likely to have no variance, and says so.',
    step: 1,
    advanced: true,
  }),
  masa_gate_exploration: knob(real(0, 1, 0), {
    section: 'masa',
    label: 'Gate: explored share',
    help: 'Share of the closed prompts that are opened by chance and trained on like any other.',
    step: 0.05,
    advanced: true,
  }),
  masa_gate_replace: knob(z.boolean().default(false), {
    section: 'masa',
    label: 'Gate: draw replacements',
    help: 'Draw other prompts for those that were gated, until the step has all its prompts or the rounds are spent.',
    advanced: true,
  }),
  masa_gate_tries: knob(integer(0, 16, 3), {
    section: 'masa',
    label: 'Gate: rounds of replacements',
    help: 'Most rounds of replacements in a step; each asks for predictions of as many new prompts as are missing.',
    step: 1,
    advanced: true,
  }),

  masa_cutoff: knob(z.boolean().default(false), {
    section: 'masa',
    label: 'Cutoff',
    help: 'Stop a rollout, while it is being generated, once it has grown past a multiple of the length predicted for its prompt.',
  }),
  masa_cutoff_multiple: knob(real(0.1, 20, 2), {
    section: 'masa',
    label: 'Cutoff: multiple',
    help: 'Times the predicted length.',
    step: 0.1,
    advanced: true,
  }),
  masa_cutoff_statistic: knob(z.enum(['median', 'mean']).default('median'), {
    section: 'masa',
    label: 'Cutoff: predicted length',
    help: 'How the predicted lengths of a prompt become one.',
    advanced: true,
  }),
  masa_cutoff_minimum: knob(integer(1, 4096, 8), {
    section: 'masa',
    label: 'Cutoff: never below',
    help: 'No rollout is cut before it has this many tokens.',
    step: 1,
    advanced: true,
  }),
  masa_cutoff_score: knob(z.enum(['zero', 'mask']).default('zero'), {
    section: 'masa',
    label: 'Cutoff: a cut rollout is',
    help: 'zero: wrong, and trained on as such. mask: unknown, and left out of loss, advantages and of what predictions are compared with.',
    advanced: true,
  }),

  masa_hint_share: knob(real(0, 1, 0), {
    section: 'masa',
    label: 'Hinted share',
    help: 'Share of the rollouts that get the notions of one of their prompt’s predictions as a hint. Held-out problems never get one.',
    step: 0.05,
  }),
  masa_audit_share: knob(real(0, 1, 0.0625), {
    section: 'masa',
    label: 'Audited share',
    help: 'Share of the gated prompts and of the cut rollouts that is generated all the same, outside of the loss and counted apart, to measure what gate and cutoff lose.',
    step: 0.0625,
    advanced: true,
  }),
};

type MasaSettings = z.output<z.ZodObject<typeof MASA_KNOBS>>;

/**
 * What the knobs of MASA cannot be among themselves. Each entry names the switch that asks for what is not there: it
 * is off by default, so that it was set by whoever is told.
 */
export function masaIssues(
  m: MasaSettings & { prompts_per_step: number },
): { key: keyof MasaSettings; message: string }[] {
  const issues: { key: keyof MasaSettings; message: string }[] = [];
  const expected = (key: keyof MasaSettings, what: string, got: string | number) =>
    issues.push({ key, message: `expected ${what}, got ${got}` });
  if (m.masa_meta === 'off') {
    const wanted = 'masa_meta to be observe or train';
    if (m.masa_gate && m.masa_gate_rule !== 'classifier')
      expected('masa_gate', `${wanted} (or masa_gate_rule to be classifier)`, 'off');
    if (m.masa_cutoff) expected('masa_cutoff', wanted, 'off');
    if (m.masa_hint_share > 0) expected('masa_hint_share', wanted, 'off');
  } else if (m.masa_num_generations === 0) {
    // What needs a sampled prediction rather than a probability.
    const wanted = 'masa_num_generations of at least 1';
    if (m.masa_meta === 'train') expected('masa_meta', wanted, 0);
    if (m.masa_gate && m.masa_gate_rule === 'paper')
      expected('masa_gate', `${wanted} (or masa_gate_rule to be calibrated)`, 0);
    if (m.masa_hint_share > 0) expected('masa_hint_share', wanted, 0);
  }
  if (m.masa_gate && m.masa_gate_min_prompts > m.prompts_per_step)
    expected(
      'masa_gate',
      `masa_gate_min_prompts to be at most prompts_per_step (${m.prompts_per_step})`,
      m.masa_gate_min_prompts,
    );
  if (m.masa_gate && m.masa_gate_low >= m.masa_gate_high)
    expected('masa_gate', `masa_gate_low to be below masa_gate_high (${m.masa_gate_high})`, m.masa_gate_low);
  return issues;
}
