/** What panels read off the page's state. Each returns a part of it by identity, or a plain value. */
import type { SpokenVocabulary } from '../../run/events';
import { DEFAULT_MANIFEST, type Manifest } from '../../run/manifest';
import { getTask } from '../../tasks';
import type { Task } from '../../tasks/task';
import { recordedTask } from '../../tasks/text/recorded';
import { recordOf, shownStepNumber } from '../history/select';
import type { StepRecord } from '../history/step-record';
import { type EvaluationPoint, type GroupView, groupView, type StepGroups, type StepPoint } from './run-view';
import type { PageState } from './store';

/** The manifest of the run on screen, or of the form where there is none yet. */
export const shownManifest = (page: PageState): Manifest =>
  page.run.facts?.manifest ?? (page.replay ? null : page.lab.loaded?.manifest) ?? page.settings.draft;

export const taskOf = (manifest: Manifest): Task => getTask(manifest.task ?? DEFAULT_MANIFEST.task);

const shownTasks = new WeakMap<SpokenVocabulary, Task>();

/** The task of the run on screen, in the tokens of its model. */
export function shownTask(page: PageState): Task {
  const task = taskOf(shownManifest(page));
  const vocabulary = page.run.facts?.vocabulary;
  if (!vocabulary) return task;
  const known = shownTasks.get(vocabulary);
  if (known?.name === task.name) return known;
  const made = recordedTask(task, vocabulary);
  shownTasks.set(vocabulary, made);
  return made;
}

export const lastStep = (page: PageState): StepPoint | null => page.run.steps.at(-1) ?? null;

/** The suite whose accuracy heads the page: the task's first, the kind of problem it is trained on. */
export const mainSuite = (page: PageState): string => taskOf(shownManifest(page)).suites[0].name;

/** The newest evaluation of the main suite where the page looks: it may come after the held step, not later. */
export function lastEvaluation(page: PageState): EvaluationPoint | null {
  const suite = mainSuite(page);
  const { heldStep } = page.looking;
  const newest = heldStep === null ? Number.POSITIVE_INFINITY : heldStep + 1;
  return page.run.evaluations.findLast((point) => point.suite === suite && point.step <= newest) ?? null;
}

export function firstEvaluation(page: PageState): EvaluationPoint | null {
  const suite = mainSuite(page);
  return page.run.evaluations.find((point) => point.suite === suite) ?? null;
}

/**
 * The evaluation whose held-out predictions are drawn: the newest of the main suite where the page looks that still has
 * its problems.
 */
export function shownHeldOut(page: PageState): EvaluationPoint | null {
  const suite = mainSuite(page);
  const { heldStep } = page.looking;
  const newest = heldStep === null ? Number.POSITIVE_INFINITY : heldStep + 1;
  const isShown = (point: EvaluationPoint) =>
    point.suite === suite && point.step <= newest && (point.alignment?.problems?.length ?? 0) > 0;
  return page.run.evaluations.findLast(isShown) ?? null;
}

/** The metrics of the step on screen: of the held one, else of the newest that ended. */
export function shownMetrics(page: PageState): StepPoint | null {
  const { heldStep } = page.looking;
  if (heldStep === null) return lastStep(page);
  return page.run.steps.findLast((point) => point.step === heldStep) ?? null;
}

/** Steps finished where the page looks: all of them, or up to and with the held one. */
export const finishedSteps = (page: PageState): number =>
  page.looking.heldStep !== null ? page.looking.heldStep + 1 : page.lab.step;

/** The groups of the step on screen; null when they are not in memory. */
export function shownStep(page: PageState): StepGroups | null {
  const step = shownStepNumber(page);
  const recent = page.run.recent.findLast((each) => each.step === step);
  if (recent) return recent;
  const record = recordOf(page, step);
  return record && record.groups.length > 0 ? groupsOf(record) : null;
}

const madeGroups = new WeakMap<StepRecord, StepGroups>();

function groupsOf(record: StepRecord): StepGroups {
  const known = madeGroups.get(record);
  if (known) return known;
  const made = { step: record.step, groups: record.groups.map(groupView) };
  madeGroups.set(record, made);
  return made;
}

/** Number of a group's prompt among the candidates: growing groups know it by the gate's plan. */
export function candidateOfGroup(page: PageState, group: GroupView): number {
  if (group.candidate !== null) return group.candidate;
  return recordOf(page, group.step)?.plan?.kept[group.index] ?? group.index;
}

/** The prompt whose rollouts are shown in full; the first one when the chosen place is not in the step. */
export function shownGroup(page: PageState): GroupView | null {
  const groups = shownStep(page)?.groups;
  return groups?.find((group) => group.index === page.looking.group) ?? groups?.[0] ?? null;
}

/** Nothing is loaded or being loaded, or loading failed: the first screen. */
export const isFirstVisit = (page: PageState): boolean =>
  page.lab.loaded === null &&
  page.run.facts === null &&
  page.replay === null &&
  page.lab.state !== 'loading' &&
  page.lab.state !== 'ready';
