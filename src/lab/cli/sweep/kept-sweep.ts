/**
 * `sweep.json` in a sweep's folder: which cells there are to be, so that the folder can be gathered without the file the
 * sweep was started by. A sweep that has grown by seeds, arms or values takes the place of the smaller one.
 * Used by `sweep` and `merge`.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '../arguments';
import { containsSweep, readSweep, type SweepPlan } from './plan';
import { writeSharedFile } from './shared-files';

const FILE = 'sweep.json';

/** null where there is none. @throws UsageError when it is no sweep. */
export function keptSweep(out: string): SweepPlan | null {
  const path = join(out, FILE);
  return existsSync(path) ? readSweep(path) : null;
}

/** @throws UsageError when the folder is of another sweep. */
export function keepSweep(out: string, plan: SweepPlan): void {
  const kept = keptSweep(out);
  const text = `${JSON.stringify(plan.sweep, null, 2)}\n`;
  if (kept && JSON.stringify(kept.sweep) === JSON.stringify(plan.sweep)) return;
  if (kept && containsSweep(kept, plan)) return;
  if (kept && !containsSweep(plan, kept))
    throw new UsageError([
      `--out: expected a folder for the sweep ${plan.sweep.name}, got ${out}, whose ${FILE} has cells by other settings; give another --out`,
    ]);
  writeSharedFile(join(out, FILE), text);
}
