/**
 * What the page knows of a run: a pure fold of the event stream, `reduceEvent(view, event) -> view`.
 * Unchanged parts keep their identity, so that a panel that reads one of them draws only when it changed.
 *
 * Knows no React, no worker and no clock; a recorded stream gives the same view as a live one.
 */
import type {
  AdapterInfo,
  Phase,
  ProblemInfo,
  PromptGroup,
  RunEvent,
  RunEventOf,
  SelfTestResult,
  SpokenVocabulary,
} from '../../run/events';
import type { Manifest } from '../../run/manifest';
import type { RolloutLimit } from '../../run/masa-events';
import { keepRecent, MOST_BENCHMARKS, MOST_WARNINGS, thin, tokensOf, withStep } from './bounds';
import { type EvaluationPoint, withEvaluation } from './evaluations';

/** `growing` and `ended` are live and not judged yet; the rest is the verifier's word. */
export type Verdict = 'growing' | 'ended' | 'right' | 'wrong' | 'truncated';

export interface RolloutView {
  /** [T] */
  tokens: readonly number[];
  /** [T], null until judged. */
  logps: readonly number[] | null;
  reward: number | null;
  advantage: number | null;
  verdict: Verdict;
}

export interface GroupView {
  step: number;
  index: number;
  /** Number among the step's candidates; null while that is not known yet. */
  candidate: number | null;
  prompt: readonly number[];
  /** null until judged. */
  problem: ProblemInfo | null;
  rollouts: readonly RolloutView[];
  /** Where its rollouts are stopped while they grow; null without a cutoff, and once judged (`cutoff` events have it). */
  limit: RolloutLimit | null;
  rewardMean: number | null;
  rewardStd: number | null;
}

export interface StepGroups {
  step: number;
  /** In the order of the step's batch. */
  groups: readonly GroupView[];
}

export interface StepPoint {
  step: number;
  /** Tokens generated for training up to and with this step. */
  numTokens: number;
  metrics: Readonly<Record<string, number>>;
  phasesMs: Readonly<Partial<Record<Phase, number>>>;
  stepMs: number;
}

export type { EvaluationPoint };

export interface RunFacts {
  manifest: Manifest;
  adapter: AdapterInfo;
  selfTest: SelfTestResult;
  parameters: number;
  deviceBytes: number;
  /** By what holds it; null in older streams. */
  memory: RunEventOf<'run_started'>['memory'] | null;
  fromStep: number;
  lab: string;
  /** The tokens of a model from elsewhere; null where they are the task's own. */
  vocabulary: SpokenVocabulary | null;
}

export type RunWarning = Pick<RunEventOf<'warning'>, 'step' | 'code' | 'message' | 'remedy'>;
export type CheckpointNote = Pick<RunEventOf<'checkpoint'>, 'step' | 'path' | 'bytes'>;
export type Ending = Pick<
  RunEventOf<'finished'>,
  'step' | 'reason' | 'message' | 'last_checkpoint' | 'seconds'
>;

export interface RunView {
  facts: RunFacts | null;
  phase: { step: number; phase: Phase } | null;
  /** In rising order of step; bounded by thinning out what is old. */
  steps: readonly StepPoint[];
  evaluations: readonly EvaluationPoint[];
  /** The newest evaluations on benchmark sets, oldest first. */
  benchmarks: readonly RunEventOf<'benchmarks'>[];
  /** The newest profiles, oldest first. */
  profiles: readonly RunEventOf<'kernel_profile'>[];
  /** The newest steps' groups, oldest first; the last one may be growing. */
  recent: readonly StepGroups[];
  warnings: readonly RunWarning[];
  checkpoint: CheckpointNote | null;
  ending: Ending | null;
}

export const EMPTY_RUN: RunView = {
  facts: null,
  phase: null,
  steps: [],
  evaluations: [],
  benchmarks: [],
  profiles: [],
  recent: [],
  warnings: [],
  checkpoint: null,
  ending: null,
};

export function reduceEvents(view: RunView, events: readonly RunEvent[]): RunView {
  return events.reduce(reduceEvent, view);
}

