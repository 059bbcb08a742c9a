/**
 * What users of GRPO keep asking, answered from the run's own numbers: what goes wrong just now, and what only looks
 * as if it did. Pure: findings with their evidence, the most important first; nothing that is not so is among them.
 *
 * Here is what is asked and in which order; the tests themselves are in `findings.ts` and `findings-masa.ts`, each
 * with its thresholds. They look at the latest `LATEST` finished steps up to the one on screen.
 */

import type { Table } from '../components/panel-offers';
import { LEAST_STEPS, type RunSoFar } from './diagnostics-input';
import {
  allSame,
  entropyCollapsed,
  type Finding,
  lossNearZero,
  nothingClipped,
  ranIntoLimit,
  rewardFell,
} from './findings';
import { cutsRightAnswers, gateStarves, gateWrong, predictionsUnreadable } from './findings-masa';

/** In order of importance: what loses progress, what stops it, what slows it, what only looks odd. */
const TESTS: readonly ((run: RunSoFar) => Finding | null)[] = [
  rewardFell,
  allSame,
  entropyCollapsed,
  ranIntoLimit,
  cutsRightAnswers,
  gateWrong,
  gateStarves,
  predictionsUnreadable,
  lossNearZero,
  nothingClipped,
];

export function diagnose(run: RunSoFar): Finding[] {
  if (run.steps.length < LEAST_STEPS) return [];
  return TESTS.flatMap((test) => test(run) ?? []);
}

export const findingsTable = (findings: readonly Finding[]): Table => ({
  columns: ['finding', 'kind', 'evidence', 'suggestion'],
  rows: findings.map((f) => [f.title, f.kind, f.evidence, f.suggestion]),
});
