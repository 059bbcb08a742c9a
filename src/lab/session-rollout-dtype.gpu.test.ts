import { describe, expect, it } from 'vitest';
import type { CheckpointFiles } from '../run/checkpoint';
import type { RunEvent } from '../run/events';
import { type ManifestInput, parseManifest } from '../run/manifest';
import { timelessLine } from '../run/timeless';
import { Session } from './session';
import { QUIET_HOST } from './testing/session-host';

const SMALL: ManifestInput = {
  prompts_per_step: 4,
  num_generations: 4,
  max_completion_length: 40,
  num_iterations: 2,
  eval_problems: 4,
  eval_steps: 1,
  checkpoint_steps: 1,
  steps: 2,
  micro_batch_tokens: 512,
};

async function run(settings: ManifestInput, resume?: CheckpointFiles) {
  const events: RunEvent[] = [];
  const checkpoints: CheckpointFiles[] = [];
  const session = new Session({
    ...QUIET_HOST,
    readCases: async () => [],
    keepCheckpoint: async (_, files) => {
      checkpoints.push(files);
    },
    onEvent: (event) => events.push(event),
  });
  await session.open();
  await session.load(parseManifest({ ...SMALL, ...settings }), resume);
  await session.run();
  expect(session.error).toBeNull();
  await session.close();
  const kept = events.filter((e) => ['prompt_group', 'step_metrics', 'evaluation'].includes(e.type));
  const steps = kept.filter((e) => e.type === 'step_metrics');
  return {
    stream: kept.map((e) => timelessLine(JSON.stringify(e))),
    metrics: steps.map((e) => e.metrics),
    checkpoints,
  };
}

describe('a run whose rollouts read halves', () => {
  it('is the same run again, and when resumed, and tells how far its rollouts are from what is trained', async () => {
    const half = { rollout_dtype: 'float16' } as const;
    const whole = await run(half);
    expect((await run(half)).stream).toEqual(whole.stream);
    const resumed = await run(half, whole.checkpoints[0]);
    expect(whole.stream.slice(-resumed.stream.length)).toEqual(resumed.stream);
    expect(resumed.metrics).toHaveLength(1);
    const full = await run({});
    expect(whole.stream).not.toEqual(full.stream);
    for (const step of [0, 1]) {
      // Halves have 11 bits: far more than the rounding of sums, and far less than the clip range.
      expect(full.metrics[step]['sampling/logp_difference_max']).toBeLessThan(2e-5);
      expect(whole.metrics[step]['sampling/logp_difference_max']).toBeGreaterThan(1e-4);
      expect(whole.metrics[step]['sampling/logp_difference_max']).toBeLessThan(0.1);
      expect(whole.metrics[step]['sampling/logp_difference_mean']).toBeGreaterThan(2e-5);
    }
  });
});
