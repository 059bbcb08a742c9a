/**
 * Small runs, with parts of MASA where they are asked for, held in memory: what the tests of a session with MASA or
 * benchmark sets (`session-*.gpu.test.ts`) have in common.
 */
import { createHash } from 'node:crypto';
import { expect } from 'vitest';
import type { CheckpointFiles } from '../../run/checkpoint';
import { eventSchema, type RunEvent } from '../../run/events';
import { type Manifest, type ManifestInput, parseManifest } from '../../run/manifest';
import { getTask } from '../../tasks';
import { modelSources } from '../opened-model';
import type { BenchmarkStatus, InspectionAnswer } from '../protocol';
import { Session } from '../session';
import { BASE, QUIET_HOST } from './session-host';

export const TASK = getTask('ladder');
export const META = TASK.meta!;
export const LONGEST = 40;

export const small = (settings: ManifestInput = {}): Manifest =>
  parseManifest({
    prompts_per_step: 4,
    num_generations: 4,
    max_completion_length: LONGEST,
    masa_num_generations: 3,
    eval_problems: 4,
    eval_samples: 2,
    eval_steps: 100,
    checkpoint_steps: 1,
    steps: 3,
    micro_batch_tokens: 512,
    ...settings,
  });

/** Everything at once, with bounds at which the base model is gated, cut, audited and hinted in three small steps. */
export const EVERYTHING: ManifestInput = {
  masa_meta: 'train',
  masa_gate: true,
  masa_gate_low: 0.4,
  masa_gate_high: 0.6,
  masa_gate_spread: 0.5,
  masa_gate_min_prompts: 1,
  masa_gate_replace: true,
  masa_gate_tries: 1,
  masa_gate_exploration: 0.2,
  masa_audit_share: 0.5,
  masa_cutoff: true,
  masa_cutoff_multiple: 0.5,
  masa_hint_share: 0.5,
};

export interface Held {
  session: Session;
  events: RunEvent[];
  states: string[];
  benchmarks: BenchmarkStatus[];
  inspections: InspectionAnswer[];
  checkpoints: { step: number; files: CheckpointFiles }[];
  onEvent: (event: RunEvent) => void;
}

export async function begin(manifest: Manifest, resume?: CheckpointFiles, model = BASE): Promise<Held> {
  const held: Held = {
    session: null!,
    events: [],
    states: [],
    benchmarks: [],
    inspections: [],
    checkpoints: [],
    onEvent: () => {},
  };
  held.session = new Session({
    ...QUIET_HOST,
    readModel: async () => modelSources(model),
    keepCheckpoint: async (step, files) => {
      held.checkpoints.push({ step, files });
    },
    onEvent: (event) => {
      held.events.push(event);
      held.onEvent(event);
    },
    onState: (state) => held.states.push(state),
    onBenchmarks: (status) => held.benchmarks.push(status),
    onInspected: (answer) => held.inspections.push(answer),
  });
  await held.session.open();
  await held.session.load(manifest, resume);
  return held;
}

export async function runWhole(settings: ManifestInput, model = BASE): Promise<Held> {
  const held = await begin(small(settings), undefined, model);
  await held.session.run();
  expect(held.session.error).toBeNull();
  for (const event of held.events) eventSchema.parse(event);
  await held.session.close();
  return held;
}

export const of = <T extends RunEvent['type']>(events: readonly RunEvent[], type: T, step?: number) =>
  events.filter(
    (e): e is Extract<RunEvent, { type: T }> =>
      e.type === type && (step === undefined || ('step' in e && e.step === step)),
  );

/** Digests of weights and optimiser state. */
export const tensors = (held: Held, at = -1) =>
  held.checkpoints
    .at(at)!
    .files.filter((f) => f.name.endsWith('.safetensors'))
    .map((f) => createHash('sha256').update(f.bytes).digest('hex'));

/** The recorded events of steps, without what the clock decides. */
export function timeless(events: readonly RunEvent[]): unknown[] {
  const live = ['run_started', 'phase', 'rollouts_started', 'rollouts_grown', 'checkpoint', 'finished'];
  return events
    .filter((e) => !live.includes(e.type))
    .map((e) => {
      const { phases_ms: _p, step_ms: _s, duration_ms: _d, ...rest } = JSON.parse(JSON.stringify(e));
      if (rest.metrics) {
        delete rest.metrics.step_time;
        delete rest.metrics.tokens_per_second;
      }
      return rest;
    });
}

export const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
