/**
 * What `lab compare` is to train: the arms and seeds of its arguments as a manifest and a folder for every run, and
 * whether a folder that is there already is such a run. Touches no device.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunRecord } from '../../rl/comparison/record';
import { type Budget, isSpent } from '../../run/budget';
import { type Manifest, ManifestError, type ManifestKey, parseManifest } from '../../run/manifest';
import type { Arm } from '../arms';
import { withFile } from './file-errors';
import { assembleManifest, type ManifestArguments } from './manifest-arguments';
import { holdsRun } from './run-directory';

export interface PlannedRun {
  arm: Arm;
  seed: number;
  /** Its folder. */
  path: string;
  given: ManifestArguments;
  manifest: Manifest;
}

/**
 * Every run, seed by seed, the arms in their order.
 * @throws ManifestError naming every wrong setting.
 */
export function planRuns(
  arms: readonly Arm[],
  seeds: readonly number[],
  common: ManifestArguments['settings'],
  budget: Budget | null,
  out: string,
): PlannedRun[] {
  return seeds.flatMap((seed) =>
    arms.map((arm): PlannedRun => {
      const settings = [...common, ...arm.settings, { key: 'seed', text: String(seed) }];
      if (budget?.unit === 'steps') settings.push({ key: 'steps', text: String(budget.amount) });
      const given = { preset: arm.preset, file: null, settings };
      return {
        arm,
        seed,
        path: join(out, arm.name, `seed-${seed}`),
        given,
        manifest: assembleManifest(given),
      };
    }),
  );
}

/**
 * Before anything is trained: runs that are there are those that are asked for.
 * @throws ManifestError naming every setting in which one is not.
 */
export function refuseStrangers(planned: readonly PlannedRun[]): void {
  const issues = planned.flatMap((run) => (holdsRun(run.path) ? strangers(run) : []));
  if (issues.length > 0) throw new ManifestError(issues);
}

/** Settings that make no other run of it: steps are a budget, the rest changes nothing that is compared. */
const FREE: ReadonlySet<ManifestKey> = new Set(['name', 'steps', 'checkpoint_steps']);

/** What the run in a folder was made by that is not what is asked for now. */
function strangers({ path, manifest }: PlannedRun): ManifestError['issues'] {
  const file = join(path, 'manifest.json');
  const stored = parseManifest(JSON.parse(withFile('read', file, () => readFileSync(file, 'utf8'))));
  return (Object.keys(manifest) as ManifestKey[])
    .filter((key) => manifest[key] !== stored[key] && !FREE.has(key))
    .map((key) => ({
      key,
      message: `expected ${JSON.stringify(stored[key])} as the run in ${path} has, got ${JSON.stringify(manifest[key])}; give the settings it began with, or another --out`,
    }));
}

/**
 * Why a run is not finished; empty when it is. Finished is a run whose stream ends as completed, with an evaluation
 * of its last step, and that has taken all its steps or used up the budget: a larger one makes it go on.
 */
export function unfinished(record: RunRecord | null, manifest: Manifest, budget: Budget | null): string {
  if (!record) return 'it has not begun';
  const taken = record.steps.length;
  const place = `step ${taken} of ${manifest.steps}`;
  if (record.ending?.reason === 'failed') return `it failed at ${place}: ${record.ending.message}`;
  if (record.ending?.reason !== 'completed') return `it stands at ${place}`;
  if (record.points.at(-1)?.costs.steps !== taken)
    return `the evaluation of its last step, ${taken}, is missing`;
  if (taken >= manifest.steps) return '';
  const costs = record.steps.at(-1)?.costs;
  const spent =
    budget &&
    costs &&
    isSpent(budget, { steps: taken, tokens: costs.tokens ?? 0, seconds: costs.seconds ?? 0 });
  return spent ? '' : `it ended at ${place} on a smaller budget`;
}
