/** What the benchmark prints and writes: one JSON object, its fields stable so that results can be compared over time. */
import type { Timing } from './measure';

export interface MatmulResult {
  name: string;
  /** y [m, n] = x [m, k] wᵀ */
  shape: { m: number; n: number; k: number };
  /** By library. */
  gflops: Record<string, number>;
  seconds: Record<string, Timing>;
  /** Largest difference of a peer's result from ours, relative to the largest value. */
  difference: Record<string, number>;
  /** Over the faster of the peers, the median of ratios within a round. */
  ours_over_best_peer: number | null;
  of_fma_ceiling: number;
  /** What bounds it by the kernel that was chosen, and how much of that is reached. */
  bound: Bound & { reached: number };
}

/** What the adapter does of each alone. */
export interface Rates {
  fma_gflops: number;
  /** Values read from a buffer by neighbours a row apart, from the cache. */
  load_gvalues: number;
  /** Values handed to an invocation by another of its subgroup; null where there are none. */
  broadcast_gvalues: number | null;
}

export interface Bound {
  variant: string;
  gflops: number;
  /** Of the bound's time: multiply-adds, loads, broadcasts. */
  share: Record<string, number>;
}

export interface TrainStepResult {
  label: string;
  params: number;
  rows: number;
  tokens: number;
  seconds: Record<string, Timing>;
  gflops_ours: number;
  ours_over_tfjs: number | null;
  ours_over_jaxjs: number | null;
  /** Loss and gradient norm of the first steps within 0.1% of ours, and how far off they were. */
  loss_agrees: Record<string, boolean>;
  difference: Record<string, number>;
}

export interface DecodeResult {
  label: string;
  params: number;
  rows: number;
  prompt: number;
  new_tokens: number;
  tokens_per_second: Record<string, number>;
  /** Same tokens as ours, greedily; how many of how many. */
  same_tokens: Record<string, string>;
  ours_over_ort: number | null;
  ours_over_ort_wasm: number | null;
}

export interface SteadyResult {
  steps: number;
  gpu_bytes_allocated: number;
  buffers_created: number;
  /** Bytes of JS heap after a collection, last third over first third of the steps. */
  js_heap_growth: number | null;
  /** Median step time of the last fifth over that of the first fifth, less 1. */
  step_time_drift: number;
}

export interface PhaseResult {
  preset: string;
  steps: number;
  step_ms: number;
  /** Median milliseconds by phase. */
  phases_ms: Record<string, number>;
  tokens_per_second: number;
  gflops: number;
  decode_steps: number;
}

export interface ScalingResult {
  /** What is varied, and what is measured against it. */
  of: string;
  against: string;
  points: [number, number][];
  /** Fitted exponent: time or bytes grow as the size to this power. */
  exponent: number;
}

export interface BenchReport {
  version: 1;
  date: string;
  quick: boolean;
  adapter: string;
  runtime: string;
  libraries: Record<string, string>;
  /** Peers that could not run here, with their error. */
  unavailable: Record<string, string>;
  load_average: string;
  ceiling: Rates & { copy_gbps: number };
  matmul: MatmulResult[];
  train_step: TrainStepResult[];
  decode: DecodeResult[];
  rl_step: PhaseResult[];
  scaling: ScalingResult[];
  steady: SteadyResult | null;
}
