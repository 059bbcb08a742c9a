import { describe, expect, it } from 'vitest';
import { MOST_CHUNK, Pace } from './pace';

/** Lengths of chunks on a device that takes so long for a token. */
function chunks(tokenMs: number, tokens: number): number[] {
  const pace = new Pace();
  const lengths: number[] = [];
  for (let left = tokens; left > 0; left -= lengths.at(-1)!) {
    lengths.push(pace.next(left));
    pace.took(lengths.at(-1)!, lengths.at(-1)! * tokenMs);
  }
  return lengths;
}

describe('the pace of decoding', () => {
  it('begins with two tokens and goes on to a tenth of a second', () => {
    expect(chunks(10, 45)).toEqual([2, 8, 10, 10, 10, 5]);
  });

  it('makes single tokens where one takes longer than that', () => {
    expect(chunks(500, 6)).toEqual([2, 1, 1, 1, 1]);
  });

  it('makes no more at once than buffers are made for, however fast', () => {
    expect(chunks(0, 100)).toEqual([2, 8, MOST_CHUNK, MOST_CHUNK, 26]);
  });

  it('follows the device when it slows down', () => {
    const pace = new Pace();
    pace.took(2, 4);
    expect([pace.next(99), pace.next(99)]).toEqual([8, 32]);
    pace.took(32, 32 * 20);
    expect(pace.next(99)).toBe(5);
  });
});
