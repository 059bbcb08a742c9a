/**
 * Rows of tokens packed end to end: what one forward and backward pass works on.
 *
 * Rows of different lengths are laid one after the other, so no padding is ever computed; attention is kept inside
 * a row by its span. Only the active tokens (those trained on or scored) get as far as the head.
 */

/** One row: a prompt with its completion, or any tokens. */
export interface Row {
  tokens: readonly number[];
  /** Positions whose tokens are trained on or scored, each at least 1, rising: position p is predicted from p - 1. */
  active: readonly number[];
}

/** A row with what the loss needs to know of it. Arrays are aligned with `active`. */
export interface TrainRow extends Row {
  advantage: number;
  /** Weight of each of its tokens in the loss. */
  weight: number;
  /** Log-probabilities under the policy that sampled the tokens. */
  oldLogps: ArrayLike<number>;
  /** Log-probabilities under the reference policy, where there is a KL term and they are given. */
  referenceLogps?: ArrayLike<number>;
}

/** The positions first .. end - 1. */
export function positionsFrom(first: number, end: number): number[] {
  return Array.from({ length: Math.max(0, end - first) }, (_, i) => first + i);
}

/** T packed tokens, A active ones, R rows, U distinct ids. */
export interface PackedBatch {
  tokens: number;
  active: number;
  rows: number;
  segments: number;
  /** [T] */
  ids: Uint32Array<ArrayBuffer>;
  /** [T] */
  positions: Uint32Array<ArrayBuffer>;
  /** [T, 2] (first, end) token of the row */
  spans: Uint32Array<ArrayBuffer>;
  /** [T] token indices sorted by id, for the embedding's gradient */
  order: Uint32Array<ArrayBuffer>;
  /** [U, 4] (id, first, end, 0) into `order` */
  segmentTable: Uint32Array<ArrayBuffer>;
  /** [A] packed token that predicts the active one */
  sources: Uint32Array<ArrayBuffer>;
  /** [A] id of the active token */
  targets: Uint32Array<ArrayBuffer>;
  /** [A] row of the active token */
  rowOfActive: Uint32Array<ArrayBuffer>;
  /** [R, 2] (first, count) of the row's active tokens */
  ranges: Uint32Array<ArrayBuffer>;
}

/**
 * Packs rows.
 * @throws Error naming the row with a token outside the vocabulary or an active position outside the row or out of order.
 */
export function packRows(rows: readonly Row[], vocabulary: number): PackedBatch {
  const tokens = rows.reduce((sum, r) => sum + r.tokens.length, 0);
  const active = rows.reduce((sum, r) => sum + r.active.length, 0);
  const batch: PackedBatch = {
    tokens,
    active,
    rows: rows.length,
    segments: 0,
    ids: new Uint32Array(tokens),
    positions: new Uint32Array(tokens),
    spans: new Uint32Array(tokens * 2),
    order: new Uint32Array(tokens),
    segmentTable: new Uint32Array(0),
    sources: new Uint32Array(active),
    targets: new Uint32Array(active),
    rowOfActive: new Uint32Array(active),
    ranges: new Uint32Array(rows.length * 2),
  };
  let at = 0;
  let a = 0;
  rows.forEach((row, r) => {
    const first = at;
    const end = at + row.tokens.length;
    row.tokens.forEach((id, p) => {
      if (!(id >= 0 && id < vocabulary && Number.isInteger(id)))
        throw new Error(`batch: row ${r}, position ${p}: expected a token below ${vocabulary}, got ${id}`);
      batch.ids[at] = id;
      batch.positions[at] = p;
      batch.spans[at * 2] = first;
      batch.spans[at * 2 + 1] = end;
      at++;
    });
    batch.ranges[r * 2] = a;
    batch.ranges[r * 2 + 1] = row.active.length;
    let before = 0;
    for (const p of row.active) {
      if (!(p >= 1 && p < row.tokens.length))
        throw new Error(
          `batch: row ${r}: expected active positions from 1 to ${row.tokens.length - 1}, got ${p}`,
        );
      // A position given twice would be added to by two invocations at once.
      if (p <= before)
        throw new Error(`batch: row ${r}: expected rising active positions, got ${p} after ${before}`);
      before = p;
      batch.sources[a] = first + p - 1;
      batch.targets[a] = row.tokens[p];
      batch.rowOfActive[a] = r;
      a++;
    }
  });
  sortByToken(batch, vocabulary);
  return batch;
}

/** Counting sort of the tokens by id, in token order within an id. */
function sortByToken(batch: PackedBatch, vocabulary: number): void {
  const starts = new Uint32Array(vocabulary + 1);
  for (const id of batch.ids) starts[id + 1]++;
  for (let v = 0; v < vocabulary; v++) starts[v + 1] += starts[v];
  const segments: number[] = [];
  for (let v = 0; v < vocabulary; v++)
    if (starts[v + 1] > starts[v]) segments.push(v, starts[v], starts[v + 1], 0);
  const next = starts.slice();
  batch.ids.forEach((id, t) => {
    batch.order[next[id]++] = t;
  });
  batch.segmentTable = new Uint32Array(segments);
  batch.segments = segments.length / 4;
}

/**
 * Parts rows into micro-batches of at most `maxTokens` packed tokens, in order.
 * @throws Error when one row alone is longer.
 */
export function splitRows<T extends Row>(rows: readonly T[], maxTokens: number, maxRows: number): T[][] {
  const batches: T[][] = [];
  let open: T[] = [];
  let tokens = 0;
  for (const row of rows) {
    if (row.tokens.length > maxTokens)
      throw new Error(
        `batch: expected rows of at most ${maxTokens} tokens, got one of ${row.tokens.length}; raise micro_batch_tokens`,
      );
    if (open.length > 0 && (tokens + row.tokens.length > maxTokens || open.length >= maxRows)) {
      batches.push(open);
      open = [];
      tokens = 0;
    }
    open.push(row);
    tokens += row.tokens.length;
  }
  if (open.length > 0) batches.push(open);
  return batches;
}

/** What a pass over a batch runs over, for a profile. `attended`: how many (query, key) pairs a head has. */
export function extentOf({ tokens, active, rows, segments, positions }: PackedBatch) {
  // A token at position p attends to p + 1 keys.
  return { tokens, active, rows, segments, attended: positions.reduce((sum, p) => sum + p + 1, 0) };
}
