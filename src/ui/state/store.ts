/**
 * The page's one store: where the worker is, the view of the run, the settings and what is being looked at.
 * Vanilla zustand, so that charts subscribe without rendering React; the session alone writes the first two.
 */
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { BenchmarkStatus, LabError, LabState, Progress } from '../../lab/protocol';
import type { AdapterInfo, SelfTestResult } from '../../run/events';
import type { Manifest } from '../../run/manifest';
import { EMPTY_HISTORY, type History } from '../history/history';
import type { OlderSteps } from '../history/older';
import type { StepRecord } from '../history/step-record';
import { INITIAL_MODELS, type ModelsState } from '../models/state';
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
  /** Where the evaluation on benchmark sets stands that was asked for last; null when none was, of this run. */
  benchmarks: BenchmarkStatus | null;
  loaded: { manifest: Manifest; parameters: number; deviceBytes: number } | null;
}

export interface Looking {
  xAxis: XAxis;
  /** Place in the batch of the prompt whose rollouts are shown in full. */
  group: number;
  /** Step that is held on screen in every panel; null follows the run. */
  heldStep: number | null;
  settingsOpen: boolean;
  /** The list of keys is on screen. */
  keysOpen: boolean;
  /** How fast a recording plays. */
  stepsPerSecond: number;
  /** What a live run waits between steps, in milliseconds. */
  delayMs: number;
}

/** What belongs to the live run, put aside while a recording is on screen. */
export type LiveView = Pick<PageState, 'run' | 'history' | 'older'>;

/** The recorded run on screen. */
export interface Replay {
  /** The file's, or its address. */
  name: string;
  /** Where it is served; null of a file. */
  address: string | null;
  /** Bytes read, of `total` where that is known (else 0). */
  done: number;
  total: number;
  reading: boolean;
  playing: boolean;
  /** What is to be known of it: that it stops in the middle, say. */
  note: string;
  live: LiveView;
}

export interface PageState {
  lab: Lab;
  run: RunView;
  /** The recent steps in full. */
  history: History;
  /** Older steps that were fetched because they are looked at; in rising order of step. */
  past: readonly StepRecord[];
  /** Where they are fetched from; null where older steps are not kept anywhere. */
  older: OlderSteps | null;
  /** Why the step on screen could not be fetched. */
  pastError: string | null;
  /** null while the page shows the live run. */
  replay: Replay | null;
  /** Why the last recording could not be read, or not to its end. */
  replayError: { name: string; message: string; remedy: string } | null;
  settings: Settings;
  looking: Looking;
  /** The runs this browser keeps. */
  runs: RunsState;
  /** Models from elsewhere. */
  models: ModelsState;
}

export type PageStore = StoreApi<PageState>;

export const INITIAL_LAB: Lab = {
  state: 'opening',
  step: 0,
  adapter: null,
  selfTest: null,
  progress: {},
  error: null,
  benchmarks: null,
  loaded: null,
};

export function createPageStore(settings: Settings, settingsOpen = false): PageStore {
  return createStore<PageState>(() => ({
    lab: INITIAL_LAB,
    run: EMPTY_RUN,
    history: EMPTY_HISTORY,
    past: [],
    older: null,
    pastError: null,
    replay: null,
    replayError: null,
    settings,
    looking: {
      xAxis: 'step',
      group: 0,
      heldStep: null,
      settingsOpen,
      keysOpen: false,
      stepsPerSecond: 2,
      delayMs: 0,
    },
    runs: INITIAL_RUNS,
    models: INITIAL_MODELS,
  }));
}
