import { describe, expect, test } from 'vitest';
import { arithmeticOf } from './arithmetic';
import type { RunRecord } from './record';
import { type MadeUpRun, record } from './testing';

const runs = (...all: MadeUpRun[]): Map<number, RunRecord> =>
  new Map(all.map((run) => [run.seed ?? 1, record(run)]));

/** Reaches 0.5 after 4 of its 5 steps of 100 tokens; half of its prompts, and so of its tokens, have no variance. */
const grpo: MadeUpRun = {
  tokens: [100, 100, 100, 100, 100],
  informative: [1, 1, 1, 1, 1],
  accuracy: { 0: 0.1, 4: 0.5, 5: 0.6 },
};

/**
 * Reaches 0.5 after 2 steps. A step: the gate closes on half of four prompts of 50 tokens, of which one is sampled and
 * has no variance; of the two kept, one has. So r = 100 / 150, f = 0 of its own; meta 10 and audit 50 tokens a step.
 */
const gated: MadeUpRun = {
  settings: { masa_meta: 'train', masa_gate: true },
  tokens: [100, 100],
  informative: [1, 1],
  meta: [10, 10],
  audit: [50, 50],
  gate: [1, 2].map(() => ({
    gated: 2,
    sampledZero: 1,
    sampledZeroTokens: 50,
    keptZero: 1,
    keptInformative: 1,
    keptZeroTokens: 50,
    keptInformativeTokens: 50,
    auditTokens: 50,
    metaTokens: 10,
  })),
  accuracy: { 0: 0.1, 2: 0.5 },
};

describe('arithmeticOf', () => {
  test('reads the inputs off both runs up to the target and predicts the speed-up, by hand', () => {
    const { pairs, predicted, measured, lost, reason, ceiling } = arithmeticOf(
      runs(grpo),
      runs(gated),
      'in-domain',
      0.95,
      0.5,
    );
    const [pair] = pairs;
    // Without a gate its steps had been 50 + 50 (kept) + 2 x 50 (gated) = 200 tokens each.
    const [z, r, f, m] = [0.5, 100 / 150, 0, (20 + 100) / 400];
    // GRPO trained on 4 informative prompts up to there, the arm on 2.
    const e = 2;
    for (const [key, value] of Object.entries({ z, r, f, m, e, c: 0 }))
      expect(pair[key as 'z'], key).toBeCloseTo(value, 12);
    const speedup = e / (m + 1 - r * z);
    expect(pair.predicted).toBeCloseTo(speedup, 12);
    expect(pair.predicted_at_equal_learning).toBeCloseTo(speedup / 2, 12);
    expect(pair.break_even_e).toBeCloseTo(m + 1 - r * z, 12);
    // 400 tokens against 2 x (100 + 10 + 50) with the audit.
    expect(pair.measured).toBeCloseTo(400 / 320, 12);
    expect(ceiling?.mean).toBeCloseTo(2, 12);
    expect(predicted?.mean).toBeCloseTo(speedup, 12);
    expect(measured?.mean).toBeCloseTo(1.25, 12);
    // The factors lead from the ceiling to what was measured.
    const product = Object.values(lost).reduce((all, factor) => all * factor!.mean, 2);
    expect(product).toBeCloseTo(1.25, 9);
    expect(reason).toBe('');
  });

  test('a cutoff divides what is spent', () => {
    const cut: MadeUpRun = {
      ...gated,
      // A step: 4 rollouts of 100 tokens together, 1 of 2 cut ones audited, which wrote 25 more: 25 saved of 150.
      cutoff: [1, 2].map(() => ({
        rollouts: 4,
        cut: 2,
        audited: 1,
        auditedCorrect: 0,
        auditedTokensBeyond: 25,
        tokens: 100,
      })),
    };
    const of = (run: MadeUpRun) => arithmeticOf(runs(grpo), runs(run), 'in-domain', 0.95, 0.5).pairs[0];
    const [plain, saving] = [of(gated), of(cut)];
    const share = 25 / 150;
    expect(saving.c).toBeCloseTo(share, 12);
    expect(saving.predicted).toBeCloseTo(plain.predicted / (1 - share), 12);
    expect(saving.break_even_e).toBeCloseTo(plain.break_even_e! * (1 - share), 12);
  });

  test('an arm without a gate has no recall and no false positives, and its predictions are its overhead', () => {
    const masa: MadeUpRun = { ...grpo, settings: { masa_meta: 'train' }, meta: [20, 20, 20, 20, 20] };
    const [pair] = arithmeticOf(runs(grpo), runs(masa), 'in-domain', 0.95, 0.5).pairs;
    expect(pair).toMatchObject({ r: 0, f: 0, e: 1, c: 0, m: expect.closeTo(0.2, 12) });
    // It learns as much for 1.2 times the tokens: predicted and measured agree.
    expect(pair.predicted).toBeCloseTo(1 / 1.2, 12);
    expect(pair.measured).toBeCloseTo(1 / 1.2, 12);
  });

  test('the baseline beside itself gains nothing and loses nothing', () => {
    const { pairs } = arithmeticOf(runs(grpo), runs(grpo), 'in-domain', 0.95, 0.5);
    expect(pairs[0]).toMatchObject({ e: 1, m: 0, predicted: 1, measured: 1, break_even_e: 1 });
  });

  test('a pair that cannot be worked out is left out by name, and the others are not', () => {
    const blind: MadeUpRun = {
      ...gated,
      seed: 2,
      gate: gated.gate?.map((each) => ({ ...each, sampledZero: 0 })),
    };
    const slow: MadeUpRun = { ...gated, seed: 3, accuracy: { 0: 0.1, 2: 0.3 } };
    const able: MadeUpRun = { ...gated, seed: 4, accuracy: { 0: 0.7 } };
    const idle: MadeUpRun = { ...gated, seed: 5, informative: [0, 0] };
    const all = [1, 2, 3, 4, 5].map((seed) => ({ ...grpo, seed }));
    const { pairs, of_pairs, reason } = arithmeticOf(
      runs(...all),
      runs(gated, blind, slow, able, idle),
      'in-domain',
      0.95,
      0.5,
    );
    expect([pairs.map(({ seed }) => seed), of_pairs]).toEqual([[1], 5]);
    expect(reason).toBe(
      [
        'seed 2: the gate closed and no closed prompt was rolled out to check it',
        'seed 3: the arm never reached the target',
        'seed 4: the target was reached before the first step',
        'seed 5: no informative prompt was trained on',
      ].join('; '),
    );
    expect(arithmeticOf(runs(grpo), new Map(), 'in-domain', 0.95, 0.5).reason).toBe(
      'no seed has a run of both',
    );
  });
});
