/**
 * Which step is on screen, and what is known of it: selectors over the page's state, for hooks and tests. Each gives
 * the same object for the same state.
 */
import type { StepPoint } from '../state/run-view';
import type { PageState } from '../state/store';
import { emptyRecord, type StepRecord } from './step-record';

type Recorded = Pick<PageState, 'run' | 'history' | 'past'>;

/** The newest step anything is known of: the one growing, or else the last finished one. */
export function newestStep({ run, history }: Recorded): number | null {
  const newest = Math.max(history.records.at(-1)?.step ?? -1, run.steps.at(-1)?.step ?? -1);
  return newest < 0 ? null : newest;
}

/** The first step there are metrics or a record of. */
export function oldestStep({ run, history }: Recorded): number | null {
  const known = [history.records[0]?.step, run.steps[0]?.step].filter((step) => step !== undefined);
  return known.length > 0 ? Math.min(...known) : null;
}

/** The step that all panels show: the one held on screen, or else the newest. */
export const shownStepNumber = (page: PageState): number | null => page.looking.heldStep ?? newestStep(page);

/** What is known of a step: all of it, or only its metrics (`whole` is false), or nothing. */
export function recordOf(page: Recorded, step: number | null): StepRecord | null {
  if (step === null) return null;
  const bySteps = (record: StepRecord) => record.step === step;
  const kept = page.history.records.findLast(bySteps) ?? page.past.find(bySteps);
  if (kept) return kept;
  const point = page.run.steps.findLast((each) => each.step === step);
  return point ? metricsAlone(point) : null;
}

/** A step that is not there in full, and is being fetched. */
export const isComing = (page: PageState, step: number | null): boolean =>
  step !== null && page.older?.has(step) === true && page.pastError === null && !recordOf(page, step)?.whole;

/** What was found last among the records of a history, and of the past beside it: asked for at every word of the trainer. */
const found = new WeakMap<
  PageState['history']['records'],
  { past: PageState['past']; recent: Map<string, readonly StepRecord[]> }
>();

/** The `n` newest records in full up to and with the step on screen, oldest first. */
export function recentRecords(page: PageState, n: number): readonly StepRecord[] {
  const shown = shownStepNumber(page);
  if (shown === null) return NO_RECORDS;
  const { past, history } = page;
  let known = found.get(history.records);
  if (known?.past !== past) {
    known = { past, recent: new Map() };
    found.set(history.records, known);
  }
  const key = `${n} to ${shown}`;
  const recent = known.recent.get(key) ?? newestUpTo([...past, ...history.records], shown, n);
  known.recent.set(key, recent);
  return recent;
}

const NO_RECORDS: readonly StepRecord[] = [];

function newestUpTo(records: readonly StepRecord[], shown: number, n: number): readonly StepRecord[] {
  const byStep = new Map<number, StepRecord>();
  for (const record of records) if (record.step <= shown) byStep.set(record.step, record);
  return [...byStep.values()].sort((a, b) => a.step - b.step).slice(-n);
}

const reduced = new WeakMap<StepPoint, StepRecord>();

function metricsAlone(point: StepPoint): StepRecord {
  const known = reduced.get(point);
  if (known) return known;
  const record: StepRecord = {
    ...emptyRecord(point.step),
    metrics: {
      type: 'step_metrics',
      v: 1,
      step: point.step,
      metrics: point.metrics,
      phases_ms: point.phasesMs,
      step_ms: point.stepMs,
    },
    finished: true,
    whole: false,
  };
  reduced.set(point, record);
  return record;
}

/** Every step anything is known of, in rising order: with metrics, or growing. Old ones are thinned out. */
export function knownSteps({ run, history }: Pick<PageState, 'run' | 'history'>): readonly number[] {
  const last = run.steps.at(-1)?.step ?? -1;
  const growing = history.records.filter((record) => record.step > last).map((record) => record.step);
  return [...run.steps.map((point) => point.step), ...growing];
}

/** The known step nearest to `step`. */
export function nearestStep(page: Pick<PageState, 'run' | 'history'>, step: number): number | null {
  const known = knownSteps(page);
  const at = known.findLastIndex((each) => each <= step);
  const [before, after] = [known[at], known[at + 1]];
  if (before === undefined || after === undefined) return before ?? after ?? null;
  return step - before <= after - step ? before : after;
}

/** The known step before or after the one on screen. */
export function neighbour(page: PageState, by: -1 | 1): number | null {
  const shown = shownStepNumber(page);
  if (shown === null) return null;
  const known = knownSteps(page);
  const at = known.findLastIndex((step) => step <= shown);
  return known[at + by] ?? null;
}