/** The view after one more event. Never throws: an event that refers to nothing known is taken as it stands. */
export function reduceEvent(view: RunView, event: RunEvent): RunView {
  switch (event.type) {
    case 'run_started':
      return startRun(view, event);
    case 'phase':
      return { ...view, phase: { step: event.step, phase: event.phase } };
    case 'rollouts_started':
      return startStep(view, event);
    case 'rollouts_grown':
      return growStep(view, event);
    case 'rollouts_judged':
      return rewardStep(view, event);
    case 'prompt_group':
      // What was thrown away is no part of the batch; the metrics count it.
      return event.discarded ? view : judgeGroup(view, event);
    case 'step_metrics':
      return addStep(view, event);
    case 'evaluation':
      return { ...view, evaluations: withEvaluation(view.evaluations, event) };
    case 'benchmarks':
      return { ...view, benchmarks: [...view.benchmarks, event].slice(-MOST_BENCHMARKS) };
    case 'kernel_profile':
      return { ...view, profiles: withStep(view.profiles, event) };
    case 'warning': {
      const { step, code, message, remedy } = event;
      const warnings = [...view.warnings, { step, code, message, remedy }].slice(-MOST_WARNINGS);
      return { ...view, warnings };
    }
    case 'checkpoint': {
      const { step, path, bytes } = event;
      // The saving is over: what comes next says so itself.
      const phase = view.phase?.phase === 'checkpoint' ? null : view.phase;
      return { ...view, phase, checkpoint: { step, path, bytes } };
    }
    case 'finished': {
      const { step, reason, message, last_checkpoint, seconds } = event;
      return { ...view, phase: null, ending: { step, reason, message, last_checkpoint, seconds } };
    }
    // What they lead to is in the rollouts, the metrics and the evaluations.
    case 'sampling_plan':
    case 'meta_group':
    case 'gate_decision':
    case 'gate_plan':
    case 'cutoff':
    case 'audit':
    case 'expert_update':
      return view;
    default:
      return unknownEvent(event);
  }
}

function unknownEvent(event: never): never {
  throw new Error(`internal: run view: expected an event of the stream, got ${JSON.stringify(event)}`);
}

/** A run from step 0 starts with a clean sheet; a resumed one keeps what came before its checkpoint. */
function startRun(view: RunView, event: RunEventOf<'run_started'>): RunView {
  const facts: RunFacts = {
    manifest: event.manifest,
    adapter: event.adapter,
    selfTest: event.self_test,
    parameters: event.parameters,
    deviceBytes: event.device_bytes,
    memory: event.memory ?? null,
    fromStep: event.from_step,
    lab: event.lab,
    vocabulary: event.vocabulary ?? null,
  };
  if (event.from_step === 0) return { ...EMPTY_RUN, facts };
  return {
    ...view,
    facts,
    phase: null,
    ending: null,
    // A step's number is that of the optimiser steps before it: step `from_step` is the first to be run again.
    steps: view.steps.filter((point) => point.step < event.from_step),
    evaluations: view.evaluations.filter((point) => point.step <= event.from_step),
    benchmarks: view.benchmarks.filter((each) => each.step <= event.from_step),
    profiles: view.profiles.filter((each) => each.step < event.from_step),
    recent: view.recent.filter((each) => each.step < event.from_step && each.groups.every(isJudged)),
  };
}

export const isJudged = (group: GroupView): boolean => group.rewardMean !== null;

const UNGROWN: RolloutView = { tokens: [], logps: null, reward: null, advantage: null, verdict: 'growing' };

function startStep(view: RunView, event: RunEventOf<'rollouts_started'>): RunView {
  const rollouts = Array.from({ length: event.num_generations }, () => UNGROWN);
  const groups = event.prompts.map(
    (prompt, index): GroupView => ({
      step: event.step,
      index,
      candidate: null,
      prompt,
      problem: null,
      rollouts,
      limit: event.limits?.[index] ?? null,
      rewardMean: null,
      rewardStd: null,
    }),
  );
  return { ...view, recent: appendStep(view.recent, { step: event.step, groups }) };
}

