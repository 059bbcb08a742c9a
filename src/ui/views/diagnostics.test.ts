import { describe, expect, test } from 'vitest';
import { DEFAULT_MANIFEST, type Manifest } from '../../run/manifest';
import type { StepPoint } from '../state/run-view';
import { diagnose, findingsTable } from './diagnostics';
import type { RunSoFar } from './diagnostics-input';
import { audit, group, record } from './view-fixture';

/** One finished step for each of `metrics`, healthy but for what is given. */
const HEALTHY = {
  reward: 0.5,
  frac_reward_zero_std: 0.3,
  entropy: 0.3,
  loss: 0.4,
  grad_norm: 0.2,
  'clip_ratio/region_mean': 0.01,
};
const steps = (metrics: readonly Record<string, number>[]): StepPoint[] =>
  metrics.map((each, step) => ({
    step,
    numTokens: 100 * (step + 1),
    metrics: { ...HEALTHY, ...each },
    phasesMs: {},
    stepMs: 100,
  }));

const run = (
  metrics: readonly Record<string, number>[],
  manifest: Partial<Manifest> = {},
  more: Partial<RunSoFar> = {},
): RunSoFar => ({
  manifest: { ...DEFAULT_MANIFEST, ...manifest },
  steps: steps(metrics),
  evaluations: [],
  records: [],
  kept: [],
  ...more,
});

const times = <T>(count: number, each: T): T[] => Array.from({ length: count }, () => each);
const codes = (of: RunSoFar) => diagnose(of).map((finding) => finding.code);

test('of a healthy run there is nothing to say, and of one that has hardly begun neither', () => {
  expect(codes(run(times(20, {})))).toEqual([]);
  expect(codes(run(times(2, { frac_reward_zero_std: 1 })))).toEqual([]);
});

describe('rewards that fell', () => {
  // Ten steps about 0.7, ten about 0.4, both with a scatter of 0.02.
  const fallen = [
    ...Array.from({ length: 10 }, (_, i) => ({ reward: 0.7 + (i % 2 ? 0.02 : -0.02) })),
    ...Array.from({ length: 10 }, (_, i) => ({ reward: 0.4 + (i % 2 ? 0.02 : -0.02) })),
  ];

  test('are told with both means and the step after which they fell', () => {
    const [finding] = diagnose(run(fallen));
    expect(finding).toMatchObject({ code: 'reward-fell', kind: 'problem', rollBackTo: null });
    // Of the stretches of five with three of 0.72 and two of 0.68 the latest: steps 5 to 9.
    expect(finding.title).toBe('Rewards fell after step 9');
    expect(finding.evidence).toContain('was 0.704 over the 5 steps up to 9 and is 0.404 over the latest 5');
  });

  test('offer the last kept step from before the fall, and none from after it', () => {
    const to = (...kept: number[]) => diagnose(run(fallen, {}, { kept }))[0].rollBackTo;
    expect(to(5, 10, 15, 20)).toBe(10);
    expect(to(3, 8, 12)).toBe(8);
    expect(to(11, 20)).toBeNull();
    // The start is what one gets by resetting.
    expect(to(0, 20)).toBeNull();
  });

  test('are not told where the scatter is as large as the fall', () => {
    const noisy = Array.from({ length: 20 }, (_, i) => ({ reward: i % 2 ? 0.9 : 0.1 }));
    expect(codes(run(noisy))).toEqual([]);
  });
});

test('groups without signal: all wrong and all right ask for different things', () => {
  const wrong = diagnose(run(times(6, { frac_reward_zero_std: 1, reward: 0 })))[0];
  expect(wrong.code).toBe('all-failed');
  expect(wrong.evidence).toContain('Over the latest 5 steps, 100% of the groups');
  expect(wrong.evidence).toContain('in 5 of them every group');
  const right = diagnose(run(times(6, { frac_reward_zero_std: 0.95, reward: 0.99 })))[0];
  expect(right.code).toBe('all-solved');
  expect(codes(run(times(6, { frac_reward_zero_std: 0.8 })))).toEqual([]);
});

test('entropy collapsed: low, or fallen to a small part of its start, before the problems are solved', () => {
  expect(codes(run(times(6, { entropy: 0.01 })))).toEqual(['entropy-collapsed']);
  const falling = [...times(6, { entropy: 0.5 }), ...times(6, { entropy: 0.06 })];
  expect(codes(run(falling))).toEqual(['entropy-collapsed']);
  // Step 5 is the last with more than half of the first entropy: the state after it is the sixth.
  expect(diagnose(run(falling, {}, { kept: [2, 6, 9] }))[0].rollBackTo).toBe(6);
  expect(diagnose(run(falling))[0].evidence).toBe(
    '0.06 nats a token over the latest 5 steps, 0.5 over the first 5; the mean reward is 0.500.',
  );
  expect(codes(run(times(6, { entropy: 0.01, reward: 0.95 })))).toEqual([]);
});

