/**
 * Rows of different lengths laid end to end, so that nothing is padded: N is the sum of their lengths. Each token
 * carries the bounds of its row, and no operation looks beyond them. Used by the attention and the policy.
 */

/** A row's first token and the one after its last, as indices into the packed tokens. */
export interface Span {
  start: number;
  end: number;
}

export interface PackedRows {
  /** [N] */
  ids: Int32Array;
  /** [N]: the bounds of the row a token belongs to. */
  spans: Span[];
  /** [N]: a token's place in its row, from 0. */
  positions: Int32Array;
  /** [N]: which row a token belongs to. */
  rowOf: Int32Array;
  /** [N]: the token that follows in the row, or `NO_TARGET` for a row's last. */
  targets: Int32Array;
  /** [rows] */
  rows: Span[];
}

/** In place of a target: there is nothing to predict here. */
export const NO_TARGET = -1;

/** Lays rows of token ids end to end; rows may be of any length from 0. */
export function packRows(rows: readonly ArrayLike<number>[]): PackedRows {
  const total = rows.reduce((sum, row) => sum + row.length, 0);
  const packed: PackedRows = {
    ids: new Int32Array(total),
    spans: [],
    positions: new Int32Array(total),
    rowOf: new Int32Array(total),
    targets: new Int32Array(total).fill(NO_TARGET),
    rows: [],
  };
  let start = 0;
  rows.forEach((row, r) => {
    const span = { start, end: start + row.length };
    packed.rows.push(span);
    for (let j = 0; j < row.length; j++) {
      packed.ids[start + j] = row[j];
      packed.spans.push(span);
      packed.positions[start + j] = j;
      packed.rowOf[start + j] = r;
      if (j + 1 < row.length) packed.targets[start + j] = row[j + 1];
    }
    start = span.end;
  });
  return packed;
}

/**
 * Lays per-token values of predictions end to end: `values[r]` is [length of row r - 1], entry j speaks of token
 * j + 1 -> [N], with 0 at the last token of each row.
 * @throws RangeError when a row has another number of entries than predictions.
 */
export function packEntries(rows: readonly Span[], values: readonly ArrayLike<number>[]): Float64Array {
  if (values.length !== rows.length)
    throw new RangeError(`packEntries: expected ${rows.length} rows of values, got ${values.length}`);
  const packed = new Float64Array(rows.at(-1)?.end ?? 0);
  rows.forEach(({ start, end }, r) => {
    const expected = Math.max(0, end - start - 1);
    if (values[r].length !== expected)
      throw new RangeError(`packEntries: expected ${expected} values for row ${r}, got ${values[r].length}`);
    packed.set(values[r], start);
  });
  return packed;
}
