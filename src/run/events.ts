/**
 * The event stream: everything a run says, in order. The page, a replay, the report, the command line and
 * the tests read this stream and nothing else; a recorded run is the stream written down as JSON Lines.
 *
 * Every member carries `v`, the version of its own form. Token ids are the task's; shapes are in the comments
 * (G rollouts of a group, T tokens of a completion). Numbers are plain doubles; wall-clock fields end in `_ms`
 * or `_at` and are the only ones that differ between two runs of one manifest on one adapter.
 */
import { z } from 'zod';
import { benchmarks } from './benchmark-events';
import {
  booleans,
  count,
  counts,
  heldMemory,
  numbers,
  numbersByName,
  PHASES,
  problemInfo,
  score,
  texts,
  tokens,
} from './event-parts';
import { manifestSchema } from './manifest';
import {
  alignment,
  audit,
  cutoff,
  expertUpdate,
  gateDecision,
  gatePlan,
  metaGroup,
  rolloutLimit,
} from './masa-events';
import { kernelProfile } from './profile-events';

export {
  type MemoryHolder,
  PHASES,
  type Phase,
  type ProblemInfo,
  problemInfo,
  type Score,
} from './event-parts';

/** One compared quantity of a self-test case. `error` and `tolerance` are in the unit `measure` names. */
export const checkedQuantity = z.object({
  name: z.string(),
  measure: z.enum(['absolute', 'relative-norm']),
  /** null when the adapter gave something that is not a number. */
  error: z.number().nullable(),
  tolerance: z.number(),
  ok: z.boolean(),
});
export type CheckedQuantity = z.infer<typeof checkedQuantity>;

export const selfTestResult = z.object({
  status: z.enum(['passed', 'failed', 'skipped']),
  /** Why it failed or was skipped; empty when passed. */
  reason: z.string(),
  cases: z.array(z.object({ name: z.string(), ok: z.boolean(), quantities: z.array(checkedQuantity) })),
  duration_ms: z.number(),
  /**
   * When it was made, where that was in an earlier visit to the same adapter: it is then repeated before the first
   * update. Absent of a test that was made before the run began.
   */
  tested_at: z.string().optional(),
});
export type SelfTestResult = z.infer<typeof selfTestResult>;

export const adapterInfo = z.object({
  vendor: z.string(),
  architecture: z.string(),
  device: z.string(),
  description: z.string(),
  /** True when the adapter is known to run on the processor (SwiftShader, lavapipe). */
  software: z.boolean(),
  features: texts,
  limits: numbersByName,
});
export type AdapterInfo = z.infer<typeof adapterInfo>;

/** What token ids mean in the run of a model with a tokenizer of its own. */
export const spokenVocabulary = z.object({
  /** Text of each id. */
  tokens: texts,
  /** What stands between the texts of neighbours. */
  separator: z.string(),
  /** Tokens that end a completion. */
  ends: tokens,
});
export type SpokenVocabulary = z.infer<typeof spokenVocabulary>;

export const runStarted = z.object({
  type: z.literal('run_started'),
  v: z.literal(1),
  manifest: manifestSchema,
  /** Version of the lab that wrote the stream. */
  lab: z.string(),
  adapter: adapterInfo,
  self_test: selfTestResult,
  parameters: count,
  /** Bytes of device memory the run was planned to take. */
  device_bytes: count,
  /** What holds the memory that was allocated, largest first; absent in older streams. */
  memory: z.array(heldMemory).optional(),
  /** First step of this stretch: 0, or the checkpoint's step when resumed. */
  from_step: count,
  started_at: z.string(),
  /** The tokens, where they are those of a model from elsewhere and not the task's own. */
  vocabulary: spokenVocabulary.optional(),
});

/** A phase of a step begins. Live only. */
export const phaseStarted = z.object({
  type: z.literal('phase'),
  v: z.literal(1),
  step: count,
  phase: z.enum(PHASES),
});

/**
 * The prompts of a step, before their rollouts. Live only: `prompt_group` has all of it in the end. Each round of
 * dynamic sampling begins anew with its own prompts, and after the last round come those that are trained on.
 */
export const rolloutsStarted = z.object({
  type: z.literal('rollouts_started'),
  v: z.literal(1),
  step: count,
  /** One entry a group; the rollouts of group g are rows g * num_generations and on. */
  prompts: z.array(tokens),
  num_generations: count,
  /** One entry a group: where its rollouts will be stopped, and what that follows from. Absent without a cutoff. */
  limits: z.array(rolloutLimit).optional(),
});

/** What each rollout has grown by since the last such event of the step. Live only. */
export const rolloutsGrown = z.object({
  type: z.literal('rollouts_grown'),
  v: z.literal(1),
  step: count,
  /** [rows][new tokens], rows in the order of `rollouts_started`. */
  tokens: z.array(tokens),
  /** [rows], true once a rollout has ended or reached its limit. */
  finished: booleans,
});

/** What the rollouts earned, before their groups are compared. Live only. */
export const rolloutsJudged = z.object({
  type: z.literal('rollouts_judged'),
  v: z.literal(1),
  step: count,
  /** [rows], in the order of `rollouts_started`. */
  rewards: numbers,
  truncated: booleans,
});

