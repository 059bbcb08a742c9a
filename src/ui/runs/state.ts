/** What the page knows of the runs this browser keeps: a part of its store, written by `desk.ts` alone. */
import type { RunEntry } from '../../lab/store/entry';
import type { RunsNews, StorageState } from '../../lab/store/protocol';
import type { RunDigest } from '../../report';

export interface RunsState {
  /** The newest first; null until the worker has said. */
  list: readonly RunEntry[] | null;
  /** Ids that another tab has open. */
  elsewhere: readonly string[];
  /** The run on the trainer. */
  current: string | null;
  /** The run on the page that is not on the trainer: looked at. */
  shown: string | null;
  storage: StorageState | null;
  /** Why this browser keeps no runs. */
  unavailable: string | null;
  /** The run rests for want of room. */
  full: Extract<RunsNews, { what: 'full' }> | null;
  /** What is about to be forked: the settings of the form start it. */
  fork: { id: string; step: number } | null;
  /** The table is on screen. */
  open: boolean;
  /** Runs to be set beside each other, in the order they were chosen. */
  chosen: readonly string[];
  /** The comparison on screen; null while there is none. `runs` is null until the worker has read them. */
  comparison: { ids: readonly string[]; runs: readonly RunDigest[] | null } | null;
  /** Why the page waits for the worker; null when it does not. */
  waiting: string | null;
  /** What could not be done, or was; until dismissed. */
  notice: { kind: 'trouble' | 'done'; text: string } | null;
}

export const INITIAL_RUNS: RunsState = {
  list: null,
  elsewhere: [],
  current: null,
  shown: null,
  storage: null,
  unavailable: null,
  full: null,
  fork: null,
  open: false,
  chosen: [],
  comparison: null,
  waiting: null,
  notice: null,
};

export const findRun = (runs: RunsState, id: string | null): RunEntry | null =>
  runs.list?.find((run) => run.id === id) ?? null;

/** Runs to offer at the start: their page went away, or they failed, in the middle. The newest first. */
export const unfinishedRuns = (runs: RunsState): RunEntry[] =>
  (runs.list ?? [])
    .filter((run) => canContinue(run) && run.status !== 'stopped' && !runs.elsewhere.includes(run.id))
    .sort((a, b) => b.updated.localeCompare(a.updated));

/** A step of it is kept, and there is one left to take. */
export const canContinue = (run: RunEntry): boolean =>
  run.status !== 'completed' && run.steps > 0 && run.steps <= run.manifest.steps;
