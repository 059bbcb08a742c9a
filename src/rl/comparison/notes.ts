/** What a reader has to know of a comparison's figures before believing them. Used by `compare.ts`. */
import { BOOTSTRAP_MINIMUM } from '../../run/bootstrap';
import type { Manifest, ManifestKey } from '../../run/manifest';
import type { Comparison } from './comparison';
import type { ComparedArm } from './input';

/** Settings by which two arms' accuracies are not measured alike. */
const MEASURING: readonly ManifestKey[] = ['eval_problems', 'eval_samples', 'eval_steps'];

/** Settings without which there is nothing to compare. */
const SAME: readonly ManifestKey[] = ['task', 'model'];

/** Seeds below which a percentile interval over seeds is known to be too narrow. */
const FEW_SEEDS = 8;

export function notesOf(
  { arms, suite, baseline }: Pick<Comparison, 'arms' | 'suite' | 'baseline'>,
  compared: readonly ComparedArm[],
): string[] {
  const notes: string[] = [];
  for (const { name, missing } of arms)
    for (const { seed, why } of missing) notes.push(`${name}, seed ${seed}, is missing: ${why}`);
  const counts = arms.map(({ runs }) => runs.length);
  const most = Math.max(...counts);
  if (most < BOOTSTRAP_MINIMUM)
    notes.push(
      `no intervals: the bootstrap over seeds needs at least ${BOOTSTRAP_MINIMUM} runs an arm, the most here is ${most}; nothing can be shown by so few`,
    );
  else if (Math.min(...counts) < FEW_SEEDS)
    notes.push(
      `intervals are bootstrap percentiles over seeds: with fewer than ${FEW_SEEDS} seeds they are narrower than 95%`,
    );
  notes.push(
    ...mixtures(compared),
    ...differences(compared, SAME, 'cannot be compared'),
    ...differences(compared, MEASURING, 'are measured differently'),
  );
  const without = arms.filter(({ runs, final }) => runs.length > 0 && !(suite in final));
  if (without.length > 0)
    notes.push(`${without.map(({ name }) => name).join(', ')}: no evaluation on suite ${suite}`);
  const adapters = new Set(arms.flatMap(({ runs }) => runs.map(({ adapter }) => adapter)));
  if (adapters.size > 1)
    notes.push(`seconds are of different adapters and do not compare: ${[...adapters].join('; ')}`);
  const base = arms.find(({ name }) => name === baseline);
  if (base?.targets.at(-1) && base.targets.at(-1)!.reached < base.runs.length)
    notes.push(
      `${baseline} itself reaches its mean final accuracy in ${base.targets.at(-1)!.reached} of ${base.runs.length} runs, since its seeds scatter about the mean`,
    );
  return notes;
}

/** Settings that may differ between the runs of an arm. */
const OF_A_RUN: ReadonlySet<ManifestKey> = new Set(['name', 'seed', 'steps', 'checkpoint_steps']);

/** An arm is one method: its runs differ by the seed alone. */
function mixtures(arms: readonly ComparedArm[]): string[] {
  return arms.flatMap(({ name, runs }) => {
    const [first, ...others] = runs.map(({ manifest }) => manifest);
    const keys = (first ? (Object.keys(first) as ManifestKey[]) : []).filter(
      (key) => !OF_A_RUN.has(key) && others.some((manifest) => manifest[key] !== first[key]),
    );
    return keys.length > 0
      ? [`the runs of ${name} are not of one kind: they differ in ${keys.join(', ')}`]
      : [];
  });
}

/** A note for each of `keys` in which the arms' runs differ. */
function differences(arms: readonly ComparedArm[], keys: readonly ManifestKey[], what: string): string[] {
  return keys.flatMap((key) => {
    const byArm = arms.flatMap(({ name, runs }) => {
      const values = new Set(runs.map(({ manifest }) => manifest[key] satisfies Manifest[ManifestKey]));
      return values.size === 0 ? [] : [{ name, values: [...values].join(' and ') }];
    });
    if (new Set(byArm.map(({ values }) => values)).size <= 1) return [];
    return [`arms ${what}, ${key}: ${byArm.map(({ name, values }) => `${name} ${values}`).join(', ')}`];
  });
}
