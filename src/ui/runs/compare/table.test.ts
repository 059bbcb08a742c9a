import { expect, test } from 'vitest';
import { groupArms } from '../../../report/arms';
import { quantitiesOf } from '../../../report/quantities';
import { madeUp } from '../../../report/testing';
import { comparisonTable, figuresTable, figureText } from './table';

const runs = [0.5, 0.6, 0.7].map((final, i) =>
  madeUp({ seed: i + 1, tokens: [100, 100], accuracy: { 0: 0.4, 2: final } }),
);

test('the file has every figure, every point of a mean and every point of a run', () => {
  const [accuracy] = quantitiesOf(runs);
  const { columns, rows } = comparisonTable(groupArms(runs), [accuracy], 'tokens', 'deviation');
  const named = rows.map((row) => Object.fromEntries(columns.map((column, i) => [column, row[i]])));
  expect(named.map(({ what, run }) => [what, run])).toEqual([
    ['end', null],
    ...runs.map(({ name }) => ['end', name]),
    ['curve', null],
    ['curve', null],
    ...runs.flatMap(({ name }) => [
      ['run', name],
      ['run', name],
    ]),
  ]);
  expect(figuresTable(groupArms(runs), [accuracy]).rows).toEqual(rows.slice(0, 4));
  expect(named[0]).toMatchObject({ quantity: 'accuracy/in-domain', arm: 'GRPO', runs: 3 });
  expect(named[0].value).toBeCloseTo(0.6, 12);
  expect(named[0].deviation).toBeCloseTo(0.1, 12);
  // At 200 tokens the mean is 0.6 and the deviation of the sample 0.1.
  expect(named[5]).toMatchObject({ axis: 'tokens', place: 200 });
  expect(named[5].low).toBeCloseTo(0.5, 12);
  expect(named[5].high).toBeCloseTo(0.7, 12);
});

test('a figure says its deviation and its interval where there are any', () => {
  const text = (value: number) => value.toFixed(1);
  expect(figureText({ runs: 1, mean: 0.5, deviation: null, interval: null }, text)).toBe('0.5');
  expect(figureText({ runs: 3, mean: 0.5, deviation: 0.1, interval: { low: 0.4, high: 0.6 } }, text)).toBe(
    '0.5 ± 0.1 [0.4 to 0.6]',
  );
});
