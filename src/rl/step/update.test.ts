import { describe, expect, test } from 'vitest';
import type { Decoded } from '../../model/decoder';
import type { LossSettings } from '../../model/loss';
import { type ManifestInput, parseManifest } from '../../run/manifest';
import { LADDER } from '../../tasks/ladder';
import type { Candidate, SolutionGroup, SolutionRollout, StepContext } from './context';
import { solutionAdvantages } from './judge';
import type { JudgedPredictions } from './reward-predictions';
import { metaRows, solutionRows, update } from './update';

const context = (settings: ManifestInput): StepContext =>
  ({ manifest: parseManifest(settings), task: LADDER, step: 0 }) as unknown as StepContext;

const decoded = (length: number, truncated = false): Decoded => ({
  tokens: new Array(length).fill(7),
  logps: new Array(length).fill(-1),
  entropies: new Array(length).fill(0.5),
  truncated,
});

const candidate: Candidate = {
  index: 0,
  problem: LADDER.trainProblem(0, 0, 0),
  meta: null,
  decision: null,
  role: 'open',
};

const rollout = (length: number, reward: number, more: Partial<SolutionRollout> = {}): SolutionRollout => ({
  prompt: [1, 2, 3],
  hintSource: null,
  seen: decoded(length),
  cut: false,
  full: null,
  reward,
  shaping: 0,
  counted: true,
  ...more,
});

const group = (...rollouts: SolutionRollout[]): SolutionGroup => ({
  candidate,
  cutoff: null,
  rollouts,
  zeroVariance: false,
});

const predictions = (lengths: number[], advantages: number[] | null): JudgedPredictions => ({
  candidate,
  meta: {
    prompt: [1, 5],
    completions: lengths.map((length) => decoded(length)),
    predictions: [],
    passDistribution: null,
    expectedLength: null,
    tokens: 0,
  },
  truth: null,
  scored: null,
  advantages,
});

describe('solution rows', () => {
  test('a row is its own prompt and completion, active on the completion alone', () => {
    const [row] = solutionRows(context({}), [group(rollout(2, 1, { prompt: [1, 9, 9, 3] }))], [[1]]);
    expect(row.tokens).toEqual([1, 9, 9, 3, 7, 7]);
    expect(row.active).toEqual([4, 5]);
  });

  test('a rollout without advantage counts in the normalisation and is not computed', () => {
    // 2 + 3 + 5 active tokens: each weighs 1/10.
    const rows = solutionRows(
      context({}),
      [group(rollout(2, 1), rollout(3, 0), rollout(5, 0))],
      [[1, -1, 0]],
    );
    expect(rows.map((r) => r.weight)).toEqual([0.1, 0.1]);
  });

  test('a cut rollout is trained on when it scores 0, and neither computed nor counted when it is masked', () => {
    const cut = (counted: boolean) => rollout(6, 0, { cut: true, counted, seen: decoded(6, true) });
    const zero = solutionRows(context({}), [group(rollout(2, 1), cut(true))], [[1, -1]]);
    expect(zero.map((r) => r.weight)).toEqual([1 / 8, 1 / 8]);
    const masked = solutionRows(context({}), [group(rollout(2, 1), rollout(2, 0), cut(false))], [[1, -1, 0]]);
    expect(masked.map((r) => r.weight)).toEqual([1 / 4, 1 / 4]);
  });

  test('masking the truncated leaves those alone that were cut', () => {
    const rows = solutionRows(
      context({ mask_truncated_completions: true }),
      [
        group(
          rollout(2, 1),
          rollout(6, 0, { cut: true, seen: decoded(6, true) }),
          rollout(80, 0, { seen: decoded(80, true) }),
        ),
      ],
      [[1, -0.5, -0.5]],
    );
    expect(rows.map((r) => r.active.length)).toEqual([2, 6]);
  });
});

describe('meta rows', () => {
  test('are normalised over their own tokens, times their weight', () => {
    // 4 + 6 tokens; 0.5 / 10 each.
    const rows = metaRows(context({ masa_meta: 'train', masa_loss_weight: 0.5 }), [
      predictions([4, 6], [1, -1]),
    ]);
    expect(rows.map((r) => r.weight)).toEqual([0.05, 0.05]);
    expect(rows[0].active).toEqual([2, 3, 4, 5]);
  });

  test('under Dr. GRPO the constant length is that of a prediction', () => {
    const rows = metaRows(context({ masa_meta: 'train', masa_loss_weight: 1, loss_type: 'dr_grpo' }), [
      predictions([4, 6], [1, -1]),
    ]);
    expect(rows[0].weight).toBeCloseTo(1 / (2 * LADDER.meta!.maxCompletionLength), 12);
  });

  test('predictions without a group in the loss are no rows, nor are any at a weight of 0', () => {
    expect(metaRows(context({ masa_meta: 'train' }), [predictions([4, 6], null)])).toEqual([]);
    const weightless = context({ masa_meta: 'train', masa_loss_weight: 0 });
    expect(metaRows(weightless, [predictions([4, 6], [1, -1])])).toEqual([]);
  });
});

describe('advantages', () => {
  test('of a group with a masked rollout are those of the others alone', () => {
    // Rewards 1, 0 without the masked 0: mean 1/2, deviation 1/2.
    const masked = rollout(6, 0, { cut: true, counted: false });
    const [advantages] = solutionAdvantages([group(rollout(2, 1), masked, rollout(2, 0))], 'group');
    expect(advantages[0]).toBeCloseTo(1, 5);
    expect(advantages[1]).toBe(0);
    expect(advantages[2]).toBeCloseTo(-1, 5);
  });

  test.each(['group', 'batch', 'none'] as const)(
    'of a group that is masked as a whole are 0, scaled by %s',
    (scale) => {
      const masked = () => rollout(6, 0, { cut: true, counted: false });
      expect(solutionAdvantages([group(masked(), masked())], scale)).toEqual([[0, 0]]);
    },
  );
});

describe('the updates on a batch', () => {
  /** Where each update's old log-probabilities come from. */
  const olds = async (settings: ManifestInput): Promise<string[]> => {
    const seen: string[] = [];
    const trainStep = async (_: unknown, loss: LossSettings) => {
      seen.push(loss.old);
      return { gradient: { norm: 1, scale: 1, finite: true, broken: 0 }, rollouts: [] };
    };
    const row = { tokens: [1, 2], active: [1], advantage: 1, weight: 1, oldLogps: [-1] };
    await update({ ...context(settings), policy: { trainStep } } as unknown as StepContext, [row]);
    return seen;
  };

  test('begin with a ratio of 1 where the policy itself sampled, else with that to the one that did', async () => {
    expect(await olds({ num_iterations: 3 })).toEqual(['current', 'given', 'given']);
    expect(await olds({ num_iterations: 3, rollout_dtype: 'float16' })).toEqual(['given', 'given', 'given']);
    expect(await olds({ rollout_dtype: 'float16' })).toEqual(['given']);
  });
});
