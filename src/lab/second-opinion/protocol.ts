/**
 * What the page and the worker of the second opinion say to each other. Each job names its policy and brings its own
 * number; one is under way at a time, and what is said of another is of no interest any more.
 */
import type { EvaluationResult } from '../../rl/evaluate';
import type { MetaReward } from '../../rl/masa/rewards';
import type { Manifest } from '../../run/manifest';
import type { MetaPrediction } from '../../tasks/meta';
import type { Problem } from '../../tasks/task';
import type { ExportFormat } from '../export-formats';
import type { LabError } from '../protocol';
import type { OrtEngine } from './ort-policy';
import type { ShippedPolicy } from './shipped';

/** A policy as files: a checkpoint's, or a model's where no step is finished yet. */
export interface HandedPolicy {
  step: number;
  manifest: Manifest;
  files: { name: string; bytes: ArrayBuffer }[];
}

export type PolicySource =
  /** Fetched by the worker. */
  | { from: 'shipped'; shipped: ShippedPolicy }
  /** From the trainer or from a kept run. `name` is the run's. */
  | { from: 'files'; name: string; handed: HandedPolicy };

/** Which formats make sense for one policy; the others are a run's. */
export type PageExport = Extract<ExportFormat, 'onnx' | 'hf' | 'adapter'>;

/** What is left out is as the policy's own run evaluates itself; as the defaults say for a base model. */
export interface EvaluationRequest {
  suite: string;
  /** 0 is greedy; a run's own evaluations are at 1. */
  temperature: number;
  problems?: number;
  samples?: number;
  seed?: number;
  maxCompletionLength?: number;
}

export interface AttemptRequest {
  problem: Problem;
  rollouts: number;
  /** Meta rollouts; 0 asks for none. */
  predictions: number;
  /** 0 is greedy. */
  temperature: number;
  seed: number;
}

/** Page to worker, first of all: where public files are served from. */
export interface OpinionOpening {
  type: 'open';
  baseUrl: string;
}

/** Page to worker. */
export type OpinionCommand =
  | { type: 'evaluate'; job: number; engine: OrtEngine; policy: PolicySource; request: EvaluationRequest }
  | { type: 'attempt'; job: number; engine: OrtEngine; policy: PolicySource; request: AttemptRequest }
  /** Needs no runtime. */
  | { type: 'export'; job: number; policy: PolicySource; format: PageExport }
  /** Ends the job as soon as the work in flight allows. */
  | { type: 'stop'; job: number };

/** A part of a job that takes time: `done` of `total`, both in `unit`. */
export interface OpinionProgress {
  part: 'runtime' | 'policy' | 'session' | 'predictions' | 'answers';
  done: number;
  total: number;
  unit: 'bytes' | 'answers' | '';
}

/** Who answers. */
export interface OpenedPolicy {
  name: string;
  task: string;
  step: number;
  /** null for a base model. */
  manifest: Manifest | null;
  hasAdapter: boolean;
}

/** What the policy expects of its rollouts on a problem, asked before there are any. */
export interface Forecast {
  through: 'policy' | 'adapter';
  rollouts: { tokens: number[]; prediction: MetaPrediction }[];
  /** [passOf + 1] probabilities of the pass counts, where the rollouts say one (behind the bare marker if none does). */
  passDistribution: number[] | null;
  /** Their mean, 0-1. */
  passRate: number | null;
  /** Tokens: the mean of what the rollouts say, null where none says it. */
  length: number | null;
}

export interface JudgedRollout {
  tokens: number[];
  logps: number[];
  correct: boolean;
  truncated: boolean;
  notions: number[];
}

/** Worker to page. */
export type OpinionMessage =
  | { type: 'progress'; job: number; progress: OpinionProgress }
  | { type: 'opened'; job: number; policy: OpenedPolicy }
  | { type: 'forecast'; job: number; forecast: Forecast }
  /** [rollouts] tokens that each has grown by, and whether it has ended. */
  | { type: 'grown'; job: number; grown: number[][]; finished: boolean[] }
  | {
      type: 'attempted';
      job: number;
      rollouts: JudgedRollout[];
      /** [meta rollouts] what each prediction would have been rewarded with; empty without predictions. */
      rewards: MetaReward[];
      seconds: number;
    }
  | {
      type: 'evaluated';
      job: number;
      result: EvaluationResult;
      settings: Required<EvaluationRequest>;
      seconds: number;
    }
  | { type: 'exported'; job: number; name: string; archive: ArrayBuffer }
  | { type: 'stopped'; job: number }
  | { type: 'failed'; job: number; error: LabError };
