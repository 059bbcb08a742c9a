import { describe, expect, test } from 'vitest';
import { compareArms } from './compare';
import type { Comparison } from './comparison';
import { record } from './testing';

/** Three runs of GRPO, 100 tokens and 1 s a step, that all end at 0.8. */
const grpo = [
  record({
    seed: 1,
    tokens: [100, 100, 100, 100],
    flops: [4, 4, 4, 4],
    accuracy: { 0: 0.2, 2: 0.6, 4: 0.8 },
  }),
  record({
    seed: 2,
    tokens: [100, 100, 100, 100],
    flops: [4, 4, 4, 4],
    accuracy: { 0: 0.2, 2: 0.5, 4: 0.8 },
  }),
];
/** Half the tokens a step; the first run never gets to 0.8. */
const masa = [
  record({ seed: 1, tokens: [50, 50, 50, 50], flops: [5, 5, 5, 5], accuracy: { 0: 0.2, 2: 0.7, 4: 0.7 } }),
  record({ seed: 2, tokens: [50, 50, 50, 50], flops: [5, 5, 5, 5], accuracy: { 0: 0.2, 2: 0.6, 4: 0.9 } }),
];

const compare = (arms: Record<string, typeof grpo>, missing: Record<string, number[]> = {}): Comparison =>
  compareArms({
    arms: Object.entries(arms).map(([name, runs]) => ({
      name,
      runs,
      missing: (missing[name] ?? []).map((seed) => ({ seed, why: 'it stands at step 1 of 4' })),
    })),
    baseline: 'grpo',
    suite: 'in-domain',
    seeds: [1, 2],
  });

const values = (spread: { values: { value: number }[] } | null | undefined) =>
  spread?.values.map(({ value }) => value);

