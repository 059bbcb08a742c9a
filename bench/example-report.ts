/** A report in which every part is, for tests: the numbers are nobody's. */
import type { BenchReport } from './report';

const timing = { median: 1, low: 0.9, high: 1.1, rounds: 3 };
const figures = { wall_ms: 3, gpu_ms: 2, dispatches: 4, bytes_moved: 2 ** 20, bytes_allocated: 0 };
export const REPORT: BenchReport = {
  version: 2,
  date: '2026-11-21',
  quick: true,
  adapter: 'an adapter',
  runtime: 'a runtime',
  machine: '2 cores',
  libraries: { ours: '1' },
  unavailable: { 'ort webgpu': 'Invalid argument' },
  failed: {},
  part_seconds: { matmul: 3 },
  load_average: '1 before, 2 after',
  ceiling: { fma_gflops: 30, load_gvalues: 2, broadcast_gvalues: null, copy_gbps: 2 },
  matmul: [
    {
      name: 'head',
      shape: { m: 2, n: 3, k: 4 },
      gflops: { ours: 9, tfjs: 1, 'jax-js': 2 },
      seconds: { ours: timing },
      difference: { tfjs: 0 },
      ours_over_best_peer: 4.5,
      of_fma_ceiling: 0.3,
      bound: { variant: 'vec4', gflops: 18, share: { loads: 0.8 }, reached: 0.5 },
    },
  ],
  train_step: [
    {
      label: '0.1M',
      params: 147_904,
      rows: 32,
      tokens: 2080,
      seconds: { ours: 0.5, 'jax-js': 1 },
      timing: { ours: timing },
      gflops_ours: 4,
      ours_over_tfjs: null,
      ours_over_jaxjs: 2,
      loss_agrees: true,
      agrees: { 'jax-js': true },
      difference: { 'jax-js': 1e-6 },
      left_out: { tfjs: 'expected at most 25 s a step, got 40 s' },
    },
  ],
  decode: [
    {
      label: '0.1M',
      params: 147_904,
      rows: 256,
      prompt: 16,
      new_tokens: 32,
      tokens_per_second: { ours: 9000, 'ort wasm': 12_000 },
      same_tokens: { 'ort wasm': '256 of 256 rows' },
      ours_over_ort: null,
      ours_over_ort_wasm: 0.75,
      ours_over_jaxjs: null,
    },
  ],
  rl_step: [
    {
      preset: 'quick',
      steps: 4,
      step_ms: 100,
      phases: { rollout: figures },
      work: { prefill: { ...figures, wall_ms: null } },
      gpu_busy: 0.9,
      host_ms: 10,
      tokens_per_second: 1000,
      gflops: 2,
      decode_steps: 48,
    },
  ],
  scaling: [
    {
      of: 'bytes',
      work: 'RL step',
      against: 'group size',
      points: [
        [4, 8],
        [8, 16],
      ],
      exponent: 1,
    },
  ],
  steady: {
    steps: 100,
    gpu_bytes_allocated: 0,
    buffers_created: 0,
    js_heap_growth: null,
    step_time_drift: 0.01,
    step_time_chance: 0.02,
    step_ms: 20,
  },
  startup: { rounds: 2, cold: { first_rollout: 3 }, warm: { first_rollout: 1.9 }, step: null },
};
