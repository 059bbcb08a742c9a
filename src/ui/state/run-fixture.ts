/** Builds short streams of events by hand, for tests of what the page makes of them. No figure was measured. */
import type { RunEvent, RunEventOf } from '../../run/events';
import { EXAMPLE_EVENTS } from '../../run/example-events';
import { DEFAULT_MANIFEST, type Manifest } from '../../run/manifest';
import { score } from '../../run/statistics';

const [started] = EXAMPLE_EVENTS.filter((event) => event.type === 'run_started');

export const runStarted = (from_step = 0, manifest: Partial<Manifest> = {}): RunEventOf<'run_started'> => ({
  ...started,
  from_step,
  manifest: { ...DEFAULT_MANIFEST, ...manifest },
});

export const rolloutsStarted = (
  step: number,
  prompts: number[][],
  num_generations = 2,
  limits?: RunEventOf<'rollouts_started'>['limits'],
): RunEventOf<'rollouts_started'> => ({
  type: 'rollouts_started',
  v: 1,
  step,
  prompts,
  num_generations,
  ...(limits && { limits }),
});

export const rolloutsGrown = (
  step: number,
  tokens: number[][],
  finished: boolean[],
): RunEventOf<'rollouts_grown'> => ({ type: 'rollouts_grown', v: 1, step, tokens, finished });

interface Judged {
  tokens: number[];
  reward: number;
  truncated?: boolean;
}

export function promptGroup(step: number, index: number, rollouts: Judged[]): RunEventOf<'prompt_group'> {
  const mean = rollouts.reduce((sum, each) => sum + each.reward, 0) / rollouts.length;
  return {
    type: 'prompt_group',
    v: 1,
    step,
    index,
    problem: { family: 'ladder', tier: 'easy', size: 1, answer: [8, 8] },
    prompt: [1, 5, 6, 17],
    rollouts: rollouts.map(({ tokens, reward, truncated = false }) => ({
      tokens,
      logps: tokens.map(() => -0.5),
      reward,
      advantage: reward - mean,
      truncated,
    })),
    reward_mean: mean,
    reward_std: 0.5,
  };
}

export const stepMetrics = (
  step: number,
  metrics: Record<string, number> = {},
): RunEventOf<'step_metrics'> => ({
  type: 'step_metrics',
  v: 1,
  step,
  metrics: { reward: 0.5, num_tokens: 100 * (step + 1), ...metrics },
  phases_ms: { rollout: 60, reward: 1, update: 39 },
  step_ms: 100,
});

export const evaluation = (step: number, correct: number, samples = 100): RunEventOf<'evaluation'> => ({
  type: 'evaluation',
  v: 1,
  step,
  suite: 'in-domain',
  total: score(correct, samples),
  by_tier: { 'ladder/hard': score(0, 50), 'ladder/easy': score(Math.min(50, correct), 50) },
  mean_length: 20,
  num_tokens: 100 * step,
  duration_ms: 10,
});

export const finished = (step: number, reason: RunEventOf<'finished'>['reason']): RunEventOf<'finished'> => ({
  type: 'finished',
  v: 1,
  step,
  reason,
  message: reason === 'failed' ? 'The device was lost.' : '',
  last_checkpoint: null,
  seconds: 1,
});

/** A whole step of one prompt and two rollouts, one right and one wrong, as it happens. */
export const wholeStep = (step: number): RunEvent[] => [
  { type: 'phase', v: 1, step, phase: 'rollout' },
  rolloutsStarted(step, [[1, 5, 6, 17]]),
  rolloutsGrown(step, [[18], [18]], [false, false]),
  rolloutsGrown(
    step,
    [
      [8, 8, 2],
      [9, 9, 2],
    ],
    [true, true],
  ),
  promptGroup(step, 0, [
    { tokens: [18, 8, 8, 2], reward: 1 },
    { tokens: [18, 9, 9, 2], reward: 0 },
  ]),
  stepMetrics(step),
];
