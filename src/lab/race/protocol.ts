/**
 * What the page and the worker say to each other about a race. The arms themselves speak through their event streams;
 * around them are only state, progress and the report. Types alone.
 */
import type { RunEvent } from '../../run/events';
import type { LabError } from '../protocol';
import type { RaceReport } from './report';
import type { RaceSetup } from './setup';

/** Page to worker. */
export type RaceCommand =
  /** Begins a race; one that is there already is stopped and let go of. A run under way is paused first. */
  | { do: 'start'; id: string; setup: RaceSetup }
  | { do: 'pause' }
  /** Goes on after a pause; after a failure from the beginning of the seed under way, on a sound device. */
  | { do: 'resume' }
  /** Ends the race, the steps under way abandoned; what was measured stays. */
  | { do: 'stop' };

export type RaceState =
  /** Models and kernels of a seed's arms are loaded. */
  'preparing' | 'running' | 'pausing' | 'paused' | 'finished' | 'stopped' | 'failed';

export interface RaceProgress {
  /** Which arm is at work on which seed; `place` of `of` seeds, from 0. */
  arm: string;
  seed: number;
  place: number;
  of: number;
  doing: 'loading' | 'compiling' | 'evaluating' | 'training';
  /** Steps of all arms and seeds that are taken, of those there are. */
  done: number;
  total: number;
  /** What is left by the mean time of what is done, in milliseconds; null before the first step. */
  left_ms: number | null;
}

/** Worker to page; `id` is the race's. */
export type RaceNews =
  | { what: 'state'; id: string; state: RaceState; error: LabError | null }
  | { what: 'progress'; id: string; progress: RaceProgress }
  /** Of one arm on one seed, in order; those of `TOLD` alone. A `run_started` begins the stream anew. */
  | { what: 'events'; id: string; arm: string; seed: number; events: RunEvent[] }
  /** After every evaluation. */
  | { what: 'report'; id: string; report: RaceReport }
  /** Device memory that the arms of a seed take together. */
  | { what: 'size'; id: string; deviceBytes: number };

/** Events that the page shows of a race; the others are read in the worker, where the report is made of them. */
export const TOLD: ReadonlySet<RunEvent['type']> = new Set([
  'run_started',
  'step_metrics',
  'evaluation',
  'finished',
]);
