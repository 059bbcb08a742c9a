import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  addTallies,
  brierScore,
  cutoffFigures,
  EMPTY_CUTOFF_TALLY,
  EMPTY_GATE_TALLY,
  type GateEntry,
  gateFigures,
  tallyCutoff,
  tallyGate,
} from './audit';
import type { GateRole } from './gate-plan';

const entry = (role: GateRole, zeroVariance: boolean | null, tokens = 100): GateEntry => ({
  role,
  metaTokens: 8,
  group: zeroVariance === null ? null : { zeroVariance, tokens },
});
const times = <T>(n: number, value: T): T[] => new Array<T>(n).fill(value);

describe('the gate’s audit', () => {
  // 12 gated, of which 4 audited: 3 without variance (80 tokens each), 1 informative (160). 8 kept: 2 without variance
  // and 6 informative, 100 tokens each. 20 candidates, 8 meta tokens each.
  const entries = [
    ...times(8, entry('gated', null)),
    ...times(3, entry('audited', true, 80)),
    entry('audited', false, 160),
    ...times(2, entry('open', true)),
    ...times(5, entry('open', false)),
    entry('floor', false),
  ];
  const figures = gateFigures(tallyGate(entries));

  test('scales the sample to all that was gated, by hand', () => {
    // 3/4 of 12 are 9 true, 3 false positives.
    expect(figures.confusion).toEqual({
      truePositive: 9,
      falsePositive: 3,
      falseNegative: 2,
      trueNegative: 6,
    });
    expect(figures).toMatchObject({ gated: 12, sampled: 4, precision: 0.75 });
    expect(figures.recall).toBeCloseTo(9 / 11, 12);
    expect(figures.falsePositiveRate).toBeCloseTo(3 / 9, 12);
    expect(figures.zeroVarianceShare).toBeCloseTo(11 / 20, 12);
    // Gated: 9 x 80 + 3 x 160 = 1200 tokens, of which the audit paid 3 x 80 + 160 = 400.
    expect(figures.tokensSaved).toBe(800);
  });

  test('gives the arithmetic its shares by tokens', () => {
    // Without a gate 1200 + 800 = 2000 tokens: 720 + 200 without variance. Meta 160 and audit 400 on top.
    const { savings } = figures;
    expect(savings?.zeroVarianceShare).toBeCloseTo(920 / 2000, 12);
    expect(savings?.recall).toBeCloseTo(720 / 920, 12);
    expect(savings?.falsePositiveRate).toBeCloseTo(480 / 1080, 12);
    expect(savings?.overhead).toBeCloseTo(560 / 2000, 12);
  });

  test('explored prompts are kept and sampled at once, and cost no audit', () => {
    const tally = tallyGate([entry('gated', null), entry('explored', true), entry('explored', false)]);
    expect(tally).toMatchObject({
      gated: 1,
      sampledZero: 1,
      sampledInformative: 1,
      auditTokens: 0,
      keptZero: 1,
    });
    expect(gateFigures(tally).precision).toBe(0.5);
  });

  test('with everything audited the figures are the plain counts', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({ gated: fc.boolean(), zero: fc.boolean(), tokens: fc.integer({ min: 1, max: 99 }) }),
          {
            minLength: 1,
            maxLength: 40,
          },
        ),
        (groups) => {
          const all = gateFigures(
            tallyGate(groups.map((g) => entry(g.gated ? 'audited' : 'open', g.zero, g.tokens))),
          );
          const count = (gated: boolean, zero: boolean) =>
            groups.filter((g) => g.gated === gated && g.zero === zero).length;
          const rate = (part: number, rest: number) => (part + rest === 0 ? null : part / (part + rest));
          const close = (value: number | null, expected: number | null) =>
            expected === null ? expect(value).toBeNull() : expect(value).toBeCloseTo(expected, 10);
          close(all.precision, rate(count(true, true), count(true, false)));
          close(all.recall, rate(count(true, true), count(false, true)));
          close(all.falsePositiveRate, rate(count(true, false), count(false, false)));
          close(all.zeroVarianceShare, groups.filter((g) => g.zero).length / groups.length);
          // All that was gated was paid for after all.
          expect(all.tokensSaved).toBeCloseTo(0, 8);
        },
      ),
    );
  });

  test('steps add up to the run', () => {
    const half = addTallies(tallyGate(entries.slice(0, 9)), tallyGate(entries.slice(9)));
    expect(half).toEqual(tallyGate(entries));
    expect(addTallies(EMPTY_GATE_TALLY, half)).toEqual(half);
  });

  test('what was not seen is null: no audit, nothing gated, nothing at all', () => {
    expect(gateFigures(tallyGate([entry('gated', null), entry('open', true)]))).toMatchObject({
      confusion: null,
      precision: null,
      recall: null,
      falsePositiveRate: null,
      tokensSaved: null,
      savings: null,
    });
    expect(gateFigures(tallyGate([entry('open', true), entry('open', false)]))).toMatchObject({
      precision: null,
      recall: 0,
      falsePositiveRate: 0,
      zeroVarianceShare: 0.5,
      tokensSaved: 0,
    });
    expect(gateFigures(EMPTY_GATE_TALLY)).toMatchObject({
      recall: null,
      zeroVarianceShare: null,
      savings: null,
    });
  });

  test('an entry whose role and rollouts do not fit is refused', () => {
    expect(() => tallyGate([entry('gated', true)])).toThrow('got one for "gated"');
    expect(() => tallyGate([entry('open', null)])).toThrow('got null for "open"');
  });
});

