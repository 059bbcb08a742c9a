/**
 * What `lab compare` is to train: the arms and seeds of its arguments as a manifest and a folder for every run, and
 * whether a folder that is there already is such a run. Touches no device.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunRecord } from '../../rl/comparison/record';
import { type Budget, isSpent } from '../../run/budget';
import { type Manifest, ManifestError, type ManifestKey, parseManifest } from '../../run/manifest';
import { PRESETS } from '../../run/presets';
import { withFile } from './file-errors';
import { assembleManifest, type ManifestArguments } from './manifest-arguments';
import { holdsRun } from './run-directory';

/** A preset, varied or not. */
export interface Arm {
  name: string;
  preset: string;
  settings: { key: string; text: string }[];
}

/** What an arm's name is made of: it is a folder's as well. */
export const NAME = /^[\w.=,+-]+$/;

/**
 * Reads `PRESET`, `PRESET:key=value:key=value` or `NAME=PRESET:key=value`, several with commas between.
 * @param issues takes what is wrong
 */
export function readArms(text: string, issues: string[]): Arm[] {
  const arms = text.split(',').map((part) => readArm(part.trim(), issues));
  const names = arms.map(({ name }) => name);
  for (const name of new Set(names.filter((each, i) => names.indexOf(each) !== i)))
    issues.push(`--arms: expected every arm once, got "${name}" again; name one of them: NAME=PRESET:...`);
  return arms;
}

function readArm(text: string, issues: string[]): Arm {
  const [head, ...parts] = text.split(':');
  const at = head.indexOf('=');
  const preset = at === -1 ? head : head.slice(at + 1);
  const settings = parts.map((part) => {
    const equals = part.indexOf('=');
    if (equals < 1) issues.push(`--arms: expected key=value after "${head}:", got "${part}"`);
    return { key: part.slice(0, equals), text: part.slice(equals + 1) };
  });
  if (!PRESETS.some(({ name }) => name === preset))
    issues.push(`--arms: expected presets (${PRESETS.map(({ name }) => name).join(', ')}), got "${preset}"`);
  const name = at === -1 ? [preset, ...parts].join('+').replaceAll('/', '-') : head.slice(0, at);
  if (!NAME.test(name) || /^\.*$/.test(name))
    issues.push(`--arms: expected names of letters, digits and . _ = + -, got "${name}"`);
  return { name, preset, settings };
}

/** Reads `6` as seeds 1 to 6, `3-6` as those, `1,4` as those two. */
export function readSeeds(text: string, issues: string[]): number[] {
  const single = /^\d+$/.exec(text.trim());
  const seeds = single
    ? range(1, Number(text))
    : text.split(',').flatMap((part) => {
        const [, low, high] = /^\s*(\d+)(?:-(\d+))?\s*$/.exec(part) ?? [];
        return low === undefined ? [Number.NaN] : range(Number(low), Number(high ?? low));
      });
  if (
    seeds.length === 0 ||
    seeds.some((seed) => !(seed <= 4294967295)) ||
    new Set(seeds).size < seeds.length
  ) {
    issues.push(
      `--seeds: expected a number of seeds, a range such as 3-6, or a list such as 1,4, got "${text}"`,
    );
    return [];
  }
  return seeds;
}

/** Empty for one that goes down; a list no comparison could take is cut to be refused. */
const range = (low: number, high: number): number[] =>
  high - low > 10_000 ? [Number.NaN] : Array.from({ length: Math.max(0, high - low + 1) }, (_, i) => low + i);

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
