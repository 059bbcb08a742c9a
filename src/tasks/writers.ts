/**
 * The people behind the base model's corpus: writers of solutions, each with a carefulness of their own. Here
 * is what all families share, how careful a writer is and how wrong steps are tried again; how a step looks,
 * and in which ways it goes wrong, is each family's own.
 */
import type { Stream } from './random';
import { WAIT } from './tokens';

/** Longest completion in the corpus, in tokens. */
export const MAX_COMPLETION = 80;

export interface Writer {
  /** Probability that a step is written carefully. */
  carefulness: number;
  /** Always careful and never wrong. */
  flawless: boolean;
}

export const CAREFUL = 0.92;
export const SLOPPY = 0.25;

/** Probability that a careful step is wrong. */
export const SLIP = 0.01;
/** Probability that a sloppy writer does two operations at once, and that this comes out right. */
export const SKIP_TWO = 0.12;
export const SKIP_RIGHT = 0.35;
/** Probability that a wrong step is noticed at first, and again after a failed redo; and that a redo is right. */
const NOTICE = 0.6;
const NOTICE_AGAIN = 0.75;
const REDO_RIGHT = 0.4;

export const FLAWLESS: Writer = { carefulness: 1, flawless: true };

/** A writer from a population of which `carefulShare` is careful. */
export const drawWriter = (stream: Stream, carefulShare: number): Writer => ({
  carefulness: stream.chance(carefulShare) ? CAREFUL : SLOPPY,
  flawless: false,
});

/**
 * What happens after a wrong step: the writer may write WAIT and do it again, more than once. A retry that
 * would leave no room for the rest of the solution is not begun.
 * @param cost tokens of one redo at most, WAIT included
 * @param reserve tokens the rest of the solution needs at most
 * @param redo writes the step again, right or wrong as told
 */
export function retry(
  out: number[],
  stream: Stream,
  cost: number,
  reserve: number,
  canBeRight: boolean,
  redo: (right: boolean) => void,
): void {
  for (let notice = NOTICE; ; notice = NOTICE_AGAIN) {
    if (out.length + cost + reserve > MAX_COMPLETION || !stream.chance(notice)) return;
    out.push(WAIT);
    const right = canBeRight && stream.chance(REDO_RIGHT);
    redo(right);
    if (right) return;
  }
}
