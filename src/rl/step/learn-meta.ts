/**
 * The phase `clone`: the meta side learns by supervision from prompts already paid for. Expert trajectories go into the
 * policy's own weights, by an optimiser of their own; outcomes into the meta adapter. Neither generates anything.
 *
 * What is collected and when it is learned is decided by `masa/experts.ts` and `masa/expert-schedule.ts`. Source of
 * the experts: MASA, arXiv 2510.03259, section 3.3; of the outcomes and the KL anchor: this lab.
 */
import type { TrainRow } from '../../model/batch';
import { type LossSettings, SUPERVISED } from '../../model/loss';
import type { StepReport, UpdateOptions } from '../../model/policy';
import type { MasaState } from '../../run/masa-state';
import { mean } from '../../run/statistics';
import { brierScore } from '../masa/audit';
import { Draw, drawStream } from '../masa/draws';
import { type ExpertScheduleSettings, scheduleExperts } from '../masa/expert-schedule';
import { addExamples, exampleBatch, type MetaExample, outcomeExample, selectExperts } from '../masa/experts';
import { expertSchedule, expertSettings, outcomeSchedule } from '../masa/settings';
import { NonFiniteError } from '../non-finite';
import { isKept, type SolutionGroup, type StepContext } from './context';
import { type JudgedPredictions, truthOf } from './reward-predictions';
import { gradientFault, optimizerSettings, rowOf } from './update';

type Learned = NonNullable<MasaState['experts']>;

/** What a kind of supervised learning did in a step. */
export interface MetaLearning {
  collected: number;
  /** [updates] */
  nll: number[];
}

export interface StepLearning {
  /** null where there are none. */
  experts: MetaLearning | null;
  outcomes: MetaLearning | null;
  /** The state with what was collected and scheduled. */
  state: MasaState;
}

/**
 * @param groups of the kept and the audited candidates.
 * @param predictions judged, of all candidates.
 * @throws NonFiniteError
 */
export async function learnMeta(
  context: StepContext,
  state: MasaState,
  groups: readonly SolutionGroup[],
  predictions: readonly JudgedPredictions[],
): Promise<StepLearning> {
  const brier = stepBrier(groups);
  const experts = state.experts && (await learnExperts(context, state.experts, groups, predictions, brier));
  const outcomes = state.outcomes && (await learnOutcomes(context, state.outcomes, groups));
  return {
    experts: experts?.did ?? null,
    outcomes: outcomes?.did ?? null,
    state: { ...state, experts: experts?.next ?? null, outcomes: outcomes?.next ?? null },
  };
}

/** The Brier score of the gate's probabilities over the groups that were rolled out; null where it gave none. */
export function stepBrier(groups: readonly SolutionGroup[]): number | null {
  return brierScore(
    groups.flatMap(({ candidate, zeroVariance }) => {
      const probability = candidate.decision?.zeroVariance ?? null;
      return probability === null ? [] : [{ probability, outcome: zeroVariance }];
    }),
  );
}

interface Outcome {
  did: MetaLearning;
  next: Learned;
}

async function learnExperts(
  context: StepContext,
  state: Learned,
  groups: readonly SolutionGroup[],
  predictions: readonly JudgedPredictions[],
  brier: number | null,
): Promise<Outcome> {
  const { manifest, task, step } = context;
  const found = predictions.flatMap(({ candidate, truth, scored }) =>
    // What the audit alone rolled out stays outside of everything that is learned into the policy.
    truth && scored && isKept(candidate.role)
      ? selectExperts(task.meta!, candidate.problem, scored, truth, expertSettings(manifest), step).map(
          (expert) => ({ ...expert, index: candidate.index }),
        )
      : [],
  );
  const anchors = manifest.masa_expert_kl > 0 ? await anchorRows(context, groups) : [];
  return learn(context, {
    kind: 'experts',
    state,
    added: found.map((f) => f.example),
    examples: found.map(({ index, from, example }) => ({ index, from: [...from], to: example.completion })),
    capacity: manifest.masa_expert_buffer,
    schedule: expertSchedule(manifest),
    brier,
    batch: manifest.masa_expert_batch,
    update: (rows) => cloneExperts(context, rows, anchors),
  });
}

function learnOutcomes(
  context: StepContext,
  state: Learned,
  groups: readonly SolutionGroup[],
): Promise<Outcome> {
  const { manifest, task, step } = context;
  // The audited too: without them the adapter would hear nothing more of what the gate closes on.
  const added = [...groups]
    .sort((a, b) => a.candidate.index - b.candidate.index)
    .flatMap((group) => {
      const truth = truthOf(group, task.meta!);
      return truth ? [outcomeExample(task.meta!, group.candidate.problem, truth, step)] : [];
    });
  return learn(context, {
    kind: 'outcomes',
    state,
    added,
    examples: [],
    capacity: manifest.meta_adapter_buffer,
    schedule: outcomeSchedule(manifest),
    brier: null,
    batch: manifest.meta_adapter_batch,
    update: async (rows) => {
      const report = await supervise(context, rows, SUPERVISED, manifest.meta_adapter_learning_rate, {
        through: 'adapter',
      });
      return { nll: nllOf(report, rows), kl: null };
    },
  });
}

interface Lesson {
  kind: 'experts' | 'outcomes';
  state: Learned;
  added: readonly MetaExample[];
  examples: { index: number; from: number[]; to: number[] }[];
  capacity: number;
  schedule: ExpertScheduleSettings;
  brier: number | null;
  batch: number;
  update(rows: readonly TrainRow[]): Promise<{ nll: number; kl: number | null }>;
}

