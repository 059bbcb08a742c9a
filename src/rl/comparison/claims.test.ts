import { describe, expect, test } from 'vitest';
import { verdictOf } from './claims';
import { compareArms } from './compare';
import type { Comparison } from './comparison';
import { type MadeUpRun, record } from './testing';

const SEEDS = [1, 2, 3];

const arm = (name: string, run: Omit<MadeUpRun, 'seed'>, accuracies?: Record<number, number>[]) => ({
  name,
  runs: SEEDS.map((seed, i) => record({ ...run, seed, ...(accuracies && { accuracy: accuracies[i] }) })),
  missing: [],
});

const grpo = (run: Partial<MadeUpRun> = {}) =>
  arm('grpo', { tokens: [100, 100], accuracy: { 0: 0.2, 2: 0.6 }, ...run });

const claims = (...arms: ReturnType<typeof arm>[]): Comparison['claims'] =>
  compareArms({ arms, baseline: 'grpo', suite: 'in-domain', seeds: SEEDS }).claims;

const masa = { settings: { masa_meta: 'train' as const }, tokens: [50, 50], meta: [0, 0] };

describe('verdictOf', () => {
  const spread = (interval: [number, number] | null) => ({ mean: 1, interval, values: [] });

  test('an interval on one side of no effect decides, one that touches it does not', () => {
    expect(verdictOf(spread([1.1, 1.5]), 1)).toBe('reproduced');
    expect(verdictOf(spread([0.5, 0.9]), 1)).toBe('contradicted');
    expect(verdictOf(spread([0.9, 1.5]), 1)).toBe('not shown');
    expect(verdictOf(spread([1, 1.5]), 1)).toBe('not shown');
  });

  test('without an interval nothing is shown, without figures nothing was measured', () => {
    expect(verdictOf(spread(null), 1)).toBe('not shown');
    expect(verdictOf(null, 1)).toBe('not measured');
  });
});

describe('claims', () => {
  test('half the tokens to the same accuracy in every seed is a speed-up', () => {
    const [speed] = claims(grpo(), arm('masa', { ...masa, accuracy: { 0: 0.2, 2: 0.6 } }));
    expect(speed).toMatchObject({ arm: 'masa', verdict: 'reproduced' });
    expect(speed.evidence).toContain('3 of 3 runs reached it, 3 of 3 pairs');
    expect(speed.evidence).toContain(
      'tokens 2.00 [2.00,2.00]; the paper’s 1.28 lies outside the interval; FLOPs not measured',
    );
  });

  test('twice the tokens in every seed contradicts it', () => {
    const slow = arm('masa', { ...masa, tokens: [200, 200], accuracy: { 0: 0.2, 2: 0.6 } });
    expect(claims(grpo(), slow)[0].verdict).toBe('contradicted');
  });

  test('a run that never gets there keeps a speed-up of the others from being shown', () => {
    const accuracies = [
      { 0: 0.2, 2: 0.7 },
      { 0: 0.2, 2: 0.7 },
      { 0: 0.2, 2: 0.5 },
    ];
    const [speed, , gain] = claims(grpo(), arm('masa', { ...masa, accuracy: {} }, accuracies));
    expect(speed.verdict).toBe('not shown');
    expect(speed.evidence).toContain('2 of 3 runs reached it, 2 of 3 pairs');
    // +0.1, +0.1, -0.1 is no gain that three seeds show.
    expect(gain).toMatchObject({ claim: 'is more accurate in domain at the end', verdict: 'not shown' });
  });

  test('alignment is held against a baseline that was asked as well, and is not measured without one', () => {
    const accuracy = { 0: 0.2, 2: 0.6 };
    const aligned = arm('masa', { ...masa, accuracy, passRatePearson: 0.9 });
    expect(claims(grpo({ passRatePearson: 0.1 }), aligned)[1]).toMatchObject({
      verdict: 'reproduced',
      evidence: 'r 0.90 [0.90,0.90] on held-out problems at the end; difference +0.80 [+0.80,+0.80]',
    });
    const [, unknown] = claims(grpo(), aligned);
    expect(unknown.verdict).toBe('not measured');
    expect(unknown.evidence).toContain('masa_meta=observe');
  });

  test('a gate that spares tokens has to keep the accuracy too', () => {
    // A step: of 100 tokens kept and one gated prompt of 50 that was audited at 10 tokens' cost.
    const gate = [1, 2].map(() => ({
      gated: 1,
      sampledZero: 1,
      sampledZeroTokens: 50,
      keptInformative: 2,
      keptInformativeTokens: 100,
      auditTokens: 10,
    }));
    const settings = { masa_meta: 'train' as const, masa_gate: true };
    const gated = (last: number) =>
      claims(grpo(), arm('masa', { ...masa, settings, gate, accuracy: { 0: 0.2, 2: last } })).at(-1);
    // 40 of 150.
    expect(gated(0.6)).toMatchObject({
      verdict: 'reproduced',
      evidence: expect.stringContaining('gate spared 26.7'),
    });
    // Within the margin of a point, and beyond it.
    expect(gated(0.595)?.verdict).toBe('reproduced');
    expect(gated(0.5)?.verdict).toBe('contradicted');
  });

  test('arms that use no predictions make none of the paper’s claims, nor does the baseline', () => {
    expect(claims(grpo(), arm('half-prompts', { tokens: [50], accuracy: { 0: 0.2, 1: 0.6 } }))).toEqual([]);
  });

  test('out of domain is not measured where it was not evaluated', () => {
    const [, , , outside] = claims(grpo(), arm('masa', { ...masa, accuracy: { 0: 0.2, 2: 0.6 } }));
    expect(outside).toMatchObject({ verdict: 'not measured', evidence: 'not measured' });
  });
});
