/** The history in React: what a panel asks for to draw a step. A panel draws again only when its answer changes. */
import { usePage, usePageFields } from '../state/context';
import { isComing, recentRecords, recordOf, shownStepNumber } from './select';
import type { StepRecord } from './step-record';

/** The step that all panels show: the newest, or where the timeline was moved to; null before the first one. */
export const useShownStep = (): number | null => usePage(shownStepNumber);

/** Whether more of a step is on its way than is there: say "reading" rather than "not kept". */
export const useIsComing = (step: number | null): boolean => usePage((page) => isComing(page, step));

/** The record of the step on screen. */
export const useShownRecord = (): StepRecord | null =>
  usePage((page) => recordOf(page, shownStepNumber(page)));

/** The `n` newest whole records up to and with the step on screen, oldest first; the last may be unfinished. */
export const useRecentRecords = (n: number): readonly StepRecord[] =>
  usePageFields((page) => recentRecords(page, n));