/** Collects, asks the schedule, updates, and says so. */
async function learn({ manifest, step, emit }: StepContext, lesson: Lesson): Promise<Outcome> {
  const { kind, added, capacity, examples } = lesson;
  const buffer = addExamples(lesson.state.buffer, added, capacity);
  const { updates, reason, state } = scheduleExperts(lesson.state.schedule, lesson.schedule, {
    step,
    examples: buffer.examples.length,
    brier: lesson.brier,
  });
  const nll: number[] = [];
  let kl: number | null = null;
  for (let update = 0; update < updates; update++) {
    const done = await lesson.update(
      exampleRows(exampleBatch(buffer, lesson.batch, { seed: manifest.seed, step, update })),
    );
    nll.push(done.nll);
    kl = done.kl;
  }
  if (added.length > 0 || updates > 0)
    emit({
      type: 'expert_update',
      v: 1,
      step,
      kind,
      collected: added.length,
      buffered: buffer.examples.length,
      updates,
      reason,
      nll,
      kl,
      brier: state.brier,
      reference: state.reference,
      examples,
    });
  return { did: { collected: added.length, nll }, next: { buffer, schedule: state } };
}

/** Rows whose loss is the mean over all learned tokens. */
function exampleRows(examples: readonly MetaExample[]): TrainRow[] {
  const active = examples.reduce((sum, e) => sum + e.active.length, 0);
  return examples.map(({ prompt, completion, active: learned }) => ({
    tokens: [...prompt, ...completion],
    active: learned.map((place) => prompt.length + place),
    // With this and a ratio of 1 the gradient of GRPO's token loss is that of the log-likelihood.
    advantage: 1,
    weight: 1 / active,
    oldLogps: new Float32Array(learned.length),
  }));
}

/**
 * One supervised update on experts. With anchors it is one batch of GRPO's token loss: experts with an advantage of 1
 * and no distance from themselves, solution rollouts with no advantage and their distance from what they were.
 */
async function cloneExperts(
  context: StepContext,
  rows: readonly TrainRow[],
  anchors: readonly TrainRow[],
): Promise<{ nll: number; kl: number | null }> {
  const { policy, manifest } = context;
  const rate = manifest.masa_expert_learning_rate;
  const options = { optimizer: 'experts' as const, trainable: trainableBlocks(context) };
  if (anchors.length === 0)
    return { nll: nllOf(await supervise(context, rows, SUPERVISED, rate, options), rows), kl: null };
  const now = await policy.score(rows);
  const held = rows.map((row, i) => ({ ...row, referenceLogps: now[i].logps }));
  const loss: LossSettings = { ...SUPERVISED, kind: 'token', beta: manifest.masa_expert_kl };
  const report = await supervise(context, [...held, ...anchors], loss, rate, options);
  const anchored = anchors.reduce((sum, row) => sum + row.active.length, 0);
  return {
    nll: nllOf(report, rows),
    kl: report.rollouts.slice(rows.length).reduce((sum, r) => sum + r.kl, 0) / anchored,
  };
}

/** Of this step's solution rollouts as many as there are experts in a batch, with what the policy says of them now. */
async function anchorRows(
  { policy, manifest, step }: StepContext,
  groups: readonly SolutionGroup[],
): Promise<TrainRow[]> {
  const left = groups
    .filter((group) => isKept(group.candidate.role))
    .flatMap((group) => group.rollouts.filter((r) => r.seen.tokens.length > 0));
  const stream = drawStream(manifest.seed, Draw.anchors, step, 0);
  const count = Math.min(manifest.masa_expert_batch, left.length);
  for (let i = 0; i < count; i++) {
    const j = stream.integer(i, left.length - 1);
    [left[i], left[j]] = [left[j], left[i]];
  }
  const rows = left.slice(0, count).map(({ prompt, seen }) => rowOf(prompt, seen.tokens));
  const scored = await policy.score(rows);
  const active = rows.reduce((sum, row) => sum + row.active.length, 0);
  return rows.map((row, i) => ({
    ...row,
    advantage: 0,
    weight: 1 / active,
    oldLogps: scored[i].logps,
    referenceLogps: scored[i].logps,
  }));
}

function trainableBlocks({ policy, manifest }: StepContext): UpdateOptions['trainable'] {
  if (manifest.masa_expert_blocks === 'all') return undefined;
  const last = `model.layers.${policy.config.num_hidden_layers - 1}.`;
  return (name) => name.startsWith(last);
}

async function supervise(
  { policy, manifest, step }: StepContext,
  rows: readonly TrainRow[],
  loss: LossSettings,
  learning_rate: number,
  options: UpdateOptions & { through?: 'adapter' },
): Promise<StepReport> {
  const settings = { ...optimizerSettings(manifest), learning_rate, weight_decay: 0 };
  const report = await policy.trainStep(rows, loss, settings, options);
  if (!report.gradient.finite)
    throw new NonFiniteError(step, gradientFault(await policy.brokenTensors(options.through)));
  return report;
}

/** Mean negative log-likelihood of the rows' learned tokens, which come first in the report. */
function nllOf(report: StepReport, rows: readonly TrainRow[]): number {
  const tokens = rows.reduce((sum, row) => sum + row.active.length, 0);
  return -report.rollouts.slice(0, rows.length).reduce((sum, r) => sum + r.logp, 0) / tokens;
}

/** Its metrics; a figure is left out where nothing defines it. */
export function learningMetrics({ experts, outcomes }: StepLearning): Record<string, number> {
  const of = (kind: string, did: MetaLearning | null): [string, number][] =>
    did === null
      ? []
      : [
          [`masa/${kind}/collected`, did.collected],
          [`masa/${kind}/updates`, did.nll.length],
          ...(did.nll.length > 0 ? [[`masa/${kind}/nll`, mean(did.nll.slice(-1))] as [string, number]] : []),
        ];
  return Object.fromEntries([...of('expert', experts), ...of('adapter', outcomes)]);
}
