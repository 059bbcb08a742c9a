/** Tables as CSV (RFC 4180), numbers in full precision. Pure. */
import type { Cell, Table } from './panel-offers';

/** What a spreadsheet would take for a formula. */
const FORMULA = /^[=+\-@\t\r]/;

function cell(value: Cell): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  // Text comes from recordings of others too: it stays text wherever it is opened.
  const text = FORMULA.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export function toCsv({ columns, rows }: Table): string {
  return [columns, ...rows].map((row) => `${row.map(cell).join(',')}\r\n`).join('');
}

/** Tables of the same columns put one under the other. */
export function joinTables(tables: readonly Table[]): Table[] {
  const joined = new Map<string, Table>();
  for (const table of tables) {
    const key = table.columns.join('\n');
    const before = joined.get(key);
    joined.set(key, before ? { columns: before.columns, rows: [...before.rows, ...table.rows] } : table);
  }
  return [...joined.values()];
}
