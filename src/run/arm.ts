/**
 * Which runs are of one arm: the same method, whatever the seed, how long they go on and what is watched. Pure; used by
 * the page's table of runs and by reports.
 */
import { type Manifest, type ManifestKey, manifestDifference } from './manifest';
import { PRESETS, presetManifest } from './presets';

/** What two runs of one arm may differ in: how long they go on, what is watched, and what memory they take. */
const NO_PART_OF_AN_ARM: ReadonlySet<ManifestKey> = new Set<ManifestKey>([
  'name',
  'seed',
  'steps',
  'checkpoint_steps',
  'eval_steps',
  'eval_problems',
  'eval_samples',
  'eval_out_of_domain',
  'micro_batch_tokens',
  'gradient_checkpointing',
]);

/** The settings in which two runs are of different arms. */
export const armDifference = (manifest: Manifest, base: Manifest): Partial<Manifest> =>
  Object.fromEntries(
    Object.entries(manifestDifference(manifest, base)).filter(
      ([key]) => !NO_PART_OF_AN_ARM.has(key as ManifestKey),
    ),
  );

export const isSameArm = (a: Manifest, b: Manifest): boolean => Object.keys(armDifference(a, b)).length === 0;

/** What a run is called that was given no name of its own. */
export const runName = (name: string, manifest: Manifest): string =>
  name || `${armOf(manifest)}, seed ${manifest.seed}`;

/** The method a run trains by: a preset's label, or the nearest family's when its settings are the user's own. */
export function armOf(manifest: Manifest): string {
  const preset = PRESETS.find((each) => isSameArm(manifest, presetManifest(each.name)));
  return preset?.label ?? `${manifest.masa_meta === 'train' ? 'MASA' : 'GRPO'}, changed`;
}
