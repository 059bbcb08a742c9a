/**
 * Whole RL steps of the shipped base model: time by phase, and whether a steady step stays steady: no GPU memory is
 * allocated, the heap does not grow, the time does not drift.
 */
import type { Gpu } from '../src/gpu/device';
import { readModel } from '../src/model/model-file';
import { tune } from '../src/model/tune';
import { Trainer } from '../src/rl/trainer';
import type { RunEventOf } from '../src/run/events';
import { type ManifestInput, parseManifest } from '../src/run/manifest';
import { PRESETS } from '../src/run/presets';
import { getTask } from '../src/tasks';
import { median } from './measure';
import type { PhaseResult, SteadyResult } from './report';

/** The files of a shipped base model. */
export type ReadModel = (name: string) => Promise<{ config: string; weights: Uint8Array }>;

const proceed = { proceed: async () => {} };

async function openTrainer(
  gpu: Gpu,
  read: ReadModel,
  settings: ManifestInput,
): Promise<{ trainer: Trainer; steps: RunEventOf<'step_metrics'>[] }> {
  const manifest = parseManifest(settings);
  const files = await read(manifest.model);
  const { config, weights } = readModel(files.config, files.weights);
  await tune(gpu, config);
  const steps: RunEventOf<'step_metrics'>[] = [];
  const trainer = await Trainer.create({
    gpu,
    manifest,
    task: getTask(manifest.task),
    config,
    weights,
    emit: (event) => {
      if (event.type === 'step_metrics') steps.push(event);
    },
  });
  return { trainer, steps };
}

export async function benchRlStep(
  gpu: Gpu,
  read: ReadModel,
  quick: boolean,
  note: (text: string) => void,
): Promise<PhaseResult[]> {
  const results: PhaseResult[] = [];
  for (const preset of quick ? ['quick'] : ['quick', 'grpo', 'masa-efficient', 'masa-adapter']) {
    const { settings } = PRESETS.find(({ name }) => name === preset)!;
    const { trainer, steps } = await openTrainer(gpu, read, { ...settings, seed: 1 });
    try {
      // The first compiles and warms up.
      for (let i = 0; i < (quick ? 5 : 8); i++) await trainer.takeStep(proceed);
    } finally {
      trainer.destroy();
    }
    const timed = steps.slice(1);
    const of = (value: (event: RunEventOf<'step_metrics'>) => number) => median(timed.map(value));
    const phases = [...new Set(timed.flatMap(({ phases_ms }) => Object.keys(phases_ms)))];
    const flops = timed.map(({ metrics }, i) => metrics.num_flops - steps[i].metrics.num_flops);
    const result: PhaseResult = {
      preset,
      steps: timed.length,
      step_ms: of(({ step_ms }) => step_ms),
      phases_ms: Object.fromEntries(
        phases.map((phase) => [
          phase,
          of(({ phases_ms }) => (phases_ms as Record<string, number>)[phase] ?? 0),
        ]),
      ),
      tokens_per_second: of(({ metrics }) => metrics['performance/tokens_per_second'] ?? 0),
      gflops: median(flops.map((f, i) => f / timed[i].step_ms / 1e6)),
      decode_steps: median(
        timed.map(({ metrics }, i) => metrics.decode_steps - steps[i].metrics.decode_steps),
      ),
    };
    results.push(result);
    note(
      `RL step, ${preset}: ${result.step_ms.toFixed(0)} ms (${Object.entries(result.phases_ms)
        .map(([phase, ms]) => `${phase} ${ms.toFixed(0)}`)
        .join(', ')}), ${result.gflops.toFixed(1)} GFLOP/s`,
    );
  }
  return results;
}

/** Small steps, many of them. `heap` collects garbage and says how much is left, where the runtime can. */
export async function benchSteady(
  gpu: Gpu,
  read: ReadModel,
  steps: number,
  heap: (() => number) | null,
  note: (text: string) => void,
): Promise<SteadyResult> {
  const { trainer } = await openTrainer(gpu, read, {
    seed: 1,
    prompts_per_step: 2,
    num_generations: 4,
    max_completion_length: 24,
    micro_batch_tokens: 256,
    learning_rate: 1e-9,
    eval_problems: 8,
    steps: steps + 10,
  });
  const times: number[] = [];
  const heaps: number[] = [];
  try {
    for (let i = 0; i < 5; i++) await trainer.takeStep(proceed);
    const created = trainer.policy.buffersCreated;
    const bytes = trainer.policy.bytesHeld;
    for (let i = 0; i < steps; i++) {
      const start = performance.now();
      await trainer.takeStep(proceed);
      times.push(performance.now() - start);
      if (heap && i % Math.ceil(steps / 15) === 0) heaps.push(heap());
    }
    const fifth = Math.floor(steps / 5);
    const third = Math.floor(heaps.length / 3);
    const result: SteadyResult = {
      steps,
      buffers_created: trainer.policy.buffersCreated - created,
      gpu_bytes_allocated: trainer.policy.bytesHeld - bytes,
      js_heap_growth: heap ? median(heaps.slice(-third)) - median(heaps.slice(0, third)) : null,
      step_time_drift: median(times.slice(-fifth)) / median(times.slice(0, fifth)) - 1,
    };
    note(`steady: ${JSON.stringify(result)}`);
    return result;
  } finally {
    trainer.destroy();
  }
}
