import { expect, test } from 'vitest';
import type { Arithmetic, Spread } from '../../lab/race/report';
import { madeUpReport } from '../../lab/race/testing';
import { breakEvenText, formulaOf, pairsTable, stagesOf } from './arithmetic';

const arithmetic = (): Arithmetic => madeUpReport().arithmetic.find(({ share }) => share === 1)!.arithmetic;

test('the way leads from the ceiling by factors to what was measured, without a gap', () => {
  const stages = stagesOf(arithmetic());
  expect(stages.map(({ key }) => key)).toEqual([
    'ceiling',
    'recall',
    'falsePositives',
    'overhead',
    'learning',
    'cutoff',
    'predicted',
    'unexplained',
    'measured',
  ]);
  const [ceiling, recall] = stages;
  // z is one half: a perfect gate would halve the tokens; without a gate all of it is lost.
  expect(ceiling.to).toBeCloseTo(2, 12);
  expect([recall.from, recall.to]).toEqual([ceiling.to, expect.closeTo(1, 12)]);
  expect(stages.at(-1)!.to).toBeCloseTo(2, 12);
  expect(stages.at(-2)!.to).toBeCloseTo(stages.at(-1)!.to, 12);
});

test('the formula has the numbers of a single pair, and letters for several', () => {
  const one = arithmetic();
  expect(formulaOf(one)).toContain(String.raw`\frac{1.00\,(1-0.00)}{0.00+1-0.00\cdot0.50-0.00\,(1-0.50)}`);
  expect(formulaOf({ ...one, pairs: [...one.pairs, ...one.pairs] })).not.toContain('0.50');
});

test('whether it pays is said with where it would begin to', () => {
  const spread = (mean: number): Spread => ({ mean, interval: null, values: [] });
  const made = { ...arithmetic(), e: spread(0.9), break_even_e: spread(0.7), predicted: spread(1.2) };
  expect(breakEvenText(made)).toContain('It pays in tokens: each informative prompt taught 0.90 times');
  expect(breakEvenText({ ...made, e: spread(0.6) })).toContain('It does not pay');
});

test('every pair is in the table', () => {
  const { columns, rows } = pairsTable('cheap', arithmetic());
  expect(rows).toHaveLength(1);
  expect(rows[0]).toHaveLength(columns.length);
  expect(Object.fromEntries(columns.map((column, i) => [column, rows[0][i]]))).toMatchObject({
    z: 0.5,
    e: 1,
    measured: 2,
  });
});
