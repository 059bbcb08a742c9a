import { expect, test } from 'vitest';
import {
  confusionTable,
  gateConfusion,
  gateRows,
  gateTable,
  outcomeInWords,
  TALLY_WINDOW,
  whyInWords,
} from './gate';
import { audit, decision, group, metaGroup, prediction, record } from './view-fixture';

const step = record(1, {
  decisions: [
    decision(1, 0, 'open'),
    decision(1, 1, 'gated', { mean: 0.95, spread: 0.05 }),
    decision(1, 2, 'audited', { mean: 0, spread: 0 }),
    decision(1, 3, 'open', { rule: 'calibrated', zero_variance: 0.4, mean: null }),
  ],
  groups: [
    group(1, 0, 0, [
      { length: 9, reward: 1 },
      { length: 9, reward: 0 },
    ]),
    group(1, 1, 3, [
      { length: 9, reward: 1 },
      { length: 9, reward: 1 },
    ]),
  ],
  audit: audit(1, {
    entries: [{ index: 2, rewards: [0, 1], lengths: [5, 6], zero_variance: false }],
    tally: {},
  }),
});

test('each candidate has what was compared, what became of it and whether the gate was right', () => {
  const rows = gateRows(step);
  expect(rows.map((row) => [row.compared, row.kept, row.outcome, row.right])).toEqual([
    [0.375, true, { correct: 1, total: 2, zeroVariance: false }, true],
    [0.95, false, null, null],
    [0, false, { correct: 1, total: 2, zeroVariance: false }, false],
    [0.4, true, { correct: 2, total: 2, zeroVariance: true }, false],
  ]);
  expect(rows[0].samples).toEqual([0.25, 0.5]);
  expect(rows[0].unparsed).toBe(1);
  expect(rows.map(outcomeInWords)).toEqual([
    '1 of 2 right: something to learn',
    'not rolled out',
    '1 of 2 right: something to learn',
    '2 of 2 right: nothing to learn',
  ]);
});

test('while the step is under way, rollouts and checks are to come', () => {
  const early = gateRows(record(1, { decisions: step.decisions, finished: false }));
  expect(early.map(outcomeInWords)).toEqual([
    'rollouts to come',
    'not rolled out',
    'check to come',
    'rollouts to come',
  ]);
});

test('rollouts that the cutoff masked have no say: the truth of the predictions is asked first', () => {
  const masked = { ...step, metaGroups: [metaGroup(1, 0, [prediction(4)], [1, 1])] };
  expect(gateRows(masked)[0].outcome).toEqual({ correct: 1, total: 1, zeroVariance: true });
});

const tallied = (at: number, tally: object, entries = 0) =>
  record(at, {
    audit: audit(at, {
      tally,
      entries: Array.from({ length: entries }, (_, index) => ({
        index,
        rewards: [0],
        lengths: [1],
        zero_variance: true,
      })),
    }),
  });

test('the matrix adds up the steps, and scales what was sampled up to all that was gated', () => {
  const confusion = gateConfusion([
    tallied(
      4,
      { gated: 6, sampledZero: 2, sampledZeroTokens: 50, auditTokens: 50, keptZero: 1, keptInformative: 4 },
      2,
    ),
    record(5),
    tallied(
      6,
      {
        gated: 6,
        sampledZero: 1,
        sampledInformative: 1,
        sampledInformativeTokens: 90,
        metaTokens: 30,
        auditTokens: 90,
        keptZero: 2,
        keptInformative: 3,
      },
      2,
    ),
  ]);
  expect(confusion).toMatchObject({
    steps: 2,
    from: 4,
    to: 6,
    skippedZero: 3,
    skippedInformative: 1,
    keptZero: 3,
    keptInformative: 7,
    unknown: 8,
  });
  // 3 of 4 sampled had no variance: 9 of the 12 gated. Recall 9 / (9 + 3).
  expect(confusion.figures.precision).toBe(0.75);
  expect(confusion.figures.recall).toBe(0.75);
  // (50 + 90) tokens of 4 sampled make 420 of the 12 gated, of which the audit cost 140.
  expect(confusion.tokensSaved).toBe(420 - 140);
  expect(confusion.tokensSavedNet).toBe(420 - 140 - 30);
  expect(confusionTable(confusion).rows).toEqual([
    ['closed', 3, 1, 8],
    ['kept', 3, 7, 0],
  ]);
});

test('the window is that of the metrics', () => {
  const many = Array.from({ length: TALLY_WINDOW + 5 }, (_, i) => tallied(i, { keptZero: 1 }));
  expect(gateConfusion(many)).toMatchObject({ steps: TALLY_WINDOW, from: 5, keptZero: TALLY_WINDOW });
});

test('while nothing closed was sampled there is no precision and no estimate of what was saved', () => {
  const confusion = gateConfusion([tallied(0, { gated: 3, keptInformative: 2 })]);
  expect(confusion).toMatchObject({ unknown: 3, tokensSaved: null, tokensSavedNet: null });
  expect(confusion.figures.precision).toBeNull();
  expect(gateConfusion([])).toMatchObject({ steps: 0, from: null, to: null, tokensSaved: 0 });
});

test('the table has a row a candidate with all that was compared', () => {
  expect(gateTable(gateRows(step)).rows[0]).toEqual([
    1,
    0,
    'paper',
    0.375,
    0.125,
    null,
    null,
    'open',
    'open',
    'predicted pass rate 0.375 is from 0.1 to 0.9',
    1,
    2,
  ]);
});

test('the reason is told in shares, by each rule', () => {
  const why = (more: Parameters<typeof decision>[3]) =>
    whyInWords(decision(0, 0, 'open', more), (share) => `${Math.round(100 * share)}%`);
  expect(why({ mean: 0.375, spread: 0.125 })).toBe('expects 38%, inside 10% to 90%');
  expect(why({ mean: 0.05, spread: 0.35 })).toBe(
    'expects 5%, outside 10% to 90%, but its guesses disagree: spread 35%, limit 30%',
  );
  expect(why({ mean: 0.95, spread: 0.1 })).toMatch(/and its guesses agree: spread 10%/);
  expect(why({ mean: null, spread: null })).toBe('no prediction could be read');
  expect(why({ rule: 'calibrated', zero_variance: 0.8, expectation: 0.99 })).toBe(
    'nothing to learn: 80% likely, as it expects 99% right; it closes above 65%',
  );
  expect(why({ rule: 'classifier', zero_variance: 0.2 })).toBe(
    'nothing to learn: 20% likely; it closes above 65%',
  );
});
