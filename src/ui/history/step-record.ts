/**
 * All that the event stream says of one step, as the events themselves: what a panel draws a step from. Not a view:
 * nothing is derived here. Made by `history.ts`, read by panels through the hooks of `hooks.ts`.
 *
 * Prompts are known by their candidate's number: `candidateOf(group)`, and `index` of every event of MASA.
 */
import type { PromptGroup, RunEventOf } from '../../run/events';

export type MetaGroup = RunEventOf<'meta_group'>;
export type GateDecision = RunEventOf<'gate_decision'>;
export type GatePlan = RunEventOf<'gate_plan'>;
export type CutoffEvent = RunEventOf<'cutoff'>;
export type AuditEvent = RunEventOf<'audit'>;
export type ExpertUpdate = RunEventOf<'expert_update'>;
export type SamplingPlanEvent = RunEventOf<'sampling_plan'>;
export type StepMetrics = RunEventOf<'step_metrics'>;
export type WarningEvent = RunEventOf<'warning'>;

export interface StepRecord {
  step: number;
  /** Trained on, in the order of the step's batch. Empty until they are judged. */
  groups: readonly PromptGroup[];
  /** In rising order of candidate, as are decisions and cutoffs. */
  metaGroups: readonly MetaGroup[];
  decisions: readonly GateDecision[];
  plan: GatePlan | null;
  cutoffs: readonly CutoffEvent[];
  audit: AuditEvent | null;
  /** Of each kind at most one. */
  expertUpdates: readonly ExpertUpdate[];
  /** null without dynamic sampling. */
  samplingPlan: SamplingPlanEvent | null;
  /** null until the step has ended. */
  metrics: StepMetrics | null;
  warnings: readonly WarningEvent[];
  /** The step has ended: nothing more comes, warnings aside. */
  finished: boolean;
  /** False for a step so old that only its metrics were kept: what is empty here was not empty. */
  whole: boolean;
}

export const emptyRecord = (step: number): StepRecord => ({
  step,
  groups: [],
  metaGroups: [],
  decisions: [],
  plan: null,
  cutoffs: [],
  audit: null,
  expertUpdates: [],
  samplingPlan: null,
  metrics: null,
  warnings: [],
  finished: false,
  whole: true,
});

/** Number of the group's prompt among the step's candidates. */
export const candidateOf = (group: PromptGroup): number => group.candidate ?? group.index;

/**
 * How much memory a record takes, in numbers held: tokens and log-probabilities, which are nearly all of it, and a
 * flat sum for each rollout. A number is 4 to 8 bytes.
 */
export function sizeOf(record: StepRecord): number {
  const known = sizes.get(record);
  if (known !== undefined) return known;
  let size = 200;
  for (const group of record.groups)
    for (const { tokens } of group.rollouts) size += 2 * tokens.length + FLAT_SIZE;
  for (const group of record.metaGroups)
    for (const { tokens } of group.predictions) size += 2 * tokens.length + 2 * FLAT_SIZE;
  size += record.decisions.reduce((sum, each) => sum + each.pass_rates.length + 2 * FLAT_SIZE, 0);
  for (const { examples } of record.expertUpdates)
    for (const { from, to } of examples) size += from.length + to.length + FLAT_SIZE;
  sizes.set(record, size);
  return size;
}

const FLAT_SIZE = 24;
const sizes = new WeakMap<StepRecord, number>();
