/**
 * Which prompts of a step are rolled out, given the gate's decisions: the budget, the replacements, the floor, the
 * exploration and the audit. Pure: the same decisions give the same plan, and no plan leaves a step empty.
 *
 * The trainer judges a batch of candidates, asks `planGate`, and draws as many more as it says until the plan is
 * done; `fillPlan` is that loop. Candidate i is the step's training problem i.
 */
import { Draw, inShare } from './draws';
import type { GateDecision } from './gate';

export interface GatePlanSettings {
  /** Prompts the step is to be filled with, B. */
  prompts: number;
  /** At least this many prompts are rolled out, 1 to `prompts`. */
  minKept: number;
  /** Draw replacements for what was gated. */
  replace: boolean;
  /** Rounds of replacements at most; each draws as many prompts as are missing. */
  replacementTries: number;
  /** Share of the closed prompts that are opened by chance and trained on. */
  explorationShare: number;
  /** Share of the gated prompts that are rolled out anyway, outside of the loss. */
  auditShare: number;
}

/**
 * What becomes of a candidate. Trained on: `open` (the gate's verdict), `explored` (closed, opened by chance) and
 * `floor` (closed, opened because the step would have starved). Gated: `gated`, and `audited`, which is rolled out
 * for the audit alone.
 */
export type GateRole = 'open' | 'explored' | 'floor' | 'gated' | 'audited';

export interface GatePlan {
  done: true;
  /** [candidates] */
  roles: GateRole[];
  /** Candidates to roll out and train on, in their order: from `minKept` to `prompts`. */
  kept: number[];
  /** Candidates that get no rollouts in the loss, audited ones included. */
  gated: number[];
  /** Gated candidates to roll out outside of the loss. */
  audited: number[];
  /** Rounds of replacements drawn. */
  tries: number;
  /** What the plan had to do beyond the gate's verdicts, in words; empty when nothing. */
  reason: string;
}

/** More candidates are needed before there is a plan. */
export interface GateDraw {
  done: false;
  /** How many to draw and judge, at least 1. */
  draw: number;
}

/** @throws Error naming the setting that makes an empty, starved or endless step possible. */
export function checkPlanSettings(settings: GatePlanSettings): void {
  const { prompts, minKept, replacementTries, explorationShare, auditShare } = settings;
  const whole = (value: number, low: number): boolean => Number.isInteger(value) && value >= low;
  if (!whole(prompts, 1)) throw new Error(`planGate: prompts: expected 1 or more, got ${prompts}`);
  if (!whole(minKept, 1) || minKept > prompts)
    throw new Error(`planGate: minKept: expected 1 to prompts (${prompts}), got ${minKept}`);
  if (!whole(replacementTries, 0))
    throw new Error(`planGate: replacementTries: expected 0 or more, got ${replacementTries}`);
  for (const [name, share] of Object.entries({ explorationShare, auditShare }))
    if (!(share >= 0 && share <= 1))
      throw new Error(`planGate: ${name}: expected a share from 0 to 1, got ${share}`);
}

/**
 * @param decisions the candidates judged so far, of this step from the first, in the order they were drawn.
 * @returns the plan, or how many candidates to judge next.
 */
export function planGate(
  decisions: readonly Pick<GateDecision, 'verdict' | 'score'>[],
  settings: GatePlanSettings,
  place: { seed: number; step: number },
): GatePlan | GateDraw {
  checkPlanSettings(settings);
  const { prompts, minKept } = settings;
  const inDrawnShare = (kind: Draw, i: number, share: number): boolean =>
    inShare(place.seed, kind, place.step, i, share);
  if (decisions.length < prompts) return { done: false, draw: prompts - decisions.length };

  const roles = decisions.map(({ verdict }, i): GateRole => {
    if (verdict === 'open') return 'open';
    return inDrawnShare(Draw.exploration, i, settings.explorationShare) ? 'explored' : 'gated';
  });
  // The rounds so far follow from the roles alone: each drew what was missing when it began.
  let tries = 0;
  let judged = prompts;
  const keptAmong = (count: number): number =>
    roles.slice(0, count).filter((role) => role !== 'gated').length;
  while (keptAmong(judged) < prompts && settings.replace && tries < settings.replacementTries) {
    const missing = prompts - keptAmong(judged);
    if (decisions.length < judged + missing)
      return { done: false, draw: judged + missing - decisions.length };
    judged += missing;
    tries++;
  }
  if (decisions.length > judged)
    throw new Error(`internal: planGate: expected ${judged} candidates, got ${decisions.length}`);

  const starving = minKept - keptAmong(judged);
  const opened = starving > 0 ? leastLikely(decisions, roles, starving) : [];
  for (const i of opened) roles[i] = 'floor';
  roles.forEach((role, i) => {
    if (role === 'gated' && inDrawnShare(Draw.gateAudit, i, settings.auditShare)) roles[i] = 'audited';
  });
  const indices = (...wanted: GateRole[]): number[] =>
    roles.flatMap((role, i) => (wanted.includes(role) ? [i] : []));
  const kept = indices('open', 'explored', 'floor');
  return {
    done: true,
    roles,
    kept,
    gated: indices('gated', 'audited'),
    audited: indices('audited'),
    tries,
    reason: explain(opened.length, tries, kept.length, settings),
  };
}

/** The `count` gated candidates of the lowest scores; of equal ones those drawn first. */
function leastLikely(
  decisions: readonly { score: number }[],
  roles: readonly GateRole[],
  count: number,
): number[] {
  return roles
    .flatMap((role, i) => (role === 'gated' ? [i] : []))
    .sort((a, b) => decisions[a].score - decisions[b].score || a - b)
    .slice(0, count);
}

function explain(opened: number, tries: number, kept: number, settings: GatePlanSettings): string {
  const said: string[] = [];
  if (opened > 0)
    said.push(
      `the gate left ${kept - opened} of the ${settings.minKept} prompts a step needs at least, so it was opened for the ${opened} least likely to have no variance`,
    );
  if (settings.replace && tries === settings.replacementTries && kept < settings.prompts)
    said.push(`after ${tries} rounds of replacements ${kept} of ${settings.prompts} prompts are filled`);
  return said.join('; ');
}

/**
 * Judges candidates until the plan is done; at most `prompts (1 + replacementTries)` of them.
 *
 * @param judge decides on candidates `from` to `from + count - 1`.
 */
export async function fillPlan<T extends Pick<GateDecision, 'verdict' | 'score'>>(
  settings: GatePlanSettings,
  place: { seed: number; step: number },
  judge: (from: number, count: number) => Promise<readonly T[]> | readonly T[],
): Promise<{ plan: GatePlan; decisions: T[] }> {
  const decisions: T[] = [];
  for (;;) {
    const plan = planGate(decisions, settings, place);
    if (plan.done) return { plan, decisions };
    const judged = await judge(decisions.length, plan.draw);
    if (judged.length !== plan.draw)
      throw new Error(`fillPlan: expected ${plan.draw} decisions, got ${judged.length}`);
    decisions.push(...judged);
  }
}
