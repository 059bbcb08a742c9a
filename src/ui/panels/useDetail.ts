/**
 * The step whose prompts a panel can draw. While a step is under way its predictions and groups are not judged yet; a
 * panel then stays with the step before, rather than fall empty in between.
 */
import { useRecentRecords, useShownRecord } from '../history/hooks';
import type { StepRecord } from '../history/step-record';

export interface Detail {
  /** null: there is none yet, or `gone`. */
  record: StepRecord | null;
  /** The step on screen is so old that only its metrics were kept. */
  gone: boolean;
}

/** @param has whether a record has what the panel draws; the same function every time. */
export function useDetail(has: (record: StepRecord) => boolean): Detail {
  const shown = useShownRecord();
  const recent = useRecentRecords(2);
  if (shown && !shown.whole) return { record: null, gone: true };
  return { record: recent.findLast(has) ?? null, gone: false };
}
