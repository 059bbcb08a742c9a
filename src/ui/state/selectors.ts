/** What panels read off the page's state. Each returns a part of it by identity, or a plain value. */
import { DEFAULT_MANIFEST, type Manifest } from '../../run/manifest';
import { getTask } from '../../tasks';
import type { Task } from '../../tasks/task';
import type { EvaluationPoint, GroupView, RunView, StepGroups, StepPoint } from './run-view';
import type { PageState } from './store';

/** The manifest of the run on screen, or of the form where there is none yet. */
export const shownManifest = (page: PageState): Manifest =>
  page.run.facts?.manifest ?? page.lab.loaded?.manifest ?? page.settings.draft;

export const taskOf = (manifest: Manifest): Task => getTask(manifest.task ?? DEFAULT_MANIFEST.task);

export const lastStep = (page: PageState): StepPoint | null => page.run.steps.at(-1) ?? null;

/** The suite whose accuracy heads the page: the task's first, the kind of problem it is trained on. */
export const mainSuite = (page: PageState): string => taskOf(shownManifest(page)).suites[0].name;

export const evaluationsOf = (run: RunView, suite: string): EvaluationPoint[] =>
  run.evaluations.filter((point) => point.suite === suite);

export function lastEvaluation(page: PageState): EvaluationPoint | null {
  const suite = mainSuite(page);
  return page.run.evaluations.findLast((point) => point.suite === suite) ?? null;
}

export function firstEvaluation(page: PageState): EvaluationPoint | null {
  const suite = mainSuite(page);
  return page.run.evaluations.find((point) => point.suite === suite) ?? null;
}

/** The step whose groups are on screen: the held one while it is kept, else the newest. */
export function shownStep(page: PageState): StepGroups | null {
  const { recent } = page.run;
  const held = recent.find((each) => each.step === page.looking.heldStep);
  return held ?? recent.at(-1) ?? null;
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
  page.lab.state !== 'loading' &&
  page.lab.state !== 'ready';
