import { expect, test } from 'vitest';
import { hintComparison, hintTable } from './hints';
import { group, record } from './view-fixture';

const hint = [24];
const records = [
  record(0, {
    groups: [
      group(0, 0, 0, [
        { length: 1, reward: 1, hint },
        { length: 1, reward: 0 },
        { length: 1, reward: 0 },
      ]),
      // Nothing to compare inside this one.
      group(0, 1, 1, [{ length: 1, reward: 1, hint }]),
    ],
  }),
  record(1, {
    groups: [
      group(1, 0, 0, [
        { length: 1, reward: 0, hint },
        { length: 1, reward: 1 },
      ]),
    ],
  }),
];

test('hinted rollouts are counted apart, and the lift is taken inside groups', () => {
  const found = hintComparison(records)!;
  expect(found.hinted).toMatchObject({ correct: 2, samples: 3 });
  expect(found.plain).toMatchObject({ correct: 1, samples: 3 });
  // 1 - 0 in the first group, 0 - 1 in the last: no lift on average, though the shares differ.
  expect(found.lift).toBe(0);
  expect(found.groups).toBe(2);
  expect(hintTable(found).rows[0].slice(0, 3)).toEqual(['hinted', 2, 3]);
});

test('without a hint there is nothing to compare', () => {
  expect(hintComparison([record(0, { groups: [group(0, 0, 0, [{ length: 1, reward: 1 }])] })])).toBeNull();
});
