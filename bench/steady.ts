/**
 * Whether a steady step stays what it is, over many small ones: no device memory is allocated, the heap does not grow,
 * the time does not drift.
 */
import type { Gpu } from '../src/gpu/device';
import { Allocations } from './allocations';
import { fmaCandidate } from './ceilings';
import { median } from './measure';
import type { SteadyResult } from './report';
import { openTrainer, proceed, type ReadModel } from './rl-step';

/** Steps before any is counted: pipelines, pools and the heap have found their size by then. */
const WARM_UP = 10;
/** How often the heap is looked at. */
const LOOKS = 15;

/** @param heap collects garbage and says how many bytes are left; null where the runtime cannot. */
export async function benchSteady(
  gpu: Gpu,
  read: ReadModel,
  steps: number,
  heap: (() => number) | null,
  note: (text: string) => void,
): Promise<SteadyResult> {
  const reference = await fmaCandidate(gpu);
  const trainer = await openTrainer(gpu, read, {
    seed: 1,
    prompts_per_step: 2,
    num_generations: 4,
    max_completion_length: 24,
    micro_batch_tokens: 256,
    // All steps are of one policy, so that they are as long as each other but for chance.
    learning_rate: 1e-9,
    eval_problems: 8,
    steps: steps + WARM_UP,
  });
  const allocations = new Allocations(gpu.device);
  const times: number[] = [];
  const beside: number[] = [];
  const heaps: number[] = [];
  try {
    for (let i = 0; i < WARM_UP; i++) await trainer.takeStep(proceed);
    await reference.run(1);
    allocations.reset();
    for (let i = 0; i < steps; i++) {
      const start = performance.now();
      await trainer.takeStep(proceed);
      const between = performance.now();
      await reference.run(1);
      times.push(between - start);
      beside.push(performance.now() - between);
      if (heap && i % Math.ceil(steps / LOOKS) === 0) heaps.push(heap());
    }
    const third = Math.floor(heaps.length / 3);
    const relative = times.map((ms, i) => ms / beside[i]);
    const result: SteadyResult = {
      steps,
      buffers_created: allocations.buffers,
      gpu_bytes_allocated: allocations.bytes,
      js_heap_growth: third > 0 ? median(heaps.slice(-third)) - median(heaps.slice(0, third)) : null,
      step_time_drift: driftOf(relative),
      step_time_drift_by_clock: driftOf(times),
      step_time_noise: noiseOf(relative),
      step_ms: median(times),
    };
    note(`steady: ${JSON.stringify(result)}`);
    return result;
  } finally {
    allocations.end();
    trainer.destroy();
    reference.dispose?.();
  }
}

/** Median of the last fifth over that of the first, less 1. */
export function driftOf(values: readonly number[]): number {
  const fifth = Math.max(1, Math.floor(values.length / 5));
  return median(values.slice(-fifth)) / median(values.slice(0, fifth)) - 1;
}

/** What the medians of neighbouring tenths differ by, relatively; the median of those. */
export function noiseOf(values: readonly number[]): number {
  const tenth = Math.max(1, Math.floor(values.length / 10));
  const medians = Array.from({ length: Math.floor(values.length / tenth) }, (_, i) =>
    median(values.slice(i * tenth, (i + 1) * tenth)),
  );
  return median(medians.slice(1).map((each, i) => Math.abs(each / medians[i] - 1)));
}
