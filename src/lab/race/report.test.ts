import { describe, expect, test } from 'vitest';
import { type MadeUpRun, record } from '../../rl/comparison/testing';
import { bandsOf } from './bands';
import { type Entry, reportOf } from './report';

/** GRPO with 100 tokens a step; the other with 50. Both come from .2 to .6 in two steps. */
const grpo = (seed: number, change: Partial<MadeUpRun> = {}) =>
  record({ seed, tokens: [100, 100], accuracy: { 0: 0.2, 1: 0.4, 2: 0.6 }, ...change });
const cheap = (seed: number, change: Partial<MadeUpRun> = {}) =>
  record({ seed, tokens: [50, 50], accuracy: { 0: 0.2, 1: 0.4, 2: 0.6 }, ...change });

const entry = (arm: string, made: ReturnType<typeof record>, change: Partial<Entry> = {}): Entry => ({
  arm,
  seed: made.manifest.seed,
  record: made,
  ended: true,
  failed: '',
  ...change,
});

const report = (entries: Entry[]) => reportOf('in-domain', ['grpo', 'cheap'], entries);

describe('the report of a race', () => {
  test('before a seed is settled it is of the seed under way, to what the baseline has come to', () => {
    const made = report([
      entry('grpo', grpo(1, { tokens: [100], accuracy: { 0: 0.2, 1: 0.4 } }), { ended: false }),
      entry('cheap', cheap(1, { tokens: [50], accuracy: { 0: 0.2, 1: 0.4 } }), { ended: false }),
    ]);
    expect(made).toMatchObject({ provisional: true, seeds: [1], paper: 1.28 });
    expect(made.comparison!.reference_accuracy).toBeCloseTo(0.4, 12);
    const target = made.comparison!.arms[1].targets.find(({ share }) => share === 1)!;
    // 100 tokens against 50.
    expect(target.ratios!.tokens!.mean).toBeCloseTo(2, 12);
  });

  test('once seeds are settled the one under way is drawn and not counted', () => {
    const made = report([
      entry('grpo', grpo(1)),
      entry('cheap', cheap(1)),
      entry('grpo', grpo(2, { tokens: [100], accuracy: { 0: 0.2, 1: 0.1 } }), { ended: false }),
      entry('cheap', cheap(2, { tokens: [50], accuracy: { 0: 0.2 } }), { ended: false }),
    ]);
    expect(made).toMatchObject({ provisional: false, seeds: [1] });
    expect(made.comparison!.reference_accuracy).toBeCloseTo(0.6, 12);
    expect(made.curves.map(({ arm, seed, settled }) => [arm, seed, settled])).toEqual([
      ['grpo', 1, true],
      ['cheap', 1, true],
      ['grpo', 2, false],
      ['cheap', 2, false],
    ]);
  });

  test('an arm that failed is missing, with why, and the others are compared', () => {
    const made = report([
      entry('grpo', grpo(1)),
      entry('cheap', cheap(1, { tokens: [50], accuracy: { 0: 0.2 } }), {
        failed: 'it failed at step 1: NaN',
      }),
    ]);
    expect(made.comparison!.arms[1]).toMatchObject({
      runs: [],
      missing: [{ seed: 1, why: 'it failed at step 1: NaN' }],
    });
    expect(made.bands.map(({ arm }) => arm)).not.toContain('cheap');
  });

  test('nothing is compared before every arm was evaluated', () => {
    const made = report([
      entry('grpo', grpo(1)),
      entry('cheap', cheap(1, { tokens: [], accuracy: {} }), { ended: false }),
    ]);
    expect(made.comparison).toBeNull();
    expect(made.arithmetic).toEqual([]);
  });

  test('the arithmetic is there for every target, of every arm but the baseline', () => {
    const made = report([entry('grpo', grpo(1)), entry('cheap', cheap(1))]);
    expect(made.arithmetic.map(({ arm, share }) => [arm, share])).toEqual(
      [0.8, 0.9, 0.95, 0.975, 1].map((share) => ['cheap', share]),
    );
    // No gate: nothing is spared, and e is 1 as both trained on as many informative prompts.
    expect(made.arithmetic[4].arithmetic.pairs[0]).toMatchObject({ r: 0, f: 0, e: 1, measured: 2 });
  });
});

describe('bands', () => {
  const curve = (places: number[], accuracies: number[]) =>
    places.map((tokens, i) => ({
      accuracy: accuracies[i],
      costs: { steps: i, tokens, tokens_with_audit: tokens, flops: null, decode_steps: 0, seconds: i },
    }));
  const on = (axis: string, curves: ReturnType<typeof curve>[]) =>
    bandsOf('a', curves).find((band) => band.axis === axis);

  test('a single seed is its own curve, without bounds', () => {
    expect(on('tokens', [curve([0, 80], [0.1, 0.5])])).toMatchObject({
      seeds: 1,
      points: [
        { x: 0, mean: 0.1, low: null, high: null },
        { x: 80, mean: 0.5, low: null, high: null },
      ],
    });
  });

  test('two seeds have their range, between evaluations on the line, as far as both go', () => {
    const band = on('tokens', [curve([0, 80], [0, 0.8]), curve([0, 160], [0, 0.8])])!;
    expect(band.points.at(-1)).toMatchObject({ x: 80, low: 0.4, high: 0.8 });
    expect(band.points.at(-1)!.mean).toBeCloseTo(0.6, 12);
  });

  test('where all were evaluated at the same steps, those are the points; what was not measured has no band', () => {
    const curves = [curve([0, 80, 90], [0, 0.8, 0.8]), curve([0, 160, 170], [0, 0.8, 0.8])];
    expect(on('steps', curves)!.points.map(({ x }) => x)).toEqual([0, 1, 2]);
    expect(on('flops', curves)).toBeUndefined();
  });

  test('three seeds have the bootstrap interval of the mean, inside their range', () => {
    const band = on(
      'steps',
      [0.2, 0.4, 0.9].map((end) => curve([0, 10], [0, end])),
    )!;
    const { mean, low, high } = band.points[1];
    expect(mean).toBeCloseTo(0.5, 12);
    expect(low).toBeGreaterThanOrEqual(0.2);
    expect(high).toBeLessThanOrEqual(0.9);
    expect(low! < mean && mean < high!).toBe(true);
  });
});
