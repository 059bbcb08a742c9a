/**
 * What a race is between: two to four arms on the same task, base model and held-out problems, and the seeds they run
 * on. Read from text as `lab compare` reads its arguments, and checked; touches no device. Used by page and worker.
 */
import {
  type Manifest,
  ManifestError,
  type ManifestIssue,
  type ManifestKey,
  parseKnobText,
  parseManifest,
} from '../../run/manifest';
import { PRESETS } from '../../run/presets';
import { readArms, readSeeds } from '../arms';

/**
 * Which arm takes the next step: `steps`, the one that has taken the fewest; `tokens`, the one that has generated the
 * fewest, so that no arm is ahead by more than a step's tokens. Each arm's own stream is the same either way.
 */
export const PACES = ['steps', 'tokens'] as const;
export type Pace = (typeof PACES)[number];

export interface RaceArm {
  name: string;
  /** Its seed is the race's to set. */
  manifest: Manifest;
}

export interface RaceSetup {
  /** The first is the baseline that the others are held against. */
  arms: readonly RaceArm[];
  seeds: readonly number[];
  pace: Pace;
}

/** A race as people write it. */
export interface RaceText {
  /** `long-tail,loose=masa-adapter:masa_gate_threshold=0.5`. */
  arms: string;
  /** `3` for 1 to 3, `3-6`, `1,4`. */
  seeds: string;
  pace: Pace;
  /** Settings of every arm, over its preset's and under its own. */
  common: Readonly<Partial<Record<ManifestKey, string>>>;
}

export const FEWEST_ARMS = 2;
export const MOST_ARMS = 4;
/** A race is held in memory: for more there is `lab compare`. */
export const MOST_SEEDS = 12;

/** Without these alike there is no common start, and accuracies are not measured alike. */
const ALIKE: readonly ManifestKey[] = [
  'task',
  'model',
  'eval_problems',
  'eval_samples',
  'eval_steps',
  'eval_mid_hard',
  'eval_out_of_domain',
];

/**
 * The race that a text describes.
 * @throws ManifestError naming everything that is wrong with it, by field or by arm and setting.
 */
export function planRace(text: RaceText): RaceSetup {
  const [armIssues, seedIssues]: [string[], string[]] = [[], []];
  const arms = readArms(text.arms, armIssues, 'arms');
  const seeds = readSeeds(text.seeds, seedIssues, 'seeds');
  const issues: ManifestIssue[] = [
    ...armIssues.map((message) => ({ key: 'arms', message: message.replace(/^arms: /, '') })),
    ...seedIssues.map((message) => ({ key: 'seeds', message: message.replace(/^seeds: /, '') })),
  ];
  if (issues.length > 0) throw new ManifestError(issues);
  const common = Object.entries(text.common).map(([key, value]) => ({ key, text: value }));
  const made = arms.flatMap(({ name, preset, settings }): RaceArm[] => {
    try {
      const base = PRESETS.find((each) => each.name === preset)?.settings;
      const given = [...common, ...settings].map(({ key, text }) => [key, parseKnobText(key, text)]);
      return [{ name, manifest: parseManifest({ ...base, ...Object.fromEntries(given), seed: seeds[0] }) }];
    } catch (error) {
      if (!(error instanceof ManifestError)) throw error;
      issues.push(...error.issues.map(({ key, message }) => ({ key: `${name}: ${key}`, message })));
      return [];
    }
  });
  if (issues.length > 0) throw new ManifestError(issues);
  const setup: RaceSetup = { arms: made, seeds, pace: text.pace };
  checkRace(setup);
  return setup;
}

/** @throws ManifestError naming what keeps these arms from racing each other. */
export function checkRace({ arms, seeds }: RaceSetup): void {
  const issues: ManifestIssue[] = [];
  if (arms.length < FEWEST_ARMS || arms.length > MOST_ARMS)
    issues.push({ key: 'arms', message: `expected ${FEWEST_ARMS} to ${MOST_ARMS}, got ${arms.length}` });
  if (new Set(arms.map(({ name }) => name)).size < arms.length)
    issues.push({ key: 'arms', message: 'expected a name of its own for each, got one twice' });
  if (seeds.length < 1 || seeds.length > MOST_SEEDS || new Set(seeds).size < seeds.length)
    issues.push({ key: 'seeds', message: `expected 1 to ${MOST_SEEDS} different ones, got ${seeds.length}` });
  for (const key of ALIKE) {
    const values = arms.map(({ name, manifest }) => `${name} has ${JSON.stringify(manifest[key])}`);
    if (new Set(arms.map(({ manifest }) => manifest[key])).size > 1)
      issues.push({
        key,
        message: `expected one value for all arms, since they are held against each other, got: ${values.join(', ')}; set ${key} for all`,
      });
  }
  if (issues.length > 0) throw new ManifestError(issues);
}

/** The suite that accuracy is read on: the tiers in which something can be learned, where they are evaluated alone. */
export const suiteOf = ({ arms }: RaceSetup): string =>
  arms.every(({ manifest }) => manifest.eval_mid_hard) ? 'mid-hard' : 'in-domain';
