/**
 * Where steps come from that are no longer kept in memory: the seam between the history and whatever stores older
 * detail. A recorded run reads them from its file (`replay/`); a live run may keep them in the browser's storage.
 *
 * The session asks; the answer goes to the page's store as `past`, from where the hooks serve it.
 */
import { keepRecent } from '../state/bounds';
import { MOST_NUMBERS } from './history';
import { type StepRecord, sizeOf } from './step-record';

export interface OlderSteps {
  /** Whether `read` can be expected to give that step. */
  has(step: number): boolean;
  /**
   * The records of those of `steps` that there are, in full and finished. Rejects with an Error whose message can be
   * shown when they cannot be read.
   */
  read(steps: readonly number[]): Promise<readonly StepRecord[]>;
}

/** Steps fetched from there that stay in memory, beside those of the history. */
export const MOST_PAST = 64;

/** `known` and `more` in rising order of step; the ones farthest from `near` are let go where they are too many. */
export function keepNear(
  known: readonly StepRecord[],
  more: readonly StepRecord[],
  near: number,
): readonly StepRecord[] {
  const distance = (record: StepRecord) => Math.abs(record.step - near);
  const all = [...new Map([...known, ...more].map((record) => [record.step, record])).values()];
  all.sort((a, b) => distance(b) - distance(a));
  return [...keepRecent(all, sizeOf, MOST_PAST, MOST_NUMBERS)].sort((a, b) => a.step - b.step);
}