describe('compareArms', () => {
  const comparison = compare({ grpo, masa });
  const [base, arm] = comparison.arms;

  test('the reference is the mean of the baseline’s last accuracies, the budget what every run has', () => {
    expect(comparison.reference_accuracy).toBeCloseTo(0.8, 12);
    expect(comparison.common).toEqual({ tokens: 200, steps: 4 });
  });

  test('accuracy at equal tokens, by hand', () => {
    // After 50 tokens GRPO is a quarter of the way to 0.6 (0.3), or to 0.5 (0.275); after 100 half (0.4, 0.35); ...
    expect(base.at_equal_tokens.map(({ budget }) => budget)).toEqual([50, 100, 150, 200]);
    const closeTo = (each: number[][]) => each.map((row) => row.map((value) => expect.closeTo(value, 9)));
    expect(base.at_equal_tokens.map(({ accuracy }) => values(accuracy))).toEqual(
      closeTo([
        [0.3, 0.275],
        [0.4, 0.35],
        [0.5, 0.425],
        [0.6, 0.5],
      ]),
    );
    // MASA after 50 tokens is half of the way to 0.7 (0.45) or 0.6 (0.4); after 150 between its last evaluations.
    expect(arm.at_equal_tokens.map(({ accuracy }) => values(accuracy))).toEqual(
      closeTo([
        [0.45, 0.4],
        [0.7, 0.6],
        [0.7, 0.75],
        [0.7, 0.9],
      ]),
    );
    expect(arm.at_equal_tokens.map(({ difference }) => difference?.mean)).toEqual(
      // Means of (0.15, 0.125), (0.3, 0.25), (0.2, 0.325), (0.1, 0.4).
      [0.1375, 0.275, 0.2625, 0.25].map((value) => expect.closeTo(value, 9)),
    );
    expect(base.at_equal_tokens[0].difference).toBeNull();
  });

  test('costs to a share of the final accuracy and their ratios, by hand', () => {
    // 80% of 0.8 is 0.64. GRPO: (0.04 / 0.2) and (0.14 / 0.3) of the way from step 2 to 4: 240 and 293.3 tokens.
    const [to80, , , , to100] = arm.targets;
    expect(to80).toMatchObject({
      share: 0.8,
      accuracy: expect.closeTo(0.64, 9),
      reached: 2,
      of: 2,
      pairs: 2,
    });
    expect(values(base.targets[0].costs.tokens)).toEqual([240, 880 / 3].map((v) => expect.closeTo(v, 6)));
    // MASA: (0.44 / 0.5) of the way from step 0 to 2, 88 tokens; (0.04 / 0.3) from step 2 to 4, 113.3 tokens.
    expect(values(to80.costs.tokens)).toEqual([88, 340 / 3].map((v) => expect.closeTo(v, 6)));
    expect(values(to80.ratios?.tokens)).toEqual([240 / 88, 880 / 340].map((v) => expect.closeTo(v, 9)));
    expect(to80.ratios?.tokens?.mean).toBeCloseTo(Math.sqrt((240 / 88) * (880 / 340)), 9);
    // In FLOPs a step costs 4 against 5: the ratio is that in steps times 0.8.
    expect(values(to80.ratios?.flops)).toEqual(
      [(2.4 / 1.76) * 0.8, (88 / 30 / (34 / 15)) * 0.8].map((v) => expect.closeTo(v, 9)),
    );
    // All of 0.8 is reached by one run of the arm alone: the other is counted, not dropped.
    expect(to100).toMatchObject({ reached: 1, of: 2, pairs: 1, of_pairs: 2 });
    // 0.2 / 0.3 of the way from step 2 to 4, 166.7 tokens, against 400.
    expect(values(to100.ratios?.tokens)).toEqual([expect.closeTo(2.4, 9)]);
    expect(base.targets[4].ratios).toBeNull();
  });

  test('final accuracies with their change, paired by seed', () => {
    const { start, end, change, difference } = arm.final['in-domain'];
    expect([start?.mean, end?.mean, change?.mean, difference?.mean]).toEqual(
      [0.2, 0.8, 0.6, 0].map((value) => expect.closeTo(value, 9)),
    );
    expect(values(difference)).toEqual([-0.1, 0.1].map((value) => expect.closeTo(value, 9)));
  });

  test('with two seeds there is no interval anywhere, and a note says why', () => {
    expect(JSON.stringify(comparison)).not.toContain('"interval":[');
    expect(comparison.notes).toContainEqual(
      expect.stringContaining('no intervals: the bootstrap over seeds needs at least 3'),
    );
  });

  test('a baseline that scatters reaches its own mean in some runs only', () => {
    const scattered = [grpo[0], record({ seed: 2, tokens: [100], accuracy: { 0: 0.2, 1: 0.4 } })];
    // Mean of the ends 0.8 and 0.4: 0.6, which the second never reaches.
    const { arms, notes, reference_accuracy } = compare({ grpo: scattered });
    expect(reference_accuracy).toBeCloseTo(0.6, 9);
    expect(arms[0].targets[4]).toMatchObject({ reached: 1, of: 2 });
    expect(notes).toContainEqual(expect.stringContaining('reaches its mean final accuracy in 1 of 2 runs'));
  });

  test('a missing seed is named, and pairs are those seeds that both have', () => {
    const { arms, notes } = compare({ grpo, masa: [masa[1]] }, { masa: [1] });
    expect(notes).toContain('masa, seed 1, is missing: it stands at step 1 of 4');
    expect(arms[1].targets[0]).toMatchObject({ reached: 1, of: 1, pairs: 1, of_pairs: 1 });
    expect(values(arms[1].final['in-domain'].difference)).toEqual([expect.closeTo(0.1, 9)]);
  });

  test('a target that is there before the first step makes no ratio', () => {
    const able = record({ seed: 1, tokens: [50], accuracy: { 0: 0.9, 1: 0.9 } });
    const target = compare({ grpo, able: [able] }).arms[1].targets[0];
    expect(target).toMatchObject({ reached: 1, pairs: 0, of_pairs: 1 });
    expect(target.ratios?.tokens).toBeNull();
  });

  test('no runs at all, of the baseline or of anyone, is a comparison without figures', () => {
    expect(compare({ grpo: [], masa }).arms[1].targets).toEqual([]);
    const empty = compare({ grpo: [], masa: [] });
    expect(empty.reference_accuracy).toBeNull();
    expect(empty.common).toEqual({ tokens: null, steps: null });
  });

  test('runs of one arm that are not of one kind are noted; another number of steps is no other kind', () => {
    const mixed = [
      grpo[0],
      record({ seed: 2, tokens: [100], settings: { learning_rate: 0.1 }, accuracy: { 0: 0.2, 1: 0.4 } }),
    ];
    expect(compare({ grpo: mixed }).notes).toContain(
      'the runs of grpo are not of one kind: they differ in learning_rate',
    );
  });

  test('arms that are evaluated differently, or start from another model, are noted; an unknown baseline is refused', () => {
    const other = record({
      tokens: [10],
      settings: { eval_samples: 4, model: 'long-tail-base' },
      accuracy: {},
    });
    const { notes } = compare({ grpo, other: [other] });
    expect(notes).toContainEqual('arms cannot be compared, model: grpo ladder-base, other long-tail-base');
    expect(notes).toContainEqual('arms are measured differently, eval_samples: grpo 1, other 4');
    expect(notes).toContainEqual('other: no evaluation on suite in-domain');
    expect(() => compare({ masa })).toThrow('expected the baseline to be one of masa, got "grpo"');
  });
});