test('the length limit is met by rollouts that were truncated, not by those that were cut', () => {
  const rollouts = (truncated: number, cut: boolean) =>
    record(0, {
      groups: [
        group(0, 0, 0, [
          ...times(truncated, { length: 80, reward: 0, truncated: true, ...(cut && { cut }) }),
          ...times(10 - truncated, { length: 9, reward: 1 }),
        ]),
      ],
    });
  const found = (truncated: number, cut = false) =>
    diagnose(run(times(5, {}), {}, { records: [rollouts(truncated, cut)] }));
  expect(found(3)[0].evidence).toBe(
    '3 of the latest 10 rollouts (30.0%) never reached their end; 0 of these were right.',
  );
  expect(found(3, true)).toEqual([]);
  expect(found(0)).toEqual([]);
});

test('a loss next to zero is odd, not a problem, and only with a gradient and one update a batch', () => {
  const small = times(12, { loss: 0.002 });
  const [finding] = diagnose(run(small));
  expect(finding).toMatchObject({ code: 'loss-near-zero', kind: 'odd' });
  expect(finding.evidence).toContain('Loss 0.002, mean size 0.002 over 5 steps; the gradient’s norm is 0.2');
  expect(finding.why).toContain('exactly 1');
  expect(diagnose(run(small, { rollout_dtype: 'float16' }))[0].why).toContain('next to 1');
  expect(codes(run(small, { num_iterations: 2 }))).toEqual([]);
  expect(codes(run(small, { beta: 0.04 }))).toEqual([]);
  expect(codes(run(times(12, { loss: 0, grad_norm: 0 })))).toEqual([]);
});

test('nothing clipped: by design with one update a batch, otherwise because the policy moves little', () => {
  const unclipped = times(5, { 'clip_ratio/region_mean': 0 });
  expect(diagnose(run(unclipped))[0].title).toContain('by design');
  expect(diagnose(run(unclipped))[0].why).toContain('they are the same');
  expect(diagnose(run(unclipped, { rollout_dtype: 'float16' }))[0].why).toContain(
    'the rounding of rollout_dtype',
  );
  expect(diagnose(run(unclipped))[0].evidence).toContain('a clip range of 0.8 to 1.28');
  expect(diagnose(run(unclipped, { num_iterations: 2 }))[0].title).toContain('moves little');
});

describe('of MASA', () => {
  const masa = { masa_meta: 'train', masa_gate: true, masa_cutoff: true } as const;
  const audited = (parts: Parameters<typeof audit>[1], cut: Parameters<typeof audit>[2] = null) => ({
    records: [record(0, { audit: audit(0, parts, cut) })],
  });

  test('a cutoff that stops right answers is told once the interval leaves no doubt', () => {
    // Wilson's lower end of 6 of 10 is 0.31, of 1 of 10 it is 0.018.
    const lost = (auditedCorrect: number) =>
      codes(
        run(
          times(5, {}),
          masa,
          audited(null, { tally: { rollouts: 90, cut: 20, audited: 10, auditedCorrect } }),
        ),
      );
    expect(lost(6)).toEqual(['cutoff-loses']);
    expect(lost(1)).toEqual([]);
  });

  test('a gate that skips what would have taught something is told by its audit', () => {
    // Wilson's lower end of 9 of 10 is 0.6, of 6 of 10 it is 0.31.
    const wrong = (sampledInformative: number) =>
      codes(
        run(
          times(5, {}),
          masa,
          audited({ tally: { gated: 40, sampledInformative, sampledZero: 10 - sampledInformative } }),
        ),
      );
    expect(wrong(9)).toEqual(['gate-wrong']);
    expect(wrong(6)).toEqual([]);
  });

  test('a gate that leaves too few prompts in most steps, and predictions that do not parse', () => {
    expect(codes(run(times(5, { 'masa/gate/floor': 3 }), masa))).toEqual(['gate-starves']);
    expect(codes(run(times(5, { 'masa/parse_rate': 0.2 }), masa))).toEqual(['predictions-unreadable']);
  });
});

test('what costs most comes first, what only looks odd comes last, and the table has them all', () => {
  const findings = diagnose(
    run(times(6, { frac_reward_zero_std: 1, reward: 0, entropy: 0.001, 'clip_ratio/region_mean': 0 })),
  );
  expect(findings.map((each) => each.code)).toEqual(['all-failed', 'entropy-collapsed', 'nothing-clipped']);
  expect(findingsTable(findings).rows).toHaveLength(3);
});
