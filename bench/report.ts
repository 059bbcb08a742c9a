/**
 * What the benchmark prints and writes: one JSON object, its fields stable so that results can be compared over time.
 * The schema is what a test holds the object to; the types follow from it.
 */
import { z } from 'zod';

const byName = z.record(z.string(), z.number());
const reasons = z.record(z.string(), z.string());

/** Seconds a unit. */
export const timing = z.object({
  median: z.number(),
  /** The middle half of the rounds. */
  low: z.number(),
  high: z.number(),
  rounds: z.number().int(),
});

/** What the adapter does of each alone. */
export const rates = z.object({
  fma_gflops: z.number(),
  /** Values read from a buffer by neighbours a row apart, from the cache. */
  load_gvalues: z.number(),
  /** Values handed to an invocation by another of its subgroup; null where there are none. */
  broadcast_gvalues: z.number().nullable(),
});

export const bound = z.object({
  variant: z.string(),
  gflops: z.number(),
  /** Of the bound's time: multiply-adds, loads, broadcasts. */
  share: byName,
});

export const matmulResult = z.object({
  name: z.string(),
  /** y [m, n] = x [m, k] wᵀ */
  shape: z.object({ m: z.number(), n: z.number(), k: z.number() }),
  /** By library. */
  gflops: byName,
  seconds: z.record(z.string(), timing),
  /** Largest difference of a peer's result from ours, relative to the largest value. */
  difference: byName,
  /** Over the faster of the peers, the median of ratios within a round. */
  ours_over_best_peer: z.number().nullable(),
  of_fma_ceiling: z.number(),
  /** What bounds it by the kernel that was chosen, and how much of that is reached. */
  bound: bound.extend({ reached: z.number() }),
  /** The adapter's rates in the rounds of this product. */
  rates: rates.extend({ copy_gbps: z.number() }).optional(),
  /** Libraries that were left out of this product, with the reason. */
  left_out: reasons.optional(),
});

export const trainStepResult = z.object({
  label: z.string(),
  params: z.number().int(),
  rows: z.number().int(),
  tokens: z.number().int(),
  /** Median seconds a step, by library. */
  seconds: byName,
  timing: z.record(z.string(), timing),
  gflops_ours: z.number(),
  ours_over_tfjs: z.number().nullable(),
  ours_over_jaxjs: z.number().nullable(),
  /** Loss and gradient norm of the first steps are within 0.1% of ours for every peer that ran; null when none did. */
  loss_agrees: z.boolean().nullable(),
  agrees: z.record(z.string(), z.boolean()),
  /** How far off they were, relatively. */
  difference: byName,
  /** Libraries that were left out of this size, with the reason. */
  left_out: reasons,
  /**
   * Libraries came one after the other, each gone before the next, as all of them would not fit: ratios are then of
   * medians. Else they took turns.
   */
  one_by_one: z.boolean().optional(),
});

export const decodeResult = z.object({
  label: z.string(),
  params: z.number().int(),
  rows: z.number().int(),
  prompt: z.number().int(),
  new_tokens: z.number().int(),
  /** By library. */
  tokens_per_second: byName,
  /** Same tokens as ours, greedily; how many of how many. */
  same_tokens: z.record(z.string(), z.string()),
  /** Over its WebGPU provider; null where that cannot run. */
  ours_over_ort: z.number().nullable(),
  ours_over_ort_wasm: z.number().nullable(),
  /** Absent where it was not asked to decode yet. */
  ours_over_jaxjs: z.number().nullable().optional(),
  /** Libraries that were left out, with the reason. */
  left_out: reasons.optional(),
});

export const phaseFigures = z.object({
  /** Median by the clock; null for a part of a phase. */
  wall_ms: z.number().nullable(),
  /**
   * On the device; null without timestamps. Of a phase by its passes as they are, in steps after those that were clocked,
   * of a work by the profiled step, in which every dispatch is a pass of its own and takes longer for it.
   */
  gpu_ms: z.number().nullable(),
  dispatches: z.number().int(),
  /** The least that has to be moved, of the kernels it is counted for. */
  bytes_moved: z.number(),
  /** Device memory allocated in the phase, of steps that are not profiled. */
  bytes_allocated: z.number(),
});

