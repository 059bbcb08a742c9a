import { describe, expect, it } from 'vitest';
import { packRows, positionsFrom, splitRows } from './batch';
import { tokenWeight } from './loss';
import { packRows as referenceRows } from './reference/rows';

const row = (tokens: number[], active: number[]) => ({ tokens, active });

describe('packRows', () => {
  it('lays rows end to end with their spans, targets and ranges', () => {
    const batch = packRows([row([5, 6, 7], [1, 2]), row([], []), row([8], []), row([6, 5], [1])], 13);
    expect(batch).toMatchObject({ tokens: 6, active: 3, rows: 4, segments: 4 });
    expect([...batch.ids]).toEqual([5, 6, 7, 8, 6, 5]);
    expect([...batch.positions]).toEqual([0, 1, 2, 0, 0, 1]);
    expect([...batch.spans]).toEqual([0, 3, 0, 3, 0, 3, 3, 4, 4, 6, 4, 6]);
    // Position p is predicted from p - 1, wherever the row lies.
    expect([...batch.sources]).toEqual([0, 1, 4]);
    expect([...batch.targets]).toEqual([6, 7, 5]);
    expect([...batch.rowOfActive]).toEqual([0, 0, 3]);
    expect([...batch.ranges]).toEqual([0, 2, 2, 0, 2, 0, 2, 1]);
    const reference = referenceRows([[5, 6, 7], [], [8], [6, 5]]);
    expect([...batch.spans]).toEqual(reference.spans.flatMap(({ start, end }) => [start, end]));
  });

  it('sorts tokens by id, in their order within an id', () => {
    const batch = packRows([row([5, 0, 5], []), row([12, 5, 0], [])], 13);
    expect([...batch.order]).toEqual([1, 5, 0, 2, 4, 3]);
    expect([...batch.segmentTable]).toEqual([0, 0, 2, 0, 5, 2, 5, 0, 12, 5, 6, 0]);
  });

  it('packs nothing', () => {
    expect(packRows([], 13)).toMatchObject({ tokens: 0, active: 0, rows: 0, segments: 0 });
  });

  it('names the row with a token outside the vocabulary', () => {
    for (const id of [13, -1, 0.5, Number.NaN])
      expect(() => packRows([row([1], []), row([1, 2, id], [])], 13)).toThrow(
        `batch: row 1, position 2: expected a token below 13, got ${id}`,
      );
  });

  it('names the row with an active position outside of it, or out of order', () => {
    for (const position of [0, 3, -1])
      expect(() => packRows([row([1, 2, 3], [position])], 13)).toThrow(
        `batch: row 0: expected active positions from 1 to 2, got ${position}`,
      );
    // Twice the same would have two invocations add to one place at once.
    expect(() => packRows([row([1, 2, 3], [2, 2])], 13)).toThrow(
      'batch: row 0: expected rising active positions, got 2 after 2',
    );
    expect(() => packRows([row([1, 2, 3], [2, 1])], 13)).toThrow('got 1 after 2');
  });
});

describe('splitRows', () => {
  const rows = [4, 3, 1, 8, 2, 2, 2].map((n) => row(new Array<number>(n).fill(1), []));
  const lengths = (parts: { tokens: readonly number[] }[][]) =>
    parts.map((part) => part.map((r) => r.tokens.length));

  it('fills micro-batches in order, up to the tokens', () => {
    expect(lengths(splitRows(rows, 8, 99))).toEqual([[4, 3, 1], [8], [2, 2, 2]]);
  });

  it('and up to the rows', () => {
    expect(lengths(splitRows(rows, 8, 2))).toEqual([[4, 3], [1], [8], [2, 2], [2]]);
  });

  it('makes none of nothing', () => {
    expect(splitRows([], 8, 2)).toEqual([]);
  });

  it('says what to raise when one row is too long', () => {
    expect(() => splitRows(rows, 7, 99)).toThrow(
      'batch: expected rows of at most 7 tokens, got one of 8; raise micro_batch_tokens',
    );
  });
});

describe('positionsFrom', () => {
  it('counts up to the end, and has none past it', () => {
    expect(positionsFrom(2, 5)).toEqual([2, 3, 4]);
    expect(positionsFrom(5, 5)).toEqual([]);
    expect(positionsFrom(6, 5)).toEqual([]);
  });
});

describe('tokenWeight', () => {
  // Two rollouts of 4 and 6 active tokens, of at most 20.
  const batch = { rows: 2, activeTokens: 10, maxCompletionLength: 20 };

  it('is what each loss type divides by', () => {
    // grpo: the mean over 4 tokens, then over 2 rollouts. bnpo, dapo: over 10 tokens. dr_grpo: over 2 x 20.
    expect(tokenWeight('grpo', { ...batch, length: 4 })).toBe(1 / 8);
    expect(tokenWeight('bnpo', { ...batch, length: 4 })).toBe(1 / 10);
    expect(tokenWeight('dapo', { ...batch, length: 4 })).toBe(1 / 10);
    expect(tokenWeight('dr_grpo', { ...batch, length: 4 })).toBe(1 / 40);
  });

  it('is finite for a rollout, and a batch, without active tokens', () => {
    for (const type of ['grpo', 'bnpo', 'dapo', 'dr_grpo'] as const)
      expect(Number.isFinite(tokenWeight(type, { ...batch, activeTokens: 0, length: 0 }))).toBe(true);
  });
});
