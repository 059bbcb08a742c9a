/** What may be done in each state of the page: which buttons are live. Computed from the store alone. */
import type { LabState } from '../../lab/protocol';
import type { RunView } from './run-view';
import { hasInvalid } from './settings';
import type { PageState } from './store';

/** What the buttons may do in a state of the page. */
export interface Allowed {
  run: boolean;
  pause: boolean;
  step: boolean;
  reset: boolean;
  stop: boolean;
  recover: boolean;
  benchmarks: boolean;
}

const AT_REST: ReadonlySet<LabState> = new Set(['idle', 'ready', 'paused', 'finished']);
const HAS_RUN: ReadonlySet<LabState> = new Set([
  'ready',
  'running',
  'pausing',
  'paused',
  'benchmarking',
  'finished',
  'failed',
]);

export interface Facts {
  /** The form holds no wrong value. It matters only where the form is about to be loaded. */
  valid: boolean;
  /** There is a state of the run on screen to go back to. */
  hasCheckpoint: boolean;
  /** A run was loaded; without one, `failed` means that loading failed, and another try may go well. */
  loaded: boolean;
}

export function allowedIn(state: LabState, { valid, hasCheckpoint, loaded }: Facts): Allowed {
  const usable = valid || state === 'paused';
  const retry = state === 'failed' && !loaded;
  return {
    run: (AT_REST.has(state) || retry) && usable,
    pause: state === 'running',
    step: ((AT_REST.has(state) && state !== 'finished') || retry) && usable,
    reset: HAS_RUN.has(state) && valid,
    stop: state === 'running' || state === 'pausing' || state === 'paused' || state === 'benchmarking',
    recover: state === 'failed' && hasCheckpoint,
    benchmarks: HAS_RUN.has(state) && state !== 'failed' && state !== 'benchmarking' && loaded,
  };
}

/** The step that the run on screen goes back to after a failure; null when there is none. */
export const recoverableStep = (run: RunView): number | null =>
  run.ending?.last_checkpoint ?? run.checkpoint?.step ?? null;

export const factsOf = ({ lab, settings, run }: PageState): Facts => ({
  valid: !hasInvalid(settings),
  hasCheckpoint: recoverableStep(run) !== null,
  loaded: lab.loaded !== null,
});
