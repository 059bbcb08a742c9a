/**
 * The manifest that a command line describes: a preset or a file, changed by `--set`, `--seed` and `--steps`.
 * Every wrong key is reported at once. Used by `train`.
 */
import { readFileSync } from 'node:fs';
import {
  describeKnob,
  KNOBS,
  type Manifest,
  ManifestError,
  type ManifestInput,
  type ManifestIssue,
  type ManifestKey,
  parseKnobText,
  parseManifest,
} from '../../run/manifest';
import { PRESETS } from '../../run/presets';
import { type Arguments, type CommandSpec, type OptionSpec, UsageError } from './arguments';
import { FileError, withFile } from './file-errors';

export const MANIFEST_OPTIONS: readonly OptionSpec[] = [
  { name: 'preset', value: 'NAME', help: `Start from a preset: ${PRESETS.map((p) => p.name).join(', ')}.` },
  {
    name: 'manifest',
    value: 'FILE',
    help: 'Start from a manifest in JSON, such as the manifest.json of a run.',
  },
  {
    name: 'set',
    value: 'key=value',
    multiple: true,
    help: 'Change one setting; may be given several times. The keys are listed below.',
  },
  { name: 'seed', value: 'N', help: 'Short for --set seed=N.' },
  { name: 'steps', value: 'N', help: 'Short for --set steps=N.' },
];

/** The keys of `--set`, with what each takes and its default, for the help. */
export const KNOB_LIST: CommandSpec['list'] = {
  title: 'Settings for --set, with what each takes and its default:',
  entries: KNOBS.map((k) => ({
    name: k.key,
    help: `${k.help} (${describeKnob(k)}; ${JSON.stringify(k.default)})`,
  })),
};

export interface ManifestArguments {
  preset: string | null;
  file: string | null;
  /** In the order given; a later one wins. */
  settings: { key: string; text: string }[];
}

/** Reads the options of MANIFEST_OPTIONS; `needed` when a preset or a file has to be there. */
export function readManifestArguments(args: Arguments, needed: boolean): ManifestArguments {
  const preset = args.text('preset');
  const file = args.text('manifest');
  const names = PRESETS.map((p) => p.name).join(', ');
  if (preset !== null && file !== null)
    args.issues.push('--preset, --manifest: expected one of them, got both');
  if (preset === null && file === null && needed)
    args.issues.push(`--preset: expected one of ${names}, or --manifest FILE, got neither`);
  if (preset !== null && !PRESETS.some((p) => p.name === preset))
    args.issues.push(`--preset: expected one of ${names}, got "${preset}"`);
  return { preset, file, settings: args.settings() };
}

/**
 * The manifest of a new run.
 * @throws ManifestError naming every wrong key of the file and of the settings.
 * @throws UsageError when the file is no JSON or cannot be read.
 */
export function assembleManifest(given: ManifestArguments): Manifest {
  const { settings, issues } = readSettings(given);
  return parseWith({ ...readBase(given), ...settings }, issues);
}

/**
 * Settings that may change when a run goes on, because no step already taken depends on them. `steps` belongs
 * to them as long as the learning rate does not follow it.
 */
const CHANGEABLE: readonly ManifestKey[] = [
  'name',
  'checkpoint_steps',
  'eval_steps',
  'eval_problems',
  'eval_samples',
  'eval_out_of_domain',
];

/**
 * The manifest of a run that goes on from `step`: that of the run, with what was given now.
 * @throws ManifestError naming every key whose change would make it another run.
 */
export function resumeManifest(given: ManifestArguments, stored: Manifest, step: number): Manifest {
  const { settings, issues } = readSettings(given);
  // A preset or a file given again is the start the run had; its seed and steps may have been set beside it.
  const base = given.preset !== null || given.file !== null ? parseWith(readBase(given), []) : stored;
  const free = new Set<string>(['seed', 'steps', ...CHANGEABLE]);
  const changed: Record<string, unknown> = { ...settings };
  for (const [key, value] of Object.entries(base))
    if (!free.has(key) && !Object.hasOwn(changed, key)) changed[key] = value;
  const manifest = parseWith({ ...stored, ...changed }, issues);

  const refused: ManifestIssue[] = [];
  for (const key of Object.keys(stored) as ManifestKey[]) {
    if (manifest[key] === stored[key] || CHANGEABLE.includes(key)) continue;
    const scheduled = stored.lr_scheduler_type !== 'constant';
    if (key === 'steps' && !scheduled) {
      if (manifest.steps < step)
        refused.push({ key, message: `expected at least the ${step} already taken, got ${manifest.steps}` });
      continue;
    }
    const why = key === 'steps' ? `, which the ${stored.lr_scheduler_type} schedule depends on` : '';
    refused.push({
      key,
      message: `expected ${JSON.stringify(stored[key])} as the run began${why}, got ${JSON.stringify(manifest[key])}; start another run with another --out`,
    });
  }
  if (refused.length > 0) throw new ManifestError(refused);
  return manifest;
}

function readSettings(given: ManifestArguments): {
  settings: Record<string, Manifest[ManifestKey]>;
  issues: ManifestIssue[];
} {
  const settings: Record<string, Manifest[ManifestKey]> = {};
  const issues: ManifestIssue[] = [];
  for (const { key, text } of given.settings) {
    try {
      settings[key] = parseKnobText(key, text);
    } catch (error) {
      if (!(error instanceof ManifestError)) throw error;
      issues.push(...error.issues);
    }
  }
  return { settings, issues };
}

function readBase(given: ManifestArguments): ManifestInput {
  if (given.file === null) return PRESETS.find((p) => p.name === given.preset)?.settings ?? {};
  const { file } = given;
  const text = readText(file);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UsageError([
      `--manifest: expected JSON in ${file}, got something else (${(error as Error).message})`,
    ]);
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return parseManifest(value);
  return value;
}

/** A manifest that is not there is a wrong argument rather than a failure. */
function readText(file: string): string {
  try {
    return withFile('read', file, () => readFileSync(file, 'utf8'));
  } catch (error) {
    if (error instanceof FileError) throw new UsageError([`--manifest: ${error.message}`]);
    throw error;
  }
}

/** Parses, and reports the issues found before and now together, one a key. */
function parseWith(
  value: ManifestInput | Record<string, unknown>,
  before: readonly ManifestIssue[],
): Manifest {
  const found = new Map(before.map((issue) => [issue.key, issue]));
  try {
    const manifest = parseManifest(value);
    if (found.size === 0) return manifest;
  } catch (error) {
    if (!(error instanceof ManifestError)) throw error;
    for (const issue of error.issues) if (!found.has(issue.key)) found.set(issue.key, issue);
  }
  throw new ManifestError([...found.values()]);
}
