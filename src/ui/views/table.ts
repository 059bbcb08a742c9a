/**
 * The numbers of a picture as a table: what stands beside a picture for those who do not see it, and what it is saved
 * as. Every view has one. Pure.
 */

export type Cell = string | number | boolean | null;

export interface Table {
  /** Short, without a unit that is not in the numbers. */
  columns: readonly string[];
  rows: readonly (readonly Cell[])[];
}

/** Comma-separated values after RFC 4180, with every digit; null is an empty field. */
export function csv(table: Table): string {
  return [table.columns, ...table.rows].map((row) => `${row.map(field).join(',')}\r\n`).join('');
}

function field(cell: Cell): string {
  const text = cell === null ? '' : String(cell);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
