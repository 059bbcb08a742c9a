/**
 * The page's one store: where the worker is, the view of the run, the settings and what is being looked at.
 * Vanilla zustand, so that charts subscribe without rendering React; the session alone writes the first two.
 */
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { LabError, LabState, Progress } from '../../lab/protocol';
import type { AdapterInfo, SelfTestResult } from '../../run/events';
import type { Manifest } from '../../run/manifest';
import { INITIAL_RUNS, type RunsState } from '../runs/state';
import { EMPTY_RUN, type RunView } from './run-view';
import type { Settings } from './settings';

export type XAxis = 'step' | 'tokens';

export interface Lab {
  state: LabState;
  step: number;
  adapter: AdapterInfo | null;
  selfTest: SelfTestResult | null;
  /** The newest progress of each task that has begun. */
  progress: Readonly<Partial<Record<Progress['task'], Progress>>>;
  error: LabError | null;
  loaded: { manifest: Manifest; parameters: number; deviceBytes: number } | null;
}

export interface Looking {
  xAxis: XAxis;
  /** Place in the batch of the prompt whose rollouts are shown in full. */
  group: number;
  /** Step whose groups are held on screen; null follows the run. */
  heldStep: number | null;
  settingsOpen: boolean;
}

export interface PageState {
  lab: Lab;
  run: RunView;
  settings: Settings;
  looking: Looking;
  /** The runs this browser keeps. */
  runs: RunsState;
}

export type PageStore = StoreApi<PageState>;

export const INITIAL_LAB: Lab = {
  state: 'opening',
  step: 0,
  adapter: null,
  selfTest: null,
  progress: {},
  error: null,
  loaded: null,
};

export function createPageStore(settings: Settings, settingsOpen = false): PageStore {
  return createStore<PageState>(() => ({
    lab: INITIAL_LAB,
    run: EMPTY_RUN,
    settings,
    looking: { xAxis: 'step', group: 0, heldStep: null, settingsOpen },
    runs: INITIAL_RUNS,
  }));
}
