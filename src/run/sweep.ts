/**
 * A sweep: arms, seeds and a grid of settings, of which every combination (a cell) is a run. The file is
 * `docs/formats/sweep.md`. Here its form is checked and its combinations are counted out; which presets and settings
 * there are, and what a cell's manifest is, is known to its users.
 *
 * Used by the command line's `sweep`, `emit` and `merge`.
 */
import { z } from 'zod';

export const SWEEP_VERSION = 1;

/** Kubernetes counts the indices of a job up to this, and Slurm's arrays end earlier. */
export const MAX_CELLS = 100_000;

const value = z.union([z.number(), z.boolean(), z.string()], {
  error: 'expected a number, true, false or a text',
});

const settings = z.record(z.string(), value, { error: 'expected an object of settings' }).default({});

export const sweepSchema = z.strictObject({
  sweep_version: z.literal(SWEEP_VERSION, { error: `expected ${SWEEP_VERSION}, the version this lab reads` }),
  /** A folder's name and a job's. */
  name: z.string({ error: 'expected a name' }).regex(/^[A-Za-z0-9][\w.-]{0,59}$/, {
    error: 'expected at most 60 letters, digits and . _ -, beginning with a letter or a digit',
  }),
  /** Each `PRESET`, `PRESET:key=value:...` or `NAME=PRESET:key=value:...`. */
  arms: z
    .array(z.string({ error: 'expected PRESET or NAME=PRESET:key=value' }), {
      error: 'expected a list of arms',
    })
    .min(1, { error: 'expected at least one arm' }),
  /** Seeds themselves, or a text such as "1-6". */
  seeds: z.union([z.string(), z.array(z.number()).min(1)], {
    error: 'expected a list such as [1, 2, 3] or a text such as "1-3"',
  }),
  /** Of all arms; what an arm or the grid says goes before it. */
  settings,
  /** Every combination of these values, one after the other. */
  grid: z
    .record(z.string(), z.array(value).min(1, { error: 'expected at least one value' }), {
      error: 'expected an object with a list of values for every setting',
    })
    .default({}),
  /** Where a run ends, such as "tokens=600000"; null for all steps. */
  budget: z.string({ error: 'expected a text such as "tokens=600000"' }).nullable().default(null),
  /** What the arms are compared with, by name; the first where null. */
  baseline: z.string({ error: 'expected the name of an arm' }).nullable().default(null),
  /** The held-out problems whose accuracy is compared. */
  suite: z.string({ error: 'expected the name of a suite' }).default('in-domain'),
});

export type Sweep = z.output<typeof sweepSchema>;

/** A sweep that does not hold together: one line for every wrong key. */
export class SweepError extends Error {
  constructor(readonly issues: readonly string[]) {
    super(issues.join('\n'));
    this.name = 'SweepError';
  }
}

/**
 * Checks a sweep and fills in the defaults.
 * @throws SweepError naming every key that is unknown or wrong; for a newer version that alone.
 */
export function parseSweep(given: unknown): Sweep {
  const version = (given as { sweep_version?: unknown } | null)?.sweep_version;
  if (typeof version === 'number' && version > SWEEP_VERSION)
    throw new SweepError([
      `sweep_version: expected ${SWEEP_VERSION} or older, got ${version}; read it with a newer version of the lab`,
    ]);
  const result = sweepSchema.safeParse(given);
  if (!result.success) throw new SweepError(result.error.issues.flatMap((issue) => explain(issue, given)));
  const issues = settingIssues(result.data);
  if (issues.length > 0) throw new SweepError(issues);
  return result.data;
}

function explain(issue: z.core.$ZodIssue, given: unknown): string[] {
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => `${key}: unknown key`);
  const got = issue.path.reduce<unknown>(
    (inside, step) => (inside as Record<PropertyKey, unknown> | undefined)?.[step],
    given,
  );
  const place = issue.path.join('.') || '(sweep)';
  const expected = issue.path.length === 0 ? 'expected an object' : issue.message;
  return [`${place}: ${expected}, got ${got === undefined ? 'nothing' : JSON.stringify(got)}`];
}

/** A setting has one place to come from. */
function settingIssues({ settings, grid, budget }: Sweep): string[] {
  const issues: string[] = [];
  for (const [place, keys] of [
    ['settings', Object.keys(settings)],
    ['grid', Object.keys(grid)],
  ] as const) {
    if (keys.includes('seed')) issues.push(`${place}.seed: expected seeds under "seeds", got it here`);
    if (keys.includes('steps') && budget?.startsWith('steps='))
      issues.push(`${place}.steps: expected steps from the budget, ${budget}, got them here too`);
  }
  for (const [key, values] of Object.entries(grid)) {
    if (Object.hasOwn(settings, key))
      issues.push(`grid.${key}: expected a setting that is not under "settings", got one that is`);
    const texts = values.map(String);
    for (const text of new Set(texts.filter((each, i) => texts.indexOf(each) !== i)))
      issues.push(`grid.${key}: expected every value once, got ${text} again`);
  }
  return issues;
}

/** A setting as the command line writes it. */
export interface SettingText {
  key: string;
  text: string;
}

export const settingTexts = (of: Sweep['settings']): SettingText[] =>
  Object.entries(of).map(([key, each]) => ({ key, text: String(each) }));

/** Every combination of the grid's values, the last setting changing fastest; one empty combination for no grid. */
export function gridPoints(grid: Sweep['grid']): SettingText[][] {
  let points: SettingText[][] = [[]];
  for (const [key, values] of Object.entries(grid)) {
    if (points.length * values.length > MAX_CELLS)
      throw new SweepError([
        `grid: expected at most ${MAX_CELLS} combinations, got more; make several sweeps of it`,
      ]);
    points = points.flatMap((point) => values.map((each) => [...point, { key, text: String(each) }]));
  }
  return points;
}
