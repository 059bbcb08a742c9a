/**
 * How many tokens the next submission of a decode makes: few at first, so that rollouts are seen to grow at once, then
 * as many as take about a tenth of a second, so that neither read-backs nor a busy page hold the device up.
 * What is decoded does not depend on it. Pure; the clock is `decoder.ts`'s.
 */

/** Most tokens of a chunk: rows that end within one are seen to end only after it. */
export const MOST_CHUNK = 32;
/** Tokens of the first chunks, before any time is known. */
const FIRST_CHUNK = 2;
const CHUNK_MS = 100;
/** A chunk is at most so many times as long as the one before: a first measurement may be of next to nothing. */
const GROWTH = 4;

export class Pace {
  private last = FIRST_CHUNK;
  private tokenMs: number | null = null;

  /** Tokens of the next chunk, of `left` that may be wanted. */
  next(left: number): number {
    if (this.tokenMs !== null) {
      const wanted = Math.round(CHUNK_MS / Math.max(this.tokenMs, CHUNK_MS / MOST_CHUNK));
      this.last = Math.max(1, Math.min(wanted, GROWTH * this.last));
    }
    return Math.min(this.last, left);
  }

  /** A chunk of `count` tokens kept the device busy for so long. */
  took(count: number, ms: number): void {
    this.tokenMs = ms / count;
  }
}
