/**
 * The manifest's knobs of what DAPO adds to GRPO beside its loss and its clipping: dynamic sampling and overlong
 * reward shaping. Off, the defaults, they have no effect. Part of `manifest.ts`. Source: arXiv 2503.14476.
 */
import { z } from 'zod';
import { integer, knob, real } from './knob';

export const DAPO_KNOBS = {
  dynamic_sampling: knob(z.boolean().default(false), {
    section: 'method',
    label: 'Dynamic sampling',
    help: 'Throw groups away whose rollouts are all right or all wrong, and roll out other prompts in their place, until the step is full (DAPO). What is thrown away counts in the tokens generated.',
  }),
  dynamic_sampling_rounds: knob(integer(1, 64, 10), {
    section: 'method',
    label: 'Dynamic sampling: rounds',
    help: 'Most rounds of rollouts in a step, the first among them; each further one rolls out as many prompts as are missing. When they are spent the step goes on with what it has.',
    step: 1,
    advanced: true,
  }),
  overlong_buffer: knob(integer(0, 4096, 0), {
    section: 'method',
    label: 'Overlong buffer',
    help: 'The last tokens before the longest rollout, in which a rollout loses more reward the longer it gets (DAPO). It is added for the advantages alone: right and wrong are the verifier’s. 0 switches it off.',
    step: 1,
  }),
  overlong_penalty: knob(real(0, 10, 1), {
    section: 'method',
    label: 'Overlong penalty',
    help: 'What a rollout of the greatest length loses.',
    step: 0.1,
    advanced: true,
  }),
};

type DapoSettings = z.output<z.ZodObject<typeof DAPO_KNOBS>>;

/** What these knobs cannot be beside others. Each entry names a knob that is off by default. */
export function dapoIssues(
  m: DapoSettings & {
    max_completion_length: number;
    masa_gate: boolean;
    masa_cutoff: boolean;
    masa_hint_share: number;
  },
): { key: keyof DapoSettings; message: string }[] {
  const issues: { key: keyof DapoSettings; message: string }[] = [];
  if (m.overlong_buffer > m.max_completion_length)
    issues.push({
      key: 'overlong_buffer',
      message: `expected at most max_completion_length (${m.max_completion_length}), got ${m.overlong_buffer}`,
    });
  if (!m.dynamic_sampling) return issues;
  const refuse = (what: string, why: string) =>
    issues.push({ key: 'dynamic_sampling', message: `expected false with ${what}, since ${why}, got true` });
  if (m.masa_gate)
    refuse('masa_gate', 'one chooses prompts before their rollouts and the other after, by the same measure');
  // Predictions are asked for the first batch alone, so that they are measured on prompts nobody chose.
  const unasked = 'the prompts drawn in place of others are not asked for predictions';
  if (m.masa_cutoff) refuse('masa_cutoff', unasked);
  if (m.masa_hint_share > 0) refuse('masa_hint_share above 0', unasked);
  return issues;
}
