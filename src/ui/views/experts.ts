/**
 * What the meta side learned by supervision over recent steps: the predictions collected as experts with what each was
 * rewritten to, and the loss of every update. Pure; from the records of steps alone.
 */
import type { MetaTask } from '../../tasks/meta';
import type { Table } from '../components/panel-offers';
import type { ExpertUpdate, StepRecord } from '../history/step-record';

/** A prediction that was made true before it is imitated. */
export interface Rewrite {
  step: number;
  /** Number of the candidate. */
  index: number;
  /** Tokens of the vocabulary; they stay. */
  notions: readonly number[];
  /** Tokens, inclusive; `high` is null for the last bucket. What did not parse is null. */
  length: Change<{ low: number; high: number | null } | null>;
  /** Of `of`. */
  passes: Change<number | null>;
  of: number;
}

export interface Change<T> {
  from: T;
  to: T;
  changed: boolean;
}

export interface SupervisedUpdate {
  step: number;
  /** Place among the step's updates of its kind. */
  place: number;
  kind: ExpertUpdate['kind'];
  /** Mean negative log-likelihood of the minibatch before the update, in nats. */
  nll: number;
}

export interface ExpertsView {
  /** Newest first. */
  rewrites: Rewrite[];
  /** In their order. */
  updates: SupervisedUpdate[];
  /** Examples added over these steps, and kept at the last. */
  collected: number;
  buffered: number;
  /** What the newest step did, and why. */
  newest: ExpertUpdate | null;
}

type Records = readonly Pick<StepRecord, 'step' | 'expertUpdates'>[];

export function expertsView(records: Records, meta: MetaTask): ExpertsView {
  const events = records.flatMap((record) => record.expertUpdates);
  return {
    rewrites: events
      .flatMap((event) => event.examples.map((example) => rewriteOf(event.step, example, meta)))
      .reverse(),
    updates: events.flatMap(({ step, kind, nll }) =>
      nll.map((each, place) => ({ step, place, kind, nll: each })),
    ),
    collected: events.reduce((sum, event) => sum + event.collected, 0),
    buffered: events.at(-1)?.buffered ?? 0,
    newest: events.at(-1) ?? null,
  };
}

function rewriteOf(
  step: number,
  { index, from, to }: ExpertUpdate['examples'][number],
  meta: MetaTask,
): Rewrite {
  const [before, after] = [meta.parseMeta(from), meta.parseMeta(to)];
  return {
    step,
    index,
    notions: after.notions ?? [],
    length: {
      from: before.length,
      to: after.length,
      changed: before.length?.bucket !== after.length?.bucket,
    },
    passes: {
      from: before.passCount,
      to: after.passCount,
      changed: before.passCount !== after.passCount,
    },
    of: meta.passOf,
  };
}

export const rewritesTable = (rewrites: readonly Rewrite[], name: (notion: number) => string): Table => ({
  columns: ['step', 'prompt', 'notions', 'length from', 'length to', 'passes from', 'passes to', 'of'],
  rows: rewrites.map(({ step, index, notions, length, passes, of }) => [
    step,
    index,
    notions.map(name).join(' '),
    length.from?.low ?? null,
    length.to?.low ?? null,
    passes.from,
    passes.to,
    of,
  ]),
});

export const updatesTable = (updates: readonly SupervisedUpdate[]): Table => ({
  columns: ['step', 'update', 'kind', 'nll'],
  rows: updates.map(({ step, place, kind, nll }) => [step, place, kind, nll]),
});