/** Steps at or after the new one are dropped: they belong to a stretch that is being run again. */
function appendStep(recent: readonly StepGroups[], next: StepGroups): readonly StepGroups[] {
  return keepRecent([...recent.filter((each) => each.step < next.step), next], (each) =>
    tokensOf(each.groups),
  );
}

function growStep(view: RunView, event: RunEventOf<'rollouts_grown'>): RunView {
  const current = view.recent.at(-1);
  if (current?.step !== event.step) return view;
  let row = 0;
  const groups = current.groups.map((group) => {
    const first = row;
    row += group.rollouts.length;
    if (isJudged(group)) return group;
    let changed = false;
    const rollouts = group.rollouts.map((rollout, i) => {
      const more = event.tokens[first + i] ?? [];
      const ended = event.finished[first + i] ?? false;
      if (more.length === 0 && (!ended || rollout.verdict === 'ended')) return rollout;
      changed = true;
      const tokens = more.length === 0 ? rollout.tokens : rollout.tokens.concat(more);
      return { ...rollout, tokens, verdict: ended ? ('ended' as const) : rollout.verdict };
    });
    return changed ? { ...group, rollouts } : group;
  });
  return { ...view, recent: [...view.recent.slice(0, -1), { step: current.step, groups }] };
}

/** The verifier's word, before the groups say what follows from it. */
function rewardStep(view: RunView, event: RunEventOf<'rollouts_judged'>): RunView {
  const current = view.recent.at(-1);
  if (current?.step !== event.step) return view;
  let row = 0;
  const groups = current.groups.map((group) => {
    const first = row;
    row += group.rollouts.length;
    if (isJudged(group)) return group;
    const rollouts = group.rollouts.map((rollout, i) => {
      const reward = event.rewards[first + i];
      if (reward === undefined) return rollout;
      return {
        ...rollout,
        reward,
        verdict: verdictOf({ reward, truncated: event.truncated[first + i] === true }),
      };
    });
    return { ...group, rollouts };
  });
  return { ...view, recent: [...view.recent.slice(0, -1), { step: current.step, groups }] };
}

/** A judged group as panels draw it. */
export function groupView(event: PromptGroup): GroupView {
  return {
    step: event.step,
    index: event.index,
    candidate: event.candidate ?? event.index,
    prompt: event.prompt,
    problem: event.problem,
    rollouts: event.rollouts.map((rollout) => ({
      tokens: rollout.tokens,
      logps: rollout.logps,
      reward: rollout.reward,
      advantage: rollout.advantage,
      verdict: verdictOf(rollout),
    })),
    limit: null,
    rewardMean: event.reward_mean,
    rewardStd: event.reward_std,
  };
}

function judgeGroup(view: RunView, event: PromptGroup): RunView {
  const group = groupView(event);
  const current = view.recent.at(-1);
  if (current?.step !== event.step)
    return { ...view, recent: appendStep(view.recent, { step: event.step, groups: [group] }) };
  const groups = [...current.groups.filter((each) => each.index !== event.index), group];
  groups.sort((a, b) => a.index - b.index);
  return { ...view, recent: [...view.recent.slice(0, -1), { step: event.step, groups }] };
}

/** A truncated rollout that was rewarded all the same counts as right: the reward is what the policy learns from. */
function verdictOf(rollout: { reward: number; truncated: boolean }): Verdict {
  if (rollout.reward > 0) return 'right';
  return rollout.truncated ? 'truncated' : 'wrong';
}

function addStep(view: RunView, event: RunEventOf<'step_metrics'>): RunView {
  const isNew = (view.steps.at(-1)?.step ?? -1) < event.step;
  const before = isNew ? view.steps : view.steps.filter((point) => point.step < event.step);
  const point: StepPoint = {
    step: event.step,
    numTokens: event.metrics.num_tokens ?? before.at(-1)?.numTokens ?? 0,
    metrics: event.metrics,
    phasesMs: event.phases_ms,
    stepMs: event.step_ms,
  };
  return { ...view, steps: thin([...before, point]) };
}
