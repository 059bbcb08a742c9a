/**
 * The recent steps of a run in full: a pure fold of the event stream, bounded in number and in memory. What is older
 * is left with its metrics (`run.steps` of the run view), unless a source of older steps has it (`older.ts`).
 *
 * Knows no React, no worker and no clock: a recorded stream gives the same records as a live one.
 */
import type { RunEvent } from '../../run/events';
import { keepRecent } from '../state/bounds';
import { emptyRecord, type StepRecord, sizeOf } from './step-record';

/** Steps kept in full. */
export const MOST_RECORDS = 64;
/** Numbers held by them all (`sizeOf`): some 32 MB. The newest step is kept whatever it takes. */
export const MOST_NUMBERS = 4_000_000;

export interface History {
  /** Oldest first, in rising order of step; the last one may be growing. */
  records: readonly StepRecord[];
}

export const EMPTY_HISTORY: History = { records: [] };

export function recordEvents(history: History, events: readonly RunEvent[]): History {
  return events.reduce(recordEvent, history);
}

/** The history after one more event; the same object where the event tells nothing of a step. */
export function recordEvent(history: History, event: RunEvent): History {
  switch (event.type) {
    case 'run_started':
      return startStretch(history, event.from_step);
    case 'rollouts_started':
      return change(history, event.step, (record) => record);
    case 'prompt_group':
      // What dynamic sampling threw away is no part of the batch.
      if (event.discarded) return history;
      return change(history, event.step, (record) => ({ ...record, groups: place(record.groups, event) }));
    case 'meta_group':
      return change(history, event.step, (record) => ({
        ...record,
        metaGroups: place(record.metaGroups, event),
      }));
    case 'gate_decision':
      return change(history, event.step, (record) => ({
        ...record,
        decisions: place(record.decisions, event),
      }));
    case 'gate_plan':
      return change(history, event.step, (record) => ({ ...record, plan: event }));
    case 'cutoff':
      return change(history, event.step, (record) => ({ ...record, cutoffs: place(record.cutoffs, event) }));
    case 'audit':
      return change(history, event.step, (record) => ({ ...record, audit: event }));
    case 'expert_update':
      return change(history, event.step, (record) => ({
        ...record,
        expertUpdates: [...record.expertUpdates.filter(({ kind }) => kind !== event.kind), event],
      }));
    case 'sampling_plan':
      return change(history, event.step, (record) => ({ ...record, samplingPlan: event }));
    case 'step_metrics':
      return change(history, event.step, (record) => ({ ...record, metrics: event, finished: true }));
    case 'warning':
      // Of a step that is not kept, it is among the run's warnings and no more.
      return history.records.some((record) => record.step === event.step)
        ? change(history, event.step, (record) => ({ ...record, warnings: [...record.warnings, event] }))
        : history;
    case 'phase':
    case 'rollouts_grown':
    case 'rollouts_judged':
    case 'evaluation':
    case 'benchmarks':
    case 'kernel_profile':
    case 'checkpoint':
    case 'finished':
      return history;
    default:
      return unknownEvent(event);
  }
}

function unknownEvent(event: never): never {
  throw new Error(`internal: history: expected an event of the stream, got ${JSON.stringify(event)}`);
}

/** A resumed run takes its steps again from `from`: what was recorded of them, finished or not, no longer holds. */
function startStretch(history: History, from: number): History {
  const records = history.records.filter((record) => record.step < from && record.finished);
  if (records.length === history.records.length) return history;
  return records.length === 0 ? EMPTY_HISTORY : { records };
}

function change(history: History, step: number, by: (record: StepRecord) => StepRecord): History {
  const { records } = history;
  const at = records.findLastIndex((record) => record.step <= step);
  if (records[at]?.step === step) {
    const changed = by(records[at]);
    return changed === records[at] ? history : { records: records.with(at, changed) };
  }
  // Steps after a new one belong to a stretch that is being run again.
  const before = records.slice(0, at + 1);
  return { records: keepRecent([...before, by(emptyRecord(step))], sizeOf, MOST_RECORDS, MOST_NUMBERS) };
}

/** With `item` at its place by index, instead of another of the same index. */
function place<T extends { index: number }>(items: readonly T[], item: T): readonly T[] {
  const last = items.at(-1);
  if (last === undefined || last.index < item.index) return [...items, item];
  return [...items.filter((each) => each.index !== item.index), item].sort((a, b) => a.index - b.index);
}