export const rollout = z.object({
  /** [T] completion tokens, the end-of-sequence token included when it was reached. */
  tokens,
  /** [T] log-probability of each token under the policy that sampled it. */
  logps: numbers,
  /** The verifier's. */
  reward: z.number(),
  /** What overlong shaping adds to the reward for the advantage; absent without it. */
  shaping: z.number().optional(),
  /** 0 where it is not trained on. */
  advantage: z.number(),
  /** Ended by the length limit rather than by the end-of-sequence token. */
  truncated: z.boolean(),
  /** The notions it was given as a hint between problem and solution; absent without a hint. */
  hint: tokens.optional(),
  /** Which of the prompt's meta rollouts the hint is from. */
  hint_source: count.optional(),
  /** The limit it ended by is that of MASA's cutoff; absent when not. */
  cut: z.boolean().optional(),
});
export type Rollout = z.infer<typeof rollout>;

export const promptGroup = z.object({
  type: z.literal('prompt_group'),
  v: z.literal(1),
  step: count,
  /** Place in the step's batch; groups that were thrown away are numbered after it. */
  index: count,
  /** Number among the step's candidates, in the order of drawing; absent where all of them are in the batch. */
  candidate: count.optional(),
  problem: problemInfo,
  prompt: tokens,
  /** Thrown away by dynamic sampling: generated, and no part of the batch. */
  discarded: z.boolean().optional(),
  /** [G] */
  rollouts: z.array(rollout),
  /** Of the verifier's rewards, shaping left out. */
  reward_mean: z.number(),
  reward_std: z.number(),
});
export type PromptGroup = z.infer<typeof promptGroup>;

/** What dynamic sampling made of a step's candidates, once its rounds are over; `rl/sampling-plan.ts` decides. */
export const samplingPlan = z.object({
  type: z.literal('sampling_plan'),
  v: z.literal(1),
  step: count,
  /** Numbers of the candidates that are trained on, and of those that were rolled out and thrown away. */
  kept: counts,
  discarded: counts,
  /** [rounds] candidates that each round rolled out. */
  drawn: counts,
  /** Why the step is not full; empty when it is. */
  reason: z.string(),
});

/** Metric names are TRL's where TRL has one; `metrics.ts` says what each is. */
export const stepMetrics = z.object({
  type: z.literal('step_metrics'),
  v: z.literal(1),
  step: count,
  metrics: numbersByName,
  /** Milliseconds of each phase of the step. */
  phases_ms: z.partialRecord(z.enum(PHASES), z.number()),
  step_ms: z.number(),
});

export const evaluation = z.object({
  type: z.literal('evaluation'),
  v: z.literal(1),
  /** Optimiser steps taken before it. */
  step: count,
  suite: z.string(),
  total: score,
  /** Keyed `family/tier`. */
  by_tier: z.record(z.string(), score),
  mean_length: z.number(),
  /** Tokens generated for training before this evaluation, to plot accuracy against: the metric `num_tokens`. */
  num_tokens: count,
  /** What training had cost by then: the metrics `num_flops` and `decode_steps`; absent in older streams. */
  num_flops: z.number().optional(),
  decode_steps: count.optional(),
  /** Of the run so far: all tokens of meta rollouts, and those of the audit; absent without either. */
  meta_tokens: count.optional(),
  audit_tokens: count.optional(),
  /** How predictions agree with the answers; absent where none were asked for. */
  alignment: alignment.optional(),
  duration_ms: z.number(),
});

export const warning = z.object({
  type: z.literal('warning'),
  v: z.literal(1),
  step: count,
  code: z.string(),
  message: z.string(),
  /** What the user can do about it. */
  remedy: z.string(),
});

export const checkpointWritten = z.object({
  type: z.literal('checkpoint'),
  v: z.literal(1),
  step: count,
  /** Folder inside the run directory, or 'memory' where the page keeps it. */
  path: z.string(),
  bytes: count,
});

export const finished = z.object({
  type: z.literal('finished'),
  v: z.literal(1),
  step: count,
  reason: z.enum(['completed', 'stopped', 'failed']),
  /** What went wrong and what to do; empty unless failed. */
  message: z.string(),
  /** Step of the last good checkpoint, null when there is none. */
  last_checkpoint: count.nullable(),
  seconds: z.number(),
});

export const eventSchema = z.discriminatedUnion('type', [
  runStarted,
  phaseStarted,
  rolloutsStarted,
  rolloutsGrown,
  rolloutsJudged,
  promptGroup,
  samplingPlan,
  metaGroup,
  gateDecision,
  gatePlan,
  cutoff,
  audit,
  expertUpdate,
  kernelProfile,
  stepMetrics,
  evaluation,
  benchmarks,
  warning,
  checkpointWritten,
  finished,
]);
export type RunEvent = z.infer<typeof eventSchema>;
export type RunEventOf<T extends RunEvent['type']> = Extract<RunEvent, { type: T }>;

/** Events that only matter while they happen: shown live, left out of a recorded stream. */
export const LIVE_ONLY: ReadonlySet<RunEvent['type']> = new Set([
  'phase',
  'rollouts_started',
  'rollouts_grown',
  'rollouts_judged',
]);
