/**
 * Whether a steady step stays what it is, over many small ones: no device memory is allocated, the heap does not grow,
 * the time does not drift.
 */
import type { Gpu } from '../src/gpu/device';
import { Allocations } from './allocations';
import type { BenchContext } from './context';
import { driftOf } from './drift';
import { median } from './measure';
import type { SteadyResult } from './report';
import { openTrainer, proceed } from './rl-step';

/** Steps before any is counted: pipelines, pools and the heap have found their size, and scripts are compiled by then. */
const WARM_UP = 50;
/** Different steps, which are taken round and round: the same prompts, random numbers and tokens again. */
const CIRCLE = 10;
/** So many that a drift of 3% is told from chance where steps of equal work take from one to five times as long. */
const STEPS = { quick: 200, full: 1500 };
/** How often the heap is looked at. */
const LOOKS = 15;

/** @param heap collects garbage and says how many bytes are left; null where the runtime cannot. */
export async function benchSteady(
  gpu: Gpu,
  { quick, note, readModel }: Pick<BenchContext, 'quick' | 'note' | 'readModel'>,
  heap: (() => number) | null,
): Promise<SteadyResult> {
  const steps = quick ? STEPS.quick : STEPS.full;
  const trainer = await openTrainer(gpu, readModel, {
    seed: 1,
    prompts_per_step: 2,
    num_generations: 4,
    max_completion_length: 24,
    micro_batch_tokens: 256,
    // All steps are of one policy, so that a step of the circle is as long each time but for chance.
    learning_rate: 1e-9,
    eval_problems: 8,
    steps: WARM_UP + CIRCLE,
  });
  const allocations = new Allocations(gpu.device);
  const times: number[] = [];
  const heaps: number[] = [];
  try {
    for (let i = 0; i < WARM_UP; i++) await trainer.takeStep(proceed);
    allocations.reset();
    for (let i = 0; i < steps; i++) {
      trainer.step = WARM_UP + (i % CIRCLE);
      const start = performance.now();
      await trainer.takeStep(proceed);
      times.push(performance.now() - start);
      if (heap && i % Math.ceil(steps / LOOKS) === 0) heaps.push(heap());
      if (i > 0 && i % 500 === 0) note(`steady: ${i} of ${steps} steps`);
    }
    const third = Math.floor(heaps.length / 3);
    const { drift, chance } = driftOf(times, CIRCLE);
    const result: SteadyResult = {
      steps,
      buffers_created: allocations.buffers,
      gpu_bytes_allocated: allocations.bytes,
      js_heap_growth: third > 0 ? median(heaps.slice(-third)) - median(heaps.slice(0, third)) : null,
      step_time_drift: drift,
      step_time_chance: chance,
      step_ms: median(times),
    };
    note(`steady: ${JSON.stringify(result)}`);
    return result;
  } finally {
    allocations.end();
    trainer.destroy();
  }
}
