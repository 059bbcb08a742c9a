import { describe, expect, test } from 'vitest';
import type { RunEvent } from '../../run/events';
import { rolloutsGrown, rolloutsStarted } from '../state/run-fixture';
import { EMPTY_RUN, reduceEvents } from '../state/run-view';
import { type CutoffRow, cutoffRows, cutoffSums, cutoffTable, growingRow, limitLabel } from './cutoffs';
import { audit, cutoff, group, record } from './view-fixture';

const step = record(0, {
  groups: [
    group(0, 0, 2, [
      { length: 18, reward: 1 },
      { length: 36, reward: 0, truncated: true, cut: true },
      { length: 20, reward: 0 },
      { length: 36, reward: 0, truncated: true, cut: true },
    ]),
    group(0, 1, 3, [{ length: 80, reward: 0, truncated: true }]),
  ],
  cutoffs: [
    cutoff(0, 2, { cut: [1, 3], audited: [3] }),
    cutoff(0, 3, { predicted: 55, limit: 80, cuts: false }),
  ],
  audit: audit(0, null, {
    entries: [{ index: 2, rollout: 3, limit: 36, length: 47, correct: true }],
    tally: { rollouts: 5, cut: 2, audited: 1, auditedCorrect: 1, auditedTokensBeyond: 11, tokens: 190 },
  }),
});

test('each rollout is a bar with its end, and an audited one with what it came to', () => {
  const [first, second] = cutoffRows(step);
  expect(first.bars.map((bar) => [bar.length, bar.state, bar.audit])).toEqual([
    [18, 'right', null],
    [36, 'cut', null],
    [20, 'wrong', null],
    [36, 'cut', { length: 47, correct: true }],
  ]);
  expect(first.limit).toEqual({ tokens: 36, cuts: true, label: '2 × median predicted 18 = 36' });
  expect(second.bars[0].state).toBe('truncated');
  expect(second.limit).toEqual({
    tokens: 80,
    cuts: false,
    label: '2 × median predicted 55 = 110, beyond the longest rollout',
  });
});

test('a limit says where it comes from', () => {
  const said = (more: object) => limitLabel(cutoff(0, 0, more), String);
  expect(said({ predicted: 3.5, limit: 8 })).toBe(
    '2 × median predicted 3.5 = 7, raised to the least limit 8',
  );
  expect(said({ predicted: null, limit: 80, cuts: false })).toMatch(/nothing is cut/);
  expect(said({ multiple: 1.1, predicted: 40, limit: 44, statistic: 'mean' })).toBe(
    '1.1 × mean predicted 40 = 44',
  );
});

test('a step without a cutoff has bars and no limits', () => {
  const plain = cutoffRows({ ...step, cutoffs: [], audit: null });
  expect(plain.map((row) => row.limit)).toEqual([null, null]);
});

describe('while they are written', () => {
  const EOS = 9;
  const grown = (limits?: Parameters<typeof rolloutsStarted>[3], ...more: RunEvent[]) =>
    reduceEvents(EMPTY_RUN, [
      rolloutsStarted(0, [[1], [2]], 2, limits),
      rolloutsGrown(0, [[7], [7], [7], [7]], [false, true, false, false]),
      rolloutsGrown(0, [[7, 7], [], [], [7]], [false, true, false, false]),
      ...more,
    ]).recent[0].groups.map((each) => growingRow(each, 4 + each.index, EOS));
  const bars = (rows: readonly CutoffRow[]) =>
    rows.map((row) => row.bars.map((bar) => [bar.length, bar.state]));
  const twice = { statistic: 'median', multiple: 2, minimum: 1 } as const;

  test('bars grow by what each event adds', () => {
    const rows = grown();
    expect(rows.map((row) => row.index)).toEqual([4, 5]);
    expect(rows.map((row) => row.limit)).toEqual([null, null]);
    expect(bars(rows)).toEqual([
      [
        [3, 'growing'],
        [1, 'ended'],
      ],
      [
        [1, 'growing'],
        [2, 'growing'],
      ],
    ]);
  });

  test('they grow towards the limit that was announced, which says where it came from', () => {
    const rows = grown(
      [
        { ...twice, limit: 4, cuts: true, predicted: 2 },
        { ...twice, limit: 80, cuts: false, predicted: 45 },
      ],
      // The first reaches its limit and is stopped; a rollout of the second prompt ends of its own accord.
      rolloutsGrown(0, [[7], [], [7, EOS], [7]], [true, true, true, false]),
    );
    expect(rows.map((row) => row.limit)).toEqual([
      { tokens: 4, cuts: true, label: '2 × median predicted 2 = 4' },
      { tokens: 80, cuts: false, label: '2 × median predicted 45 = 90, beyond the longest rollout' },
    ]);
    expect(bars(rows)).toEqual([
      [
        [4, 'cut'],
        [1, 'ended'],
      ],
      [
        [3, 'ended'],
        [3, 'growing'],
      ],
    ]);
  });

  test('one that ends by itself at its limit was not cut, one that goes on beyond it runs for the audit', () => {
    const [, row] = grown(
      [
        { ...twice, limit: 2, cuts: true, predicted: 1 },
        { ...twice, limit: 2, cuts: true, predicted: 1 },
      ],
      rolloutsGrown(0, [[], [], [EOS], [7]], [false, true, true, false]),
    );
    expect(row.bars).toEqual([
      { place: 0, length: 2, state: 'ended', audit: null },
      { place: 1, length: 2, state: 'cut', audit: { length: 3, correct: null } },
    ]);
  });
});

test('sums scale the audited cut rollouts up to all of them', () => {
  const other = record(1, {
    audit: audit(1, null, {
      tally: { rollouts: 5, cut: 4, audited: 2, auditedCorrect: 0, auditedTokensBeyond: 19, tokens: 150 },
    }),
  });
  const sums = cutoffSums([step, record(2), other]);
  expect(sums).toMatchObject({ steps: 2, from: 0, to: 1 });
  expect(sums.tally).toMatchObject({ rollouts: 10, cut: 6, audited: 3, auditedCorrect: 1 });
  // 1 of 3 audited was right: 2 of the 6 cut. 30 tokens beyond of 3: 10 each for the 3 that did not run on.
  expect(sums.figures.correctLost).toBe(2);
  expect(sums.figures.tokensSaved).toBe(30);
});

test('the table has a row a rollout', () => {
  const { rows } = cutoffTable(cutoffRows(step));
  expect(rows).toHaveLength(5);
  expect(rows[3]).toEqual([0, 2, 3, 36, 'cut', 36, '2 × median predicted 18 = 36', 47, 'yes']);
});
