/**
 * What the page and the trainer's worker say to each other: two discriminated unions, switched exhaustively
 * on both sides. The run itself speaks through events (`run/events.ts`); this is only the control around it.
 */
import type { Inspection } from '../model/inspect';
import type { AdapterInfo, RunEvent, SelfTestResult } from '../run/events';
import type { Manifest, ManifestIssue } from '../run/manifest';
import type { ModelsCommand, ModelsNews } from './models-protocol';
import type { RaceCommand, RaceNews } from './race/protocol';
import type { HandedPolicy } from './second-opinion/protocol';
import type { RunsCommand, RunsNews } from './store/protocol';

export type { Inspection } from '../model/inspect';

/** Page to worker. */
export type Command =
  /** Acquire the adapter and run the self-test. Sent once, first. */
  | { type: 'open'; baseUrl: string }
  /** What is likely to be loaded first: it is made ready meanwhile. Acted on at once, also while `open` is. */
  | { type: 'expect'; manifest: Manifest }
  /** Prepare a run at step 0 (or back at step 0, with the same initialisation), and go on at once where `goOn` says so. */
  | { type: 'load'; manifest: Manifest; goOn?: Going }
  /** Go on until paused or done. */
  | { type: 'run' }
  /** Take one step, then pause. */
  | { type: 'step' }
  /** Go on to where the next phase begins, then pause. */
  | { type: 'phase' }
  /** Wait this long between steps while running; 0 is full speed. */
  | { type: 'pace'; delayMs: number }
  /** Time the kernels of the step that begins next: it ends with a `kernel_profile` event. */
  | { type: 'profile' }
  /** Pause as soon as the work in flight allows; the step under way goes on when resumed. */
  | { type: 'pause' }
  /** Stop for good: abandon the step under way, keep the last finished one as a checkpoint. */
  | { type: 'stop' }
  /** Go back to the last checkpoint after an error and be ready to run. */
  | { type: 'recover' }
  /** Run every shipped reference case on this adapter; answered by `opened`. */
  | { type: 'check' }
  /**
   * Answer benchmark sets with the policy as it is between two steps; the run goes on, or is paused again, afterwards.
   * Ends in a `benchmarks` event.
   */
  | { type: 'benchmarks'; request: BenchmarkRequest }
  /** Leave the sets that are not done yet. */
  | { type: 'cancel-benchmarks' }
  /**
   * Look at one rollout with the policy as it is, wherever no work of the trainer's is under way: at rest, in a pause,
   * between two pieces of a step. The newest request replaces one that waits. Answered by `inspected`.
   */
  | { type: 'inspect'; request: InspectionRequest }
  /** Hand over the newest checkpoint as files. */
  | { type: 'export-checkpoint' }
  /** Hand over the policy as it is, or as it was after a kept step, to whoever reads it beside; answered by `policy`. */
  | { type: 'hand-over-policy'; request: number; kept: { run: string; step: number } | null }
  /** About the runs that are kept. */
  | { type: 'runs'; ask: RunsCommand }
  /** About a race of several arms. */
  | { type: 'race'; ask: RaceCommand }
  /** About models from elsewhere. */
  | { type: 'models'; ask: ModelsCommand }
  /** For tests and teaching: destroy the device, as a driver reset would. */
  | { type: 'lose-device' };

/** How a run can be told to go on; each is a command. */
export type Going = 'run' | 'step' | 'phase';

/** Where the worker is. `ready` = loaded, at rest. */
export type LabState =
  | 'opening'
  | 'unavailable'
  | 'idle'
  | 'loading'
  | 'ready'
  | 'running'
  | 'pausing'
  | 'paused'
  /** Answering benchmark sets. */
  | 'benchmarking'
  | 'finished'
  | 'failed';

/** A part of start-up or loading that takes time; `done` of `total`, both in `unit`. */
export interface Progress {
  task: 'adapter' | 'self-test' | 'model' | 'tuning' | 'pipelines';
  label: string;
  done: number;
  total: number;
  unit: '' | 'bytes' | 'pipelines' | 'cases';
}

export interface BenchmarkRequest {
  /** Sets, groups or domains, or `all`. */
  names: readonly string[];
  /** Answers to each problem, the k of mean@k: 1 to `MOST_BENCHMARK_SAMPLES`. */
  samples: number;
}

export const MOST_BENCHMARK_SAMPLES = 64;

/** Where an evaluation on benchmark sets stands. */
export type BenchmarkStatus =
  /** For the step under way. */
  | { stage: 'waiting' }
  /** The `place`-th (from 0) of `of` sets; `done` of its `total` answers. */
  | { stage: 'answering'; label: string; place: number; of: number; done: number; total: number }
  | { stage: 'done' | 'cancelled' | 'failed' };

/** A rollout to be looked at token by token. */
export interface InspectionRequest {
  /** The asker's number for it, given back with the answer. */
  id: number;
  /** Predictions go through the adapter where the run has one. */
  kind: 'solution' | 'meta';
  /** Prompt and completion. */
  tokens: readonly number[];
  /** Whose attention, from 0. */
  layer: number;
  head: number;
}

export type InspectionAnswer = { id: number } & (
  | {
      stage: 'done';
      /** Steps finished: the policy's, as it was looked at. */
      step: number;
      /** How many there are to choose from. */
      layers: number;
      heads: number;
      layer: number;
      head: number;
      seen: Inspection;
    }
  | { stage: 'failed'; message: string }
);

export interface LabError {
  /** Stable name for tests and help: `no-webgpu`, `no-adapter`, `self-test`, `memory-plan`, `device-lost`, `non-finite`, `model-file`, `checkpoint`, `manifest`, `storage`, `internal`. */
  code: string;
  /** What is wrong and where. */
  message: string;
  /** What to do. */
  remedy: string;
  issues?: ManifestIssue[];
}

/** Worker to page. */
export type Message =
  | { type: 'state'; state: LabState; step: number }
  | { type: 'progress'; progress: Progress }
  /** The adapter and what its self-test found; again when that is repeated, and after `check`. */
  | { type: 'opened'; adapter: AdapterInfo; selfTest: SelfTestResult }
  | { type: 'loaded'; manifest: Manifest; parameters: number; deviceBytes: number }
  /** Events in order, batched so that a burst costs one message. */
  | { type: 'events'; events: RunEvent[] }
  | { type: 'benchmarks'; status: BenchmarkStatus }
  | { type: 'inspected'; answer: InspectionAnswer }
  | { type: 'checkpoint'; step: number; files: { name: string; bytes: ArrayBuffer }[] }
  /** What `hand-over-policy` asked for, under its number; or what stands against it. */
  | { type: 'policy'; request: number; handed: HandedPolicy | LabError }
  /** About the runs that are kept. */
  | { type: 'runs'; news: RunsNews }
  /** About a race of several arms. */
  | { type: 'race'; news: RaceNews }
  /** About models from elsewhere. */
  | { type: 'models'; news: ModelsNews }
  | { type: 'error'; error: LabError };