describe('the cutoff’s audit', () => {
  test('by hand', () => {
    // 10 rollouts: 6 ended by themselves with 20 tokens; 4 cut at 30, of which 2 ran on: to 50, correct, and to 80, not.
    const tally = tallyCutoff([
      ...times(6, { cut: false, tokens: 20, full: null }),
      ...times(2, { cut: true, tokens: 30, full: null }),
      { cut: true, tokens: 30, full: { correct: true, tokens: 50 } },
      { cut: true, tokens: 30, full: { correct: false, tokens: 80 } },
    ]);
    const figures = cutoffFigures(tally);
    expect(figures).toMatchObject({ cut: 0.4, precision: 0.5 });
    // 20 + 50 beyond in two: 35 each, saved in the two that did not run on; one in two correct, of four.
    expect(figures.tokensSaved).toBe(70);
    expect(figures.correctLost).toBe(2);
    // Without limits 6 x 20 + 4 x (30 + 35) = 380 tokens.
    expect(figures.tokensSavedShare).toBeCloseTo(70 / 380, 12);
  });

  test('audited rollouts that were not cut tell nothing', () => {
    const tally = tallyCutoff([{ cut: false, tokens: 20, full: { correct: true, tokens: 20 } }]);
    expect(tally).toMatchObject({ rollouts: 1, cut: 0, audited: 0 });
    expect(cutoffFigures(tally)).toMatchObject({ cut: 0, precision: null, tokensSaved: 0, correctLost: 0 });
  });

  test('cuts without an audit are unknown, and no rollout is nothing', () => {
    const unknown = cutoffFigures(tallyCutoff([{ cut: true, tokens: 30, full: null }]));
    expect(unknown).toEqual({
      cut: 1,
      precision: null,
      tokensSaved: null,
      tokensSavedShare: null,
      correctLost: null,
    });
    expect(cutoffFigures(EMPTY_CUTOFF_TALLY)).toMatchObject({
      cut: null,
      tokensSaved: 0,
      tokensSavedShare: null,
    });
    expect(addTallies(EMPTY_CUTOFF_TALLY, EMPTY_CUTOFF_TALLY)).toEqual(EMPTY_CUTOFF_TALLY);
  });
});

test('the Brier score, by hand', () => {
  // (0.8 - 1)^2 = 0.04 and (0.5 - 0)^2 = 0.25.
  expect(
    brierScore([
      { probability: 0.8, outcome: true },
      { probability: 0.5, outcome: false },
    ]),
  ).toBeCloseTo(0.145, 12);
  expect(brierScore([])).toBeNull();
});
