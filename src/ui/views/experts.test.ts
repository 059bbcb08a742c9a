import { expect, test } from 'vitest';
import { LADDER } from '../../tasks/ladder';
import { LADDER_META } from '../../tasks/meta';
import { CARRY } from '../../tasks/tokens';
import type { ExpertUpdate } from '../history/step-record';
import { expertsView, rewritesTable, updatesTable } from './experts';
import { record } from './view-fixture';

const { encode } = LADDER.vocabulary;

const update = (step: number, more: Partial<ExpertUpdate>): ExpertUpdate => ({
  type: 'expert_update',
  v: 1,
  step,
  kind: 'experts',
  collected: 0,
  buffered: 0,
  updates: 0,
  reason: 'not one of every 4 steps',
  nll: [],
  kl: null,
  brier: null,
  reference: null,
  examples: [],
  ...more,
});

const records = [
  record(3, {
    expertUpdates: [
      update(3, {
        collected: 1,
        buffered: 4,
        examples: [
          { index: 2, from: encode('NOT CARRY LEN 2 PASS 5 EOS'), to: encode('NOT CARRY LEN 4 PASS 5 EOS') },
        ],
      }),
    ],
  }),
  record(4),
  record(5, {
    expertUpdates: [
      update(5, {
        collected: 1,
        buffered: 5,
        nll: [1.5, 1.25],
        updates: 2,
        examples: [
          { index: 0, from: encode('NOT CARRY LEN 9 PASS 8 EOS'), to: encode('NOT CARRY LEN 9 PASS 1 EOS') },
        ],
      }),
    ],
  }),
];
const view = expertsView(records, LADDER_META);

test('an expert is told by what it said and what it was rewritten to, the newest first', () => {
  expect(view.rewrites.map(({ step, index }) => [step, index])).toEqual([
    [5, 0],
    [3, 2],
  ]);
  const [newer, older] = view.rewrites;
  expect(older.notions).toEqual([CARRY]);
  // Buckets are eight tokens wide.
  expect(older.length).toMatchObject({
    from: { low: 16, high: 23 },
    to: { low: 32, high: 39 },
    changed: true,
  });
  expect(older.passes).toEqual({ from: 5, to: 5, changed: false });
  expect(newer.length).toMatchObject({ to: { low: 72, high: null }, changed: false });
  expect(newer.passes).toEqual({ from: 8, to: 1, changed: true });
});

test('updates follow each other with their loss; examples add up', () => {
  expect(view.updates).toEqual([
    { step: 5, place: 0, kind: 'experts', nll: 1.5 },
    { step: 5, place: 1, kind: 'experts', nll: 1.25 },
  ]);
  expect(view).toMatchObject({ collected: 2, buffered: 5 });
  expect(view.newest?.step).toBe(5);
  expect(expertsView([], LADDER_META)).toEqual({
    rewrites: [],
    updates: [],
    collected: 0,
    buffered: 0,
    newest: null,
  });
});

test('the tables have a row a rewrite and a row an update', () => {
  expect(rewritesTable(view.rewrites, (id) => `n${id}`).rows[1]).toEqual([
    3,
    2,
    `n${CARRY}`,
    16,
    32,
    5,
    5,
    8,
  ]);
  expect(updatesTable(view.updates).rows).toEqual([
    [5, 0, 'experts', 1.5],
    [5, 1, 'experts', 1.25],
  ]);
});
