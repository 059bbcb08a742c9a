/**
 * The people behind the base model's corpus: writers of solutions, each with a carefulness of their own. Here
 * is what all families share, how careful a writer is and how wrong steps are tried again; how a step looks,
 * and in which ways it goes wrong, is each family's own.
 */
import type { Stream } from '../run/random';
import { WAIT } from './tokens';

/** Longest completion in the ladder's corpus, in tokens; another task can have another limit. */
export const MAX_COMPLETION = 80;

export interface Writer {
  /** Probability that a step is written carefully. */
  carefulness: number;
  /** Always careful and never wrong. */
  flawless: boolean;
  /** Most tokens of a solution. */
  limit: number;
  /** At some step the value is lost, and the step tried again until the limit; the arithmetic's writers only. */
  losesTrack: boolean;
}

/** Who the writers of a corpus are. */
export interface Population {
  /** Share of them who are careful, 0-1. */
  carefulShare: number;
  /** Share of their solutions in which they lose track, 0-1. */
  lostShare: number;
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

/** No step of theirs is ever tried again, so the limit is never met. */
export const FLAWLESS: Writer = {
  carefulness: 1,
  flawless: true,
  limit: MAX_COMPLETION,
  losesTrack: false,
};

/** A writer of solutions of at most `limit` tokens. Where nobody loses track, nothing is drawn for it. */
export function drawWriter(stream: Stream, { carefulShare, lostShare }: Population, limit: number): Writer {
  const carefulness = stream.chance(carefulShare) ? CAREFUL : SLOPPY;
  return { carefulness, flawless: false, limit, losesTrack: lostShare > 0 && stream.chance(lostShare) };
}

/**
 * What happens after a wrong step: the writer may write WAIT and do it again, more than once. A retry that
 * would leave no room for the rest of the solution is not begun.
 * @param cost tokens of one redo at most, WAIT included
 * @param most tokens the text may have after a redo: the writer's limit less what the rest needs at most
 * @param redo writes the step again, right or wrong as told
 */
export function retry(
  out: number[],
  stream: Stream,
  cost: number,
  most: number,
  canBeRight: boolean,
  redo: (right: boolean) => void,
): void {
  for (let notice = NOTICE; ; notice = NOTICE_AGAIN) {
    if (out.length + cost > most || !stream.chance(notice)) return;
    out.push(WAIT);
    const right = canBeRight && stream.chance(REDO_RIGHT);
    redo(right);
    if (right) return;
  }
}
