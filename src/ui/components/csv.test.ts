import { expect, test } from 'vitest';
import { joinTables, toCsv } from './csv';

test('numbers keep every digit, and what is not there is empty', () => {
  const rows = [
    [0, 1 / 3],
    [1, null],
  ];
  expect(toCsv({ columns: ['step', 'value'], rows })).toBe('step,value\r\n0,0.3333333333333333\r\n1,\r\n');
});

test('text with commas, quotes or line ends is quoted', () => {
  expect(toCsv({ columns: ['a'], rows: [['x,y'], ['say "no"'], ['two\nlines']] })).toBe(
    'a\r\n"x,y"\r\n"say ""no"""\r\n"two\nlines"\r\n',
  );
});

test('text that a spreadsheet would run as a formula stays text; a negative number stays a number', () => {
  expect(toCsv({ columns: ['a'], rows: [['=HYPERLINK("x")'], ['@sum'], [-1.5]] })).toBe(
    'a\r\n"\'=HYPERLINK(""x"")"\r\n\'@sum\r\n-1.5\r\n',
  );
});

test('tables of the same columns become one, others stay apart', () => {
  const table = (columns: string[], value: number) => ({ columns, rows: [[value]] });
  expect(joinTables([table(['a'], 1), table(['b'], 2), table(['a'], 3)])).toEqual([
    { columns: ['a'], rows: [[1], [3]] },
    { columns: ['b'], rows: [[2]] },
  ]);
});
