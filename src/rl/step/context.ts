/** What the phases of a step are handed, and what passes from one to the next. Used by `trainer.ts` and its phases. */
import type { Decoded, SamplingSettings } from '../../model/decoder';
import type { Policy } from '../../model/policy';
import type { Phase, RunEvent } from '../../run/events';
import type { Manifest } from '../../run/manifest';
import type { MetaPrediction } from '../../tasks/meta';
import { endsOf, type Problem, type Task } from '../../tasks/task';
import type { CutoffLimit } from '../masa/cutoff';
import type { GateDecision } from '../masa/gate';
import type { GateRole } from '../masa/gate-plan';

/** How the trainer is held: asked between phases and while rollouts grow. */
export interface Control {
  /** Resolves at once, or when a pause ends; rejects when the step is to be abandoned. */
  proceed(): Promise<void>;
}

export interface StepContext {
  readonly policy: Policy;
  readonly manifest: Manifest;
  readonly task: Task;
  readonly step: number;
  readonly control: Control;
  emit(event: RunEvent): void;
  /** Announces a phase, waits out a pause, does the work and adds up its time. */
  timed<T>(phase: Phase, work: () => Promise<T>): Promise<T>;
}

/** The meta rollouts of a prompt, M of them. */
export interface MetaRollouts {
  /** The meta prompt. */
  prompt: number[];
  /** [M] */
  completions: Decoded[];
  /** [M] */
  predictions: MetaPrediction[];
  /** [counts] mean probability of each pass count; null where it was not read. */
  passDistribution: number[] | null;
  /** Tokens; read off probabilities where nothing was sampled, else null. */
  expectedLength: number | null;
  /** Tokens of all completions, and of what was read where nothing was sampled. */
  tokens: number;
}

/** A problem that was drawn for the step, and what became of it before any solution. */
export interface Candidate {
  /** Number in the order of drawing: the step's training problem of this index. */
  index: number;
  problem: Problem;
  /** null without predictions. */
  meta: MetaRollouts | null;
  /** null without a gate. */
  decision: GateDecision | null;
  /** `open` without a gate. */
  role: GateRole;
}

export interface SolutionRollout {
  /** With its hint, where it has one. */
  prompt: readonly number[];
  /** The meta rollout its hint is from; null without a hint. */
  hintSource: number | null;
  /** What reward and loss see of it. */
  seen: Decoded;
  /** Still going at a limit of the cutoff. */
  cut: boolean;
  /** The whole of it where it was let run on for the cutoff's audit and was cut; else null. */
  full: Decoded | null;
  /** By the verifier, of `seen`. */
  reward: number;
  /** Added to the reward for the advantage, by the length of `seen`; 0 without overlong shaping. */
  shaping: number;
  /** Known for what it is: false for a cut rollout that is masked. */
  counted: boolean;
}

/** The G solution rollouts of a candidate, judged. */
export interface SolutionGroup {
  candidate: Candidate;
  /** null without a cutoff. */
  cutoff: CutoffLimit | null;
  /** [G] */
  rollouts: SolutionRollout[];
  /** The counted rollouts have one reward: the group teaches nothing. */
  zeroVariance: boolean;
}

/** Whether a candidate's group is trained on. */
export const isKept = (role: GateRole): boolean => role !== 'gated' && role !== 'audited';

export const samplingSettings = (manifest: Manifest, task: Task): SamplingSettings => ({
  temperature: manifest.temperature,
  top_k: manifest.top_k,
  top_p: manifest.top_p,
  endOfSequence: endsOf(task.vocabulary),
});

/** Tokens of all of these. */
export const tokensOf = (completions: readonly { tokens: readonly number[] }[]): number =>
  completions.reduce((sum, { tokens }) => sum + tokens.length, 0);
