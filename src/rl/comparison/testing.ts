/**
 * Small made-up runs for the tests of comparisons, told as the events that a run writes and read by the collector.
 * No figure in them was measured.
 */

import type { RunEvent, RunEventOf } from '../../run/events';
import { EXAMPLE_EVENTS } from '../../run/example-events';
import { DEFAULT_MANIFEST, type Manifest } from '../../run/manifest';
import { score } from '../../run/statistics';
import { type CutoffTally, EMPTY_CUTOFF_TALLY, EMPTY_GATE_TALLY, type GateTally } from '../masa/audit';
import { RecordCollector, type RunRecord } from './record';

export interface MadeUpRun {
  seed?: number;
  settings?: Partial<Manifest>;
  /** [steps] solution tokens; two prompts a step, half of the tokens each. */
  tokens: number[];
  /** [steps] how many of the two prompts have variance; both where left out. */
  informative?: number[];
  /** [steps] tokens of predictions; none where left out. */
  meta?: number[];
  /** [steps] tokens of the audit alone. */
  audit?: number[];
  gate?: Partial<GateTally>[];
  cutoff?: Partial<CutoffTally>[];
  /** [steps] of training. */
  milliseconds?: number[];
  /** [steps] FLOPs of each step; not measured where left out, as decoding steps. */
  flops?: number[];
  /** By step, on `suite`, in thousandths. */
  accuracy: Record<number, number>;
  suite?: string;
  /** At the last evaluation. */
  passRatePearson?: number;
}

type Alignment = NonNullable<RunEventOf<'evaluation'>['alignment']>;

const exampleAlignment = (): Alignment => {
  const example = EXAMPLE_EVENTS.find((event) => event.type === 'evaluation')?.alignment;
  if (!example) throw new Error('expected an example of an alignment');
  return example;
};

const exampleStart = (): RunEventOf<'run_started'> => {
  const example = EXAMPLE_EVENTS.find((event) => event.type === 'run_started');
  if (!example) throw new Error('expected an example of a start');
  return example;
};

/** A prompt's two rollouts, of `tokens` together. */
const group = (
  step: number,
  index: number,
  tokens: number,
  informative: boolean,
): RunEventOf<'prompt_group'> => ({
  type: 'prompt_group',
  v: 1,
  step,
  index,
  problem: { family: 'made-up', tier: 'only', size: 1, answer: [] },
  prompt: [1],
  rollouts: [0, 1].map((i) => ({
    tokens: Array.from({ length: i === 0 ? Math.floor(tokens / 2) : Math.ceil(tokens / 2) }, () => 3),
    logps: [],
    reward: informative ? i : 1,
    advantage: 0,
    truncated: false,
  })),
  reward_mean: 1,
  reward_std: 0,
});

/** The events of a run that is complete. */
export function events(run: MadeUpRun): RunEvent[] {
  const { tokens, accuracy, suite = 'in-domain', seed = 1 } = run;
  const manifest: Manifest = { ...DEFAULT_MANIFEST, seed, steps: tokens.length, ...run.settings };
  let [spent, flops, meta] = [0, 0, 0];
  const all: RunEvent[] = [{ ...exampleStart(), manifest }];
  const evaluate = (step: number) => {
    if (!(step in accuracy)) return;
    all.push({
      type: 'evaluation',
      v: 1,
      step,
      suite,
      total: score(Math.round(1000 * accuracy[step]), 1000),
      by_tier: {},
      mean_length: 1,
      num_tokens: spent,
      ...(run.flops && { num_flops: flops, decode_steps: step }),
      ...(run.passRatePearson !== undefined &&
        step === tokens.length && {
          alignment: { ...exampleAlignment(), pass_rate_pearson: run.passRatePearson },
        }),
      duration_ms: 1,
    });
  };
  evaluate(0);
  for (const [step, count] of tokens.entries()) {
    const informative = run.informative?.[step] ?? 2;
    for (const index of [0, 1]) all.push(group(step, index, count / 2, index < informative));
    if (run.gate || run.cutoff || run.audit)
      all.push({
        type: 'audit',
        v: 1,
        step,
        tokens: run.audit?.[step] ?? 0,
        gate: run.gate ? { entries: [], tally: { ...EMPTY_GATE_TALLY, ...run.gate[step] } } : null,
        cutoff: run.cutoff ? { entries: [], tally: { ...EMPTY_CUTOFF_TALLY, ...run.cutoff[step] } } : null,
      });
    meta += run.meta?.[step] ?? 0;
    spent += count + (run.meta?.[step] ?? 0);
    flops += run.flops?.[step] ?? 0;
    all.push({
      type: 'step_metrics',
      v: 1,
      step,
      metrics: {
        num_tokens: spent,
        ...(run.meta && { 'masa/num_tokens': meta }),
        ...(run.flops && { num_flops: flops, decode_steps: step + 1 }),
      },
      phases_ms: {},
      step_ms: run.milliseconds?.[step] ?? 1000,
    });
    evaluate(step + 1);
  }
  all.push({
    type: 'finished',
    v: 1,
    step: tokens.length,
    reason: 'completed',
    message: '',
    last_checkpoint: tokens.length,
    seconds: 1,
  });
  return all;
}

export function record(run: MadeUpRun): RunRecord {
  const collector = new RecordCollector();
  for (const event of events(run)) collector.event(event);
  const made = collector.record();
  if (!made) throw new Error('expected a record');
  return made;
}
