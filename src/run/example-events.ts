/**
 * A short made-up run: one valid event of every kind, in the order a run writes them. For tests alone; no
 * figure in it was measured.
 */
import type { RunEvent } from './events';
import { DEFAULT_MANIFEST } from './manifest';
import { score } from './statistics';

export const EXAMPLE_EVENTS: readonly RunEvent[] = [
  {
    type: 'run_started',
    v: 1,
    manifest: { ...DEFAULT_MANIFEST, steps: 2, prompts_per_step: 1, num_generations: 2 },
    lab: '0.1.0',
    adapter: {
      vendor: 'example',
      architecture: '',
      device: '',
      description: 'an adapter that does not exist',
      software: true,
      features: ['timestamp-query'],
      limits: { maxBufferSize: 268435456 },
    },
    self_test: {
      status: 'passed',
      reason: '',
      cases: [
        {
          name: 'tiny',
          ok: true,
          quantities: [{ name: 'loss', measure: 'absolute', error: 1e-7, tolerance: 1e-5, ok: true }],
        },
      ],
      duration_ms: 12.5,
    },
    parameters: 145856,
    device_bytes: 4_000_000,
    from_step: 0,
    started_at: '2026-01-02T03:04:05.000Z',
  },
  {
    type: 'evaluation',
    v: 1,
    step: 0,
    suite: 'ladder',
    total: score(3, 8),
    by_tier: { 'accumulator/easy': score(3, 4), 'accumulator/hard': score(0, 4) },
    mean_length: 21.5,
    num_tokens: 0,
    duration_ms: 900,
  },
  { type: 'phase', v: 1, step: 0, phase: 'rollout' },
  { type: 'rollouts_started', v: 1, step: 0, prompts: [[1, 7, 8]], num_generations: 2 },
  { type: 'rollouts_grown', v: 1, step: 0, tokens: [[4], [5]], finished: [false, true] },
  {
    type: 'prompt_group',
    v: 1,
    step: 0,
    index: 0,
    problem: { family: 'accumulator', tier: 'easy', size: 1, answer: [5, 5] },
    prompt: [1, 7, 8],
    rollouts: [
      { tokens: [4, 2], logps: [-0.5, -0.25], reward: 1, advantage: 1, truncated: false },
      { tokens: [5], logps: [-1.5], reward: 0, advantage: -1, truncated: true },
    ],
    reward_mean: 0.5,
    reward_std: 0.5,
  },
  {
    type: 'step_metrics',
    v: 1,
    step: 0,
    metrics: { reward: 0.5, reward_std: 0.5, entropy: 0.31, num_tokens: 3, learning_rate: 2e-4 },
    phases_ms: { rollout: 400, reward: 1, update: 600 },
    step_ms: 1001,
  },
  {
    type: 'warning',
    v: 1,
    step: 0,
    code: 'no-signal',
    message: 'step: expected at least one group with mixed rewards, got none',
    remedy: 'Raise the number of rollouts per prompt.',
  },
  { type: 'checkpoint', v: 1, step: 1, path: 'checkpoints/step-1', bytes: 1_750_000 },
  {
    type: 'finished',
    v: 1,
    step: 2,
    reason: 'stopped',
    message: '',
    last_checkpoint: 1,
    seconds: 2.5,
  },
];
