import { expect, test } from 'vitest';
import { DEFAULT_MANIFEST } from '../../run/manifest';
import { lengthsTable, notionsTable, promptPredictions, rewardFormulas, rewardsTable } from './predictions';
import { audit, bucket, decision, group, metaGroup, prediction, record } from './view-fixture';

const step = record(2, {
  decisions: [decision(2, 0, 'open', { prompt: [1, 9, 17] })],
  groups: [
    group(2, 0, 0, [
      { length: 21, reward: 1 },
      { length: 20, reward: 1 },
      { length: 40, reward: 0 },
      { length: 36, reward: 0, truncated: true, cut: true },
    ]),
  ],
  metaGroups: [
    metaGroup(
      2,
      0,
      [
        prediction(2, {
          length: bucket(2),
          notions: [24, 25],
          counted: [24],
          reward_length: 1,
          reward_difficulty: 0.01 ** 0.25,
          reward_notion: 1,
          reward: (1 + 0.01 ** 0.25 + 1) / 3,
          advantage: 1.5,
        }),
        prediction(null, {
          notions: [25],
          counted: [],
          reward_length: 0,
          reward_difficulty: 0,
          reward_notion: 0,
          reward: 0,
        }),
      ],
      [2, 4],
      {
        truth: {
          correct: 2,
          total: 4,
          lengths: [21, 20],
          notion_counts: [{ notion: 24, correct: 2, incorrect: 1 }],
        },
      },
    ),
    metaGroup(2, 3, [prediction(8, { length: bucket(9) })], [0, 2]),
  ],
  audit: audit(2, {
    entries: [{ index: 3, rewards: [0, 0], lengths: [12, 80], zero_variance: true }],
    tally: {},
  }),
});
const [first, audited] = promptPredictions(step);

test('the strip has each rollout’s length and verdict, the range of the right ones, and the predictions’ ranges', () => {
  expect(first.lengths).toEqual([
    { length: 21, verdict: 'right' },
    { length: 20, verdict: 'right' },
    { length: 40, verdict: 'wrong' },
    { length: 36, verdict: 'cut' },
  ]);
  expect(first.range).toEqual({ low: 20, high: 21 });
  expect(first.ticks).toEqual([{ place: 0, low: 16, high: 23, midpoint: 19.5, inRange: true }]);
});

test('of a prompt that was rolled out for the audit alone, the lengths are the audit’s', () => {
  expect(audited.lengths).toEqual([
    { length: 12, verdict: 'wrong' },
    { length: 80, verdict: 'wrong' },
  ]);
  expect(audited.range).toBeNull();
  expect(audited.expectedLength).toBeNull();
  // The last bucket has no upper end, and what was not rewarded is neither in nor out of range.
  expect(audited.ticks[0]).toMatchObject({ low: 72, high: null, inRange: null });
});

test('a length that was read off instead of sampled is told as it is', () => {
  const group = metaGroup(2, 0, [], [1, 2], { pass_distribution: [0.5, 0.5], expected_length: 31.25 });
  const [read] = promptPredictions(record(2, { metaGroups: [group] }));
  expect(read).toMatchObject({ expectedLength: 31.25, ticks: [], distribution: [0.5, 0.5], rewards: [] });
  expect(read.passRate).toEqual({ value: 0.5, spread: 0.5, from: 'distribution' });
});

test('a notion is told by how many predictions name it, and by the right and wrong rollouts that use it', () => {
  expect(first.notions).toEqual([
    { notion: 25, said: 2, counts: false, right: 0, wrong: 0 },
    { notion: 24, said: 1, counts: true, right: 2, wrong: 1 },
  ]);
});

test('the parts of a bar, a third of each reward, add up to the meta reward', () => {
  for (const { length, difficulty, notion, meta } of first.rewards)
    expect(length / 3 + difficulty / 3 + notion / 3).toBeCloseTo(meta, 12);
  expect(audited.rewards).toEqual([]);
});

test('the formulas have the numbers of the prediction filled in', () => {
  const formulas = (bar: number, settings = {}) =>
    Object.fromEntries(
      rewardFormulas(first, first.rewards[bar], { ...DEFAULT_MANIFEST, ...settings }).map(({ name, tex }) => [
        name,
        tex,
      ]),
    );
  // 0.01^0.25 = 0.316, (1 + 0.316 + 1) / 3 = 0.772.
  expect(formulas(0).meta).toMatch(/\(1 \+ 0\.316 \+ 1\) = 0\.772$/);
  expect(formulas(0).difficulty).toContain('0.25 - \\tfrac{2}{4}\\right|} = 0.316');
  expect(formulas(0, { masa_pass_reward: 'brier' }).difficulty).toMatch(/^r_{\\text{difficulty}} = 1 - /);
  expect(formulas(0).length).toMatch(/16\\text{ to }23\\text{ meets }20\\text{ to }21.* = 1$/);
  expect(formulas(0, { masa_length_reward: 'strict' }).length).toContain('20 < 19.5 < 21');
  expect(formulas(0).notion).toMatch(/\\tfrac{1\\text.*}{1\\text{ counted}} = 1$/);
  expect(formulas(1).difficulty).toContain('no pass rate could be read');
  expect(formulas(1).length).toContain('no length could be read');
  expect(formulas(1).notion).toContain('the problem names all of its notions');
});

test('the tables have a row for each length, notion and reward', () => {
  const prompts = promptPredictions(step);
  expect(lengthsTable(prompts).rows).toHaveLength(4 + 1 + 2 + 1);
  expect(notionsTable(prompts, (id) => `n${id}`).rows[1]).toEqual([2, 0, 'n24', 1, 'yes', 2, 1]);
  expect(rewardsTable(prompts).rows).toHaveLength(2);
});
