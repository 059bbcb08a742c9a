/**
 * Whether a steady step stays what it is, over many small ones: no device memory is allocated, the heap does not grow,
 * and a step takes as long as that of a trainer which was just opened, on a device of its own, timed in turns with it.
 */
import { type Gpu, openGpu } from '../src/gpu/device';
import { setChoice, sureness } from '../src/model/choices';
import type { Trainer } from '../src/rl/trainer';
import { Allocations } from './allocations';
import type { BenchContext } from './context';
import { driftOf, type Pair } from './drift';
import { median, now } from './measure';
import type { SteadyResult } from './report';
import { openTrainer, proceed, type ReadModel } from './rl-step';

/** Steps before any is counted: pipelines, pools and the heap have found their size, and scripts are compiled by then. */
const WARM_UP = 50;
/** Different steps, which are taken round and round: the same prompts, random numbers and tokens again. */
const CIRCLE = 10;
/** After how many steps how many pairs are timed: enough in full that a drift of 3% is told from chance. */
const STEPS = { quick: 100, full: 500 };
const PAIRS = { quick: 100, full: 1000 };
/** How often the heap is looked at. */
const LOOKS = 15;

/**
 * @param instance where another device of the same adapter is asked for.
 * @param heap collects garbage and says how many bytes are left; null where the runtime cannot.
 */
export async function benchSteady(
  gpu: Gpu,
  { quick, note, readModel }: Pick<BenchContext, 'quick' | 'note' | 'readModel'>,
  instance: GPU | undefined,
  heap: (() => number) | null,
): Promise<SteadyResult> {
  const kind = quick ? 'quick' : 'full';
  const aged = await openSmall(gpu, readModel);
  const allocations = new Allocations(gpu.device);
  const times: number[] = [];
  const heaps: number[] = [];
  try {
    for (let i = 0; i < WARM_UP; i++) await aged.takeStep(proceed);
    allocations.reset();
    for (let i = 0; i < STEPS[kind]; i++) {
      times.push(await timed(aged, i));
      if (heap && i % Math.ceil(STEPS[kind] / LOOKS) === 0) heaps.push(heap());
    }
    const { buffers, bytes } = allocations;
    note(`steady: ${STEPS[kind]} steps taken, now in turns with a trainer that was just opened`);
    const { drift, chance } = driftOf(await inTurns(gpu, instance, readModel, aged, PAIRS[kind]));
    const third = Math.floor(heaps.length / 3);
    const result: SteadyResult = {
      steps: STEPS[kind],
      buffers_created: buffers,
      gpu_bytes_allocated: bytes,
      js_heap_growth: third > 0 ? median(heaps.slice(-third)) - median(heaps.slice(0, third)) : null,
      step_time_drift: drift,
      step_time_chance: chance,
      step_ms: median(times),
    };
    note(`steady: ${JSON.stringify(result)}`);
    return result;
  } finally {
    allocations.end();
    aged.destroy();
  }
}

/** The aged trainer's steps beside a new one's, by the same kernels on a new device; either comes first by turns. */
async function inTurns(
  gpu: Gpu,
  instance: GPU | undefined,
  readModel: ReadModel,
  aged: Trainer,
  count: number,
): Promise<Pair[]> {
  const other = await openGpu(instance);
  try {
    // The guessed ones too, or it would measure and run by others.
    for (const [key, name] of gpu.choices) setChoice(other, key, name, sureness(gpu, key)!);
    const fresh = await openSmall(other, readModel);
    for (let i = 0; i < WARM_UP; i++) await fresh.takeStep(proceed);
    const pairs: Pair[] = [];
    for (let i = 0; i < count; i++) {
      const isAgedFirst = (i + Math.floor(i / CIRCLE)) % 2 === 0;
      const before = isAgedFirst ? await timed(aged, i) : 0;
      const beside = await timed(fresh, i);
      pairs.push([isAgedFirst ? before : await timed(aged, i), beside]);
    }
    return pairs;
  } finally {
    other.device.destroy();
  }
}

const openSmall = (gpu: Gpu, readModel: ReadModel): Promise<Trainer> =>
  openTrainer(gpu, readModel, {
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

/** Milliseconds of step `i` of the circle. */
async function timed(trainer: Trainer, i: number): Promise<number> {
  trainer.step = WARM_UP + (i % CIRCLE);
  const start = now();
  await trainer.takeStep(proceed);
  return 1000 * (now() - start);
}
