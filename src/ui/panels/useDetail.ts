/**
 * The step whose prompts a panel can draw. While a step is under way its predictions and groups are not judged yet; a
 * panel then stays with the step before, rather than fall empty in between.
 */
import { useIsComing, useRecentRecords, useShownRecord, useShownStep } from '../history/hooks';
import type { StepRecord } from '../history/step-record';

export interface Detail {
  record: StepRecord | null;
  /**
   * Why there is no record: none yet, the step on screen is being read from where it is kept, or it is so old that only
   * its metrics were kept. null where there is one.
   */
  missing: 'early' | 'coming' | 'gone' | null;
}

/** @param has whether a record has what the panel draws; the same function every time. */
export function useDetail(has: (record: StepRecord) => boolean): Detail {
  const shown = useShownRecord();
  const coming = useIsComing(useShownStep());
  const recent = useRecentRecords(2);
  if (coming) return { record: null, missing: 'coming' };
  if (shown && !shown.whole) return { record: null, missing: 'gone' };
  const record = recent.findLast(has) ?? null;
  return { record, missing: record ? null : 'early' };
}
