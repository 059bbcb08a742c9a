/**
 * The cells of a sweep, in order: index 0 is the first arm at the first combination of the grid and the first seed.
 * Arms and combinations change fastest, seeds slowest, so that the arms are even wherever a sweep is stopped, and a seed
 * added to the end changes no index. A cell's folder is `ARM+key=value/seed-N`, as `lab compare` lays out its runs.
 *
 * Reads the sweep's file and nothing else; used by `sweep`, `emit` and `merge`.
 */
import { readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { type Budget, parseBudget } from '../../../run/budget';
import { ManifestError } from '../../../run/manifest';
import { gridPoints, MAX_CELLS, parseSweep, type Sweep, SweepError, settingTexts } from '../../../run/sweep';
import { type Arm, NAME, readArms, readSeeds } from '../../arms';
import { UsageError } from '../arguments';
import { type PlannedRun, planRuns } from '../compared-arms';
import { FileError, withFile } from '../file-errors';

export interface SweepPlan {
  sweep: Sweep;
  budget: Budget | null;
  seeds: number[];
  /** The sweep's arms, each at every combination of the grid. */
  arms: Arm[];
  /** The name of one of them. */
  baseline: string;
}

export interface Cell extends PlannedRun {
  index: number;
}

export const cellCount = ({ seeds, arms }: SweepPlan): number => seeds.length * arms.length;

/** The cell in the words of messages: `cell 3 (grpo+beta=0.1, seed 2)`. */
export const nameCell = ({ index, arm, seed }: Cell): string => `cell ${index} (${arm.name}, seed ${seed})`;

/** Where a sweep's cells go unless it is said: beside its file. */
export const defaultOut = (file: string, { sweep }: SweepPlan): string =>
  join(dirname(resolve(file)), sweep.name);

/** @throws UsageError when the file cannot be read or is no sweep, naming everything that is wrong with it. */
export function readSweep(file: string): SweepPlan {
  let text: string;
  try {
    text = withFile('read', file, () => readFileSync(file, 'utf8'));
  } catch (error) {
    if (error instanceof FileError) throw new UsageError([`--manifest: ${error.message}`]);
    throw error;
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UsageError([`${file}: expected JSON, got something else (${(error as Error).message})`]);
  }
  return planSweep(value, basename(file));
}

/**
 * @param place how messages name the sweep
 * @throws UsageError naming everything that is wrong with it.
 */
export function planSweep(value: unknown, place: string): SweepPlan {
  const issues: string[] = [];
  try {
    const sweep = parseSweep(value);
    const seeds =
      typeof sweep.seeds === 'string'
        ? readSeeds(sweep.seeds, issues)
        : readSeeds(sweep.seeds.join(','), issues);
    const arms = variedArms(sweep, issues);
    let budget: Budget | null = null;
    try {
      budget = sweep.budget === null ? null : parseBudget(sweep.budget);
    } catch (error) {
      issues.push(`budget: ${(error as Error).message}`);
    }
    const baseline = sweep.baseline ?? arms[0]?.name ?? '';
    if (arms.length > 0 && !arms.some(({ name }) => name === baseline))
      issues.push(
        `baseline: expected one of the arms (${arms.map(({ name }) => name).join(', ')}), got "${baseline}"`,
      );
    const plan = { sweep, budget, seeds, arms, baseline };
    if (cellCount(plan) > MAX_CELLS)
      issues.push(`expected at most ${MAX_CELLS} cells, got ${cellCount(plan)}; make several sweeps of it`);
    if (issues.length === 0) issues.push(...settingIssues(plan));
    if (issues.length === 0) return plan;
  } catch (error) {
    if (!(error instanceof SweepError)) throw error;
    issues.push(...error.issues);
  }
  throw new UsageError(issues.map((issue) => `${place}: ${issue.replace(/^--(arms|seeds)/, '$1')}`));
}

function variedArms({ arms: texts, grid }: Sweep, issues: string[]): Arm[] {
  const strange = texts.filter((text) => text.includes(','));
  if (strange.length > 0) {
    issues.push(...strange.map((text) => `arms: expected one arm an entry, got "${text}"`));
    return [];
  }
  const arms = readArms(texts.join(','), issues);
  for (const { name, settings } of arms)
    for (const { key } of settings)
      if (Object.hasOwn(grid, key))
        issues.push(`grid.${key}: expected a setting that no arm has of its own, got one of ${name}`);
  const varied = arms.flatMap((arm) =>
    gridPoints(grid).map((point): Arm => {
      const parts = point.map(({ key, text }) => `${key}=${text}`);
      const name = [arm.name, ...parts].join('+').replaceAll('/', '-');
      return { name, preset: arm.preset, settings: [...arm.settings, ...point] };
    }),
  );
  for (const { name } of varied)
    if (!NAME.test(name) || name.length > 200)
      issues.push(
        `grid: expected values that make a folder's name with the arm (at most 200 letters, digits and . _ = + -), got "${name}"`,
      );
  const names = varied.map(({ name }) => name);
  for (const name of new Set(names.filter((each, i) => names.indexOf(each) !== i)))
    issues.push(`arms: expected names that differ, got "${name}" twice`);
  return varied;
}

/** What is wrong with the manifests, said once an arm: the seed changes nothing about it. */
function settingIssues(plan: SweepPlan): string[] {
  return plan.arms.flatMap((_, index) => {
    try {
      planCell(plan, index, '');
      return [];
    } catch (error) {
      if (!(error instanceof ManifestError)) throw error;
      return error.issues.map(({ key, message }) => `${plan.arms[index].name}: ${key}: ${message}`);
    }
  });
}

/** The run of one cell; `out` is the sweep's folder, `index` from 0. */
export function planCell(plan: SweepPlan, index: number, out: string): Cell {
  const { arms, seeds, sweep, budget } = plan;
  const arm = arms[index % arms.length];
  const seed = seeds[Math.floor(index / arms.length)];
  const [run] = planRuns([arm], [seed], settingTexts(sweep.settings), budget, out);
  return { ...run, index };
}

export const planCells = (plan: SweepPlan, out: string): Cell[] =>
  Array.from({ length: cellCount(plan) }, (_, index) => planCell(plan, index, out));

/** Settings that change nothing of a run's results. */
export const FREE_SETTINGS: ReadonlySet<string> = new Set(['name', 'checkpoint_steps']);

/** What decides the runs of an arm, whatever the sweep's file looks like: one text, the seed left out. */
function armKey({ arm, manifest }: Cell, budget: Budget | null): string {
  const settings = Object.entries(manifest)
    .filter(([key]) => key !== 'seed' && !FREE_SETTINGS.has(key))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([arm.name, budget, settings]);
}

/** Whether every cell of `part` is one of `whole`, by the same settings. */
export function containsSweep(whole: SweepPlan, part: SweepPlan): boolean {
  const [keys, wanted] = [whole, part].map((plan) =>
    plan.arms.map((_, index) => armKey(planCell(plan, index, ''), plan.budget)),
  );
  const known = new Set(keys);
  const seeds = new Set(whole.seeds);
  return wanted.every((key) => known.has(key)) && part.seeds.every((seed) => seeds.has(seed));
}