export const rlStepResult = z.object({
  preset: z.string(),
  steps: z.number().int(),
  step_ms: z.number(),
  /** By phase of the step: the host's clock and the device's. */
  phases: z.record(z.string(), phaseFigures),
  /** The device's work again, by what it is for: prefill, decode, score, forward, backward, optimiser. */
  work: z.record(z.string(), phaseFigures),
  /** Time of the device's passes over that of the same step by the clock, the median; null without timestamps. */
  gpu_busy: z.number().nullable(),
  /** What the device does not account for: host, read-backs and waiting. */
  host_ms: z.number().nullable(),
  tokens_per_second: z.number(),
  gflops: z.number(),
  decode_steps: z.number(),
});

export const scalingResult = z.object({
  /** What is varied, and what is measured against it. */
  of: z.enum(['seconds', 'bytes']),
  work: z.enum(['training step', 'RL step']),
  against: z.string(),
  points: z.array(z.tuple([z.number(), z.number()])),
  /** Fitted: time or bytes grow as the size to this power. */
  exponent: z.number(),
});

export const steadyResult = z.object({
  steps: z.number().int(),
  /** Of buffers made while the steps ran, by anybody. */
  gpu_bytes_allocated: z.number(),
  buffers_created: z.number().int(),
  /** Bytes of JS heap after a forced collection, last third over first third; null where that cannot be asked. */
  js_heap_growth: z.number().nullable(),
  /** How much longer a step takes after so many than in a trainer that was just opened, relatively: in pairs, in turns. */
  step_time_drift: z.number(),
  /** No smaller drift is told from chance: where chance says which of a pair is which, 95 of 100 cases give less. */
  step_time_chance: z.number().optional(),
  step_ms: z.number(),
});

export const startupResult = z.object({
  rounds: z.number().int(),
  /** Median seconds from asking for the page, by station; cold: a fresh profile, warm: its second opening. */
  cold: byName,
  warm: byName,
  /** One step of the run in the page: what the main thread and the trainer's thread were busy for, by their own time. */
  step: z.object({ seconds: z.number(), main_thread_ms: z.number(), worker_ms: z.number() }).nullable(),
});

export const pytorchResult = z.object({
  label: z.string(),
  device: z.string(),
  version: z.string(),
  /** Of the processor; absent in results of before. */
  threads: z.number().int().optional(),
  seconds: z.number(),
  /** Under `torch.compile`; null where that does not work, for the reason in `not_compiled`. */
  seconds_compiled: z.number().nullable(),
  not_compiled: z.string().nullable(),
  loss_agrees: z.boolean(),
  difference: z.number(),
});

export const benchReport = z.object({
  version: z.literal(2),
  date: z.string(),
  quick: z.boolean(),
  adapter: z.string(),
  runtime: z.string(),
  /** Cores, memory, system. */
  machine: z.string(),
  libraries: z.record(z.string(), z.string()),
  /** What could not run here, with its error. */
  unavailable: z.record(z.string(), z.string()),
  /** Parts that failed, with their error; the others went on. */
  failed: z.record(z.string(), z.string()),
  /** How long each part took. */
  part_seconds: byName,
  load_average: z.string(),
  ceiling: rates.extend({ copy_gbps: z.number() }).nullable(),
  matmul: z.array(matmulResult),
  train_step: z.array(trainStepResult),
  decode: z.array(decodeResult),
  rl_step: z.array(rlStepResult),
  scaling: z.array(scalingResult),
  steady: steadyResult.nullable(),
  startup: startupResult.nullable(),
  /** The training steps in PyTorch, where it was there beside the packed benchmark. */
  pytorch: z.array(pytorchResult).optional(),
});

export type Rates = z.infer<typeof rates>;
export type Bound = z.infer<typeof bound>;
export type MatmulResult = z.infer<typeof matmulResult>;
export type TrainStepResult = z.infer<typeof trainStepResult>;
export type DecodeResult = z.infer<typeof decodeResult>;
export type PhaseFigures = z.infer<typeof phaseFigures>;
export type RlStepResult = z.infer<typeof rlStepResult>;
export type ScalingResult = z.infer<typeof scalingResult>;
export type SteadyResult = z.infer<typeof steadyResult>;
export type StartupResult = z.infer<typeof startupResult>;
export type BenchReport = z.infer<typeof benchReport>;
