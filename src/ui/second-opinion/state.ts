/** What the page knows of the second opinion: written by its desk, read by its two panels. */

import type { LabError } from '../../lab/protocol';
import type { OrtEngine } from '../../lab/second-opinion/ort-policy';
import type {
  AttemptRequest,
  EvaluationRequest,
  Forecast,
  JudgedRollout,
  OpenedPolicy,
  OpinionProgress,
} from '../../lab/second-opinion/protocol';
import type { EvaluationPoint } from '../state/run-view';
import type { Source } from './sources';

export type JobKind = 'attempt' | 'evaluate' | 'export';

/** A rollout as it is written; `judged` once all are. */
export interface TriedRollout {
  tokens: number[];
  ended: boolean;
  judged: JudgedRollout | null;
}

export interface Attempt {
  request: AttemptRequest;
  source: Source;
  policy: OpenedPolicy | null;
  forecast: Forecast | null;
  rollouts: readonly TriedRollout[];
  /** [predictions] mean reward of each, r_meta; null until the rollouts are judged. */
  rewards: readonly number[] | null;
  seconds: number | null;
  stopped: boolean;
}

export interface Evaluation {
  /** Numbers those of this visit, from 1. */
  number: number;
  source: Source;
  engine: OrtEngine;
  policy: OpenedPolicy;
  settings: Required<EvaluationRequest>;
  point: Pick<EvaluationPoint, 'total' | 'byTier' | 'meanLength'>;
  seconds: number;
  /** Steps the run took while it was computed; null where none was on the trainer. */
  stepsMeanwhile: number | null;
}

export interface OpinionState {
  /** The name of the source that was chosen; null for the usual one. */
  chosen: string | null;
  engine: OrtEngine;
  /** Engines whose files are here already. */
  ready: readonly OrtEngine[];
  /** The job under way, and the newest of what it is doing. */
  busy: { kind: JobKind; progress: OpinionProgress | null } | null;
  /** What the newest job of a kind ended in. */
  error: { kind: JobKind; error: LabError } | null;
  attempt: Attempt | null;
  /** Of this visit, the newest first. */
  evaluations: readonly Evaluation[];
  /** The name of the newest archive that was saved. */
  exported: string | null;
}

export const INITIAL_OPINION: OpinionState = {
  chosen: null,
  engine: 'wasm',
  ready: [],
  busy: null,
  error: null,
  attempt: null,
  evaluations: [],
  exported: null,
};
