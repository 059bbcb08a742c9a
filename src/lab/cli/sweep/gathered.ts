/**
 * The finished cells of several folders, looked through: which copy of each there is, whether it is what its mark says,
 * and whether the copies agree. Changes nothing; used by `merge`.
 */
import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import { ManifestError } from '../../../run/manifest';
import { unfinished } from '../compared-arms';
import { holdsRun } from '../run-directory';
import { readRunRecord } from '../run-record';
import { CellDamaged, type CellMark, readMark, strangeSettings, verifyMark } from './cell-mark';
import { type Cell, cellCount, nameCell, planCell, type SweepPlan } from './plan';

export interface GatheredCell {
  cell: Cell;
  /** Whole copies that agree, the first to be taken; none for a cell that is not to be had. */
  copies: { folder: string; mark: CellMark }[];
  /** What is wrong with it: copies that disagree, or are damaged, or of other settings. One line each. */
  problems: string[];
  /** Why it is not finished; empty for one that is, or that has problems alone. */
  incomplete: string;
}

/** @param roots of the sweep, an earlier one going before a later one */
export async function gatherCells(
  plan: SweepPlan,
  roots: readonly string[],
  out: string,
): Promise<GatheredCell[]> {
  const cells: GatheredCell[] = [];
  for (let index = 0; index < cellCount(plan); index++)
    cells.push(await gatherCell(plan, planCell(plan, index, out), roots, out));
  return cells;
}

async function gatherCell(
  plan: SweepPlan,
  cell: Cell,
  roots: readonly string[],
  out: string,
): Promise<GatheredCell> {
  const name = nameCell(cell);
  const copies: GatheredCell['copies'] = [];
  const problems: string[] = [];
  const standings: string[] = [];
  for (const root of roots) {
    const folder = join(root, relative(out, cell.path));
    if (!existsSync(folder)) continue;
    const here = { ...cell, path: folder };
    try {
      const mark = readMark(folder);
      const strange = strangeSettings(here, mark, plan.budget);
      if (strange.length > 0) problems.push(...strange.map((line) => `${name}: ${line}`));
      else if (mark) {
        await verifyMark(folder, mark);
        copies.push({ folder, mark });
      } else if (holdsRun(folder)) standings.push(`${await standing(here, plan)} in ${root}`);
    } catch (error) {
      if (!(error instanceof CellDamaged || error instanceof ManifestError)) throw error;
      problems.push(`${name}: ${error.message}`);
    }
  }
  if (new Set(copies.map(({ mark }) => mark.content_sha256)).size > 1) {
    const told = copies.map(
      ({ folder, mark }) =>
        `${folder} (${mark.content_sha256.slice(0, 12)}, ${mark.steps} steps, ${mark.adapter}, lab ${mark.lab})`,
    );
    problems.push(
      `${name}: expected copies of one run, got ones that differ: ${told.join(', ')}; remove all but the one to be kept`,
    );
    copies.length = 0;
  }
  const isOpen = copies.length === 0 && problems.length === 0;
  return { cell, copies, problems, incomplete: isOpen ? standings.join(', ') || 'it has not begun' : '' };
}

async function standing(cell: Cell, { budget }: SweepPlan): Promise<string> {
  const why = unfinished(await readRunRecord(cell.path), cell.manifest, budget);
  return why || 'it is complete but not marked; run the cell once more';
}
