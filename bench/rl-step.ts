/**
 * Whole RL steps of the shipped base model, by phase: the host's clock beside the device's, dispatches, bytes moved,
 * bytes allocated.
 *
 * The clock's times are of steps that nothing else is measured in. How busy the device is, steps beside them say, with
 * timestamps around their passes; what it is busy with, a profiled step, in which every dispatch is a pass of its own
 * and takes longer for it.
 */
import type { Gpu } from '../src/gpu/device';
import type { KernelProfile, SubmissionEntry } from '../src/model/kernel-profile';
import { readModel } from '../src/model/model-file';
import { tune } from '../src/model/tune';
import { Trainer } from '../src/rl/trainer';
import type { RunEvent, RunEventOf } from '../src/run/events';
import { type ManifestInput, parseManifest } from '../src/run/manifest';
import { PRESETS } from '../src/run/presets';
import { getTask } from '../src/tasks';
import { Allocations } from './allocations';
import { Busy, type BusyPass } from './busy';
import type { BenchContext } from './context';
import { median, now } from './measure';
import type { PhaseFigures, RlStepResult } from './report';

/** The files of a shipped base model. */
export type ReadModel = (name: string) => Promise<{ config: string; weights: Uint8Array }>;

/** Never waits. */
export const proceed = { proceed: async () => {} };

export async function openTrainer(
  gpu: Gpu,
  read: ReadModel,
  settings: ManifestInput,
  emit: (event: RunEvent) => void = () => {},
): Promise<Trainer> {
  const manifest = parseManifest(settings);
  const files = await read(manifest.model);
  const { config, weights } = readModel(files.config, files.weights);
  await tune(gpu, config);
  return Trainer.create({ gpu, manifest, task: getTask(manifest.task), config, weights, emit });
}

/** Seconds that steps of a kind may take; two are always taken. */
const MOST_SECONDS = 30;

export async function benchRlStep(
  gpu: Gpu,
  { quick, note, readModel: read }: Pick<BenchContext, 'quick' | 'note' | 'readModel'>,
  before: readonly RlStepResult[],
  found: (result: RlStepResult) => void,
): Promise<void> {
  for (const preset of quick ? ['quick'] : ['quick', 'grpo', 'masa-efficient', 'masa-adapter']) {
    if (before.some((each) => each.preset === preset)) continue;
    const result = await measure(gpu, read, preset, quick ? 4 : 7);
    found(result);
    note(
      `RL step, ${preset}: ${result.step_ms.toFixed(0)} ms (${Object.entries(result.phases)
        .map(([phase, { wall_ms }]) => `${phase} ${(wall_ms ?? 0).toFixed(0)}`)
        .join(', ')}), ${result.gflops.toFixed(1)} GFLOP/s, device busy ${
        result.gpu_busy === null ? 'unknown' : `${(100 * result.gpu_busy).toFixed(0)}%`
      }`,
    );
  }
}

/** A step with the device's time of each of its passes. */
interface BusyStep {
  step_ms: number;
  passes: BusyPass[];
}

async function measure(gpu: Gpu, read: ReadModel, preset: string, count: number): Promise<RlStepResult> {
  const { settings } = PRESETS.find(({ name }) => name === preset)!;
  const allocations = new Allocations(gpu.device);
  let busy: Busy | null = null;
  const steps: RunEventOf<'step_metrics'>[] = [];
  try {
    const trainer = await openTrainer(gpu, read, { ...settings, seed: 1 }, (event) => {
      if (event.type === 'phase') {
        allocations.stage = event.phase;
        if (busy) busy.stage = event.phase;
      }
      if (event.type === 'step_metrics') steps.push(event);
    });
    try {
      // The first compiles and warms up.
      await trainer.takeStep(proceed);
      allocations.reset();
      const taken = await upTo(count, () => trainer.takeStep(proceed));
      const allocated = new Map([...allocations.byStage].map(([stage, bytes]) => [stage, bytes / taken]));
      const clocked = [...steps];
      const timed: BusyStep[] = [];
      if (gpu.device.features.has('timestamp-query'))
        await upTo(count, async () => {
          busy = new Busy(gpu.device);
          await trainer.takeStep(proceed);
          timed.push({ step_ms: steps.at(-1)!.step_ms, passes: await busy.take() });
        });
      busy = null;
      return result(preset, clocked, timed, await profileOfNextStep(trainer), allocated);
    } finally {
      trainer.destroy();
    }
  } finally {
    allocations.end();
  }
}

