/**
 * Which checkpoints of a run stay: the newest few, every pinned one, and those that were evaluated, thinned out
 * evenly when there are many. There is no setting for it. What a run goes on from is kept apart and never counted
 * here. Pure; used by kept runs.
 */
import type { KeptCheckpoint, RunEntry } from './entry';

export const NEWEST_KEPT = 3;
/** Evaluated checkpoints beyond the newest: past twice this many, every second of them goes. */
export const EVALUATED_KEPT = 16;

/** Steps of the checkpoints that go, of `checkpoints` in rising order. */
export function surplus(checkpoints: readonly KeptCheckpoint[]): number[] {
  const old = checkpoints.slice(0, Math.max(0, checkpoints.length - NEWEST_KEPT)).filter((c) => !c.pinned);
  const plain = old.filter((each) => !each.evaluated);
  const evaluated = old.filter((each) => each.evaluated);
  // The first stays, as the place where everything began.
  const thinned = evaluated.length > 2 * EVALUATED_KEPT ? evaluated.filter((_, i) => i % 2 === 1) : [];
  return [...plain, ...thinned].map((each) => each.step).sort((a, b) => a - b);
}

/** A checkpoint that could make room, in a run. */
export interface Freeable {
  run: string;
  step: number;
  bytes: number;
}

/**
 * Checkpoints to be removed for `needed` bytes: the oldest first, run by run as they were last written. Pinned ones and
 * those of pinned runs stay, and so does the newest of each run, which it may have to go on from.
 * Fewer bytes than needed when there are no more.
 */
export function toMakeRoom(runs: readonly RunEntry[], needed: number): Freeable[] {
  const found: Freeable[] = [];
  let bytes = 0;
  const byAge = runs.filter((run) => !run.pinned).toSorted((a, b) => a.updated.localeCompare(b.updated));
  for (const { id, checkpoints } of byAge)
    for (const { step, bytes: size, pinned } of checkpoints.slice(0, -1)) {
      if (pinned) continue;
      if (bytes >= needed) return found;
      found.push({ run: id, step, bytes: size });
      bytes += size;
    }
  return found;
}