/** So many times, or as often as there is time. @returns how often */
async function upTo(count: number, step: () => Promise<void>): Promise<number> {
  const begin = now();
  let taken = 0;
  while (taken < count && (taken < 2 || now() - begin < MOST_SECONDS)) {
    await step();
    taken++;
  }
  return taken;
}

/** As the trainer takes it: its event tells of kernels, not of what was submitted together. */
async function profileOfNextStep(trainer: Trainer): Promise<KernelProfile> {
  const { profiling } = trainer.policy;
  const take = profiling.take.bind(profiling);
  let taken: KernelProfile | null = null;
  profiling.take = async () => {
    taken = await take();
    return taken;
  };
  trainer.profileNextStep();
  await trainer.takeStep(proceed);
  profiling.take = take;
  if (!taken) throw new Error('internal: the profiled step told of no profile');
  return taken;
}

/** @param steps as clocked, the first of them to be left out */
function result(
  preset: string,
  [first, ...timed]: readonly RunEventOf<'step_metrics'>[],
  busy: readonly BusyStep[],
  profile: KernelProfile,
  allocated: ReadonlyMap<string, number>,
): RlStepResult {
  const of = (value: (event: RunEventOf<'step_metrics'>) => number) => median(timed.map(value));
  /** What a total has grown by in each of the steps. */
  const grown = (total: (event: RunEventOf<'step_metrics'>) => number) =>
    timed.map((event, i) => total(event) - total(i === 0 ? first : timed[i - 1]));
  const clock = (event: RunEventOf<'step_metrics'>) => event.phases_ms as Record<string, number>;
  const phases = [...new Set(timed.flatMap((event) => Object.keys(clock(event))))];
  const step_ms = of(({ step_ms }) => step_ms);
  const deviceMs = (which: (pass: BusyPass) => boolean) =>
    busy.length === 0
      ? null
      : median(busy.map(({ passes }) => passes.filter(which).reduce((sum, { ms }) => sum + ms, 0)));
  const busyShare =
    busy.length === 0
      ? null
      : median(busy.map(({ step_ms, passes }) => passes.reduce((sum, { ms }) => sum + ms, 0) / step_ms));
  const entries = profile.submissions;
  const perSecond = (total: (event: RunEventOf<'step_metrics'>) => number) =>
    median(grown(total).map((amount, i) => amount / (timed[i].step_ms / 1000)));
  return {
    preset,
    steps: timed.length,
    step_ms,
    phases: Object.fromEntries(
      phases.map((phase) => [
        phase,
        {
          ...sumOf(entries.filter(({ stage }) => stage === phase)),
          wall_ms: of((event) => clock(event)[phase] ?? 0),
          gpu_ms: deviceMs(({ stage }) => stage === phase),
          bytes_allocated: allocated.get(phase) ?? 0,
        },
      ]),
    ),
    work: Object.fromEntries(
      WORK.flatMap((work) => {
        const own = entries.filter((entry) => workOf(entry) === work);
        return own.length > 0 ? [[work, sumOf(own)]] : [];
      }),
    ),
    gpu_busy: busyShare,
    host_ms: busyShare === null ? null : Math.max(0, (1 - busyShare) * step_ms),
    tokens_per_second: perSecond(({ metrics }) => metrics.num_tokens),
    gflops: perSecond(({ metrics }) => metrics.num_flops) / 1e9,
    decode_steps: median(grown(({ metrics }) => metrics.decode_steps)),
  };
}

const WORK = ['prefill', 'decode', 'score', 'forward', 'backward', 'optimiser', 'adapter'] as const;

/** What a dispatch is for, by what it was submitted with; a forward and a backward pass are submitted together. */
export function workOf({
  submission,
  kernel,
}: Pick<SubmissionEntry, 'submission' | 'kernel'>): (typeof WORK)[number] {
  if (submission === 'decoder.prefill') return 'prefill';
  if (submission.startsWith('decoder.')) return 'decode';
  if (submission.startsWith('policy.')) return 'score';
  if (submission.startsWith('adapter.') || submission === 'training.adapter') return 'adapter';
  if (submission === 'training.optimizer') return 'optimiser';
  return /backward|accumulate_slices/.test(kernel) ? 'backward' : 'forward';
}

function sumOf(entries: readonly SubmissionEntry[]): PhaseFigures {
  const timed = entries.every(({ ms }) => ms !== null);
  return {
    wall_ms: null,
    gpu_ms: timed ? entries.reduce((sum, { ms }) => sum + ms!, 0) : null,
    dispatches: entries.reduce((sum, { calls }) => sum + calls, 0),
    bytes_moved: entries.reduce((sum, { bytes }) => sum + (bytes ?? 0), 0),
    bytes_allocated: 0,
  };
}
