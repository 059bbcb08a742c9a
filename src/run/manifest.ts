/**
 * The manifest: everything that decides a run, in one flat object.
 *
 * One zod schema gives the form in the page, the link in the URL, the command line's `--set key=value`,
 * the file format and the defaults (the URL's side is `manifest-query.ts`). What belongs together has a file of its
 * own, `knobs-*.ts`; here are the task, the evaluation and the run, and what checks a whole manifest. Keys follow TRL's
 * `GRPOConfig` where TRL has the setting.
 * Same manifest, same adapter: the same event stream, bit for bit (wall-clock fields aside).
 *
 * Used by every layer; imports nothing of the GPU.
 */
import { z } from 'zod';
import { integer, type KnobMeta, knob, type Section } from './knob';
import { DAPO_KNOBS, dapoIssues } from './knobs-dapo';
import { GRPO_KNOBS } from './knobs-grpo';
import { MASA_KNOBS, masaIssues } from './knobs-masa';
import { META_LEARNING_KNOBS, metaLearningIssues } from './knobs-meta-learning';
import { TRAINING_KNOBS, trainingIssues } from './knobs-training';

export { type KnobMeta, SECTIONS, type Section } from './knob';

export const MANIFEST_VERSION = 1;

export const manifestSchema = z.strictObject({
  manifest_version: z.literal(MANIFEST_VERSION).default(MANIFEST_VERSION),
  name: knob(z.string().max(80).default(''), {
    section: 'run',
    label: 'Name',
    help: 'A name for the run, for your own use.',
  }),

  task: knob(z.enum(['ladder', 'long-tail']).default('ladder'), {
    section: 'task',
    label: 'Task',
    help: 'The family of problems the policy is trained on. Ladder: a two-digit accumulator with written-out steps, from easy to unsolvable. Long-tail: the same arithmetic with more that is trivial or hopeless, and wrong rollouts that run long; it wants the base model long-tail-base and rollouts of 88 tokens.',
  }),
  model: knob(
    z
      .string()
      .regex(/^[\w./-]+$/, 'a model name: letters, digits, and . _ / -')
      .max(200)
      .default('ladder-base'),
    {
      section: 'policy',
      label: 'Base model',
      help: 'The checkpoint the run starts from: a folder of public/models, a model that was opened in the page (opened/NAME), or on the command line a path.',
    },
  ),

  ...GRPO_KNOBS,
  ...DAPO_KNOBS,
  ...MASA_KNOBS,
  ...META_LEARNING_KNOBS,
  ...TRAINING_KNOBS,

  eval_steps: knob(integer(1, 100000, 10), {
    section: 'evaluation',
    label: 'Evaluate every',
    help: 'Steps between evaluations on held-out problems. The start and the end are always evaluated.',
    step: 1,
  }),
  eval_problems: knob(integer(1, 100000, 128), {
    section: 'evaluation',
    label: 'Held-out problems',
    help: 'How many held-out problems are answered at each evaluation, the same ones every time.',
    step: 16,
  }),
  eval_samples: knob(integer(1, 256, 1), {
    section: 'evaluation',
    label: 'Answers per problem',
    help: 'Sampled answers per held-out problem, at temperature 1. Predictions are compared with the share that is right, which means little for a single answer.',
    step: 1,
    advanced: true,
  }),
  eval_out_of_domain: knob(z.boolean().default(false), {
    section: 'evaluation',
    label: 'Also out of domain',
    help: 'Evaluate the families that are never trained on as well.',
  }),
  eval_mid_hard: knob(z.boolean().default(false), {
    section: 'evaluation',
    label: 'Also mid and hard alone',
    help: 'Evaluate held-out problems of the tiers in which something can be learned as well: comparisons of methods read their accuracy there. Only the task long-tail has it.',
  }),

  steps: knob(integer(1, 1_000_000, 100), {
    section: 'run',
    label: 'Steps',
    help: 'How many steps the run takes.',
    step: 1,
  }),
  seed: knob(integer(0, 4294967295, 0), {
    section: 'run',
    label: 'Seed',
    help: 'Decides every random number of the run: problems, rollouts, held-out samples.',
    step: 1,
  }),
  checkpoint_steps: knob(integer(1, 100000, 10), {
    section: 'run',
    label: 'Checkpoint every',
    help: 'Steps between checkpoints. A run stopped by an error goes on from the last one.',
    step: 1,
    advanced: true,
  }),
});

export type Manifest = z.output<typeof manifestSchema>;
export type ManifestInput = z.input<typeof manifestSchema>;
export type ManifestKey = keyof Manifest;

/** One problem with a manifest: which key, what was expected, what was there. */
export interface ManifestIssue {
  key: string;
  message: string;
}

/** A manifest that does not hold together; `issues` names every wrong key. */
export class ManifestError extends Error {
  constructor(readonly issues: ManifestIssue[]) {
    super(`manifest: ${issues.map((i) => `${i.key}: ${i.message}`).join('; ')}`);
    this.name = 'ManifestError';
  }
}

/** What the form and the help need to know of a key: its schema without the default, its meta data and its default. */
export interface Knob extends KnobMeta {
  key: ManifestKey;
  default: Manifest[ManifestKey];
  kind: 'integer' | 'number' | 'boolean' | 'choice' | 'text';
  choices?: string[];
  /** Bounds of a number; inclusive, but for `minimum` where `minimumExcluded`. */
  minimum?: number;
  minimumExcluded?: boolean;
  maximum?: number;
  /** Longest text. */
  maxLength?: number;
}

interface JsonSchemaProperty {
  type?: string;
  enum?: string[];
  default?: Manifest[ManifestKey];
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  maxLength?: number;
  section?: Section;
  label?: string;
  help?: string;
  advanced?: boolean;
  step?: number | 'log';
}

/** Every knob in the manifest's order, read off the schema, so that no form or help text repeats it. */
export const KNOBS: readonly Knob[] = (() => {
  const { properties } = z.toJSONSchema(manifestSchema, { io: 'input' }) as {
    properties: Record<string, JsonSchemaProperty>;
  };
  return Object.entries(properties).flatMap(([key, p]): Knob[] => {
    if (!p.section || !p.label || !p.help) return [];
    const kind = p.enum
      ? 'choice'
      : p.type === 'integer' || p.type === 'number' || p.type === 'boolean'
        ? p.type
        : 'text';
    return [
      {
        key: key as ManifestKey,
        section: p.section,
        label: p.label,
        help: p.help,
        advanced: p.advanced,
        step: p.step,
        default: p.default as Manifest[ManifestKey],
        kind,
        choices: p.enum,
        minimum: p.minimum ?? p.exclusiveMinimum,
        minimumExcluded: p.exclusiveMinimum !== undefined ? true : undefined,
        maximum: p.maximum,
        maxLength: p.maxLength,
      },
    ];
  });
})();

/**
 * Checks a manifest and fills in the defaults.
 * @throws ManifestError naming every key that is unknown or wrong, with what was expected.
 */
export function parseManifest(value: unknown): Manifest {
  const result = manifestSchema.safeParse(value);
  if (!result.success) throw new ManifestError(explainIssues(result.error.issues, value));
  const manifest = result.data;
  const issues = [
    ...trainingIssues(manifest),
    ...dapoIssues(manifest),
    ...masaIssues(manifest),
    ...metaLearningIssues(manifest),
  ];
  if (issues.length > 0) throw new ManifestError(issues);
  return manifest;
}

/** What values a knob takes, for error messages and help: "a whole number from 1 to 1024". */
export function describeKnob(k: Knob): string {
  if (k.kind === 'choice') return `one of ${k.choices?.join(', ')}`;
  if (k.kind === 'boolean') return 'true or false';
  if (k.kind === 'text') return `text of at most ${k.maxLength} characters`;
  const what = k.kind === 'integer' ? 'a whole number' : 'a number';
  return k.minimumExcluded
    ? `${what} above ${k.minimum} and at most ${k.maximum}`
    : `${what} from ${k.minimum} to ${k.maximum}`;
}

function shown(value: unknown): string {
  const text = typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? String(value));
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

/** Keys that are told of one by one. */
const MOST_UNKNOWN = 100;

/** One entry a wrong key, in our words: what the key takes and what it was given. */
function explainIssues(issues: readonly z.core.$ZodIssue[], value: unknown): ManifestIssue[] {
  const explained = new Map<string, string>();
  for (const issue of issues) {
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys.slice(0, MOST_UNKNOWN))
        explained.set(key, `unknown key${suggestion(key)}`);
      const more = issue.keys.length - MOST_UNKNOWN;
      if (more > 0) explained.set('(manifest)', `and ${more} more unknown keys`);
      continue;
    }
    const key = issue.path.join('.') || '(manifest)';
    const given = issue.path.reduce<unknown>(
      (inside, step) => (inside as Record<PropertyKey, unknown>)?.[step],
      value,
    );
    const k = KNOBS.find((each) => each.key === key);
    const expected =
      issue.code === 'invalid_format'
        ? issue.message
        : k
          ? describeKnob(k)
          : key === 'manifest_version'
            ? `${MANIFEST_VERSION}, the version this lab reads`
            : 'an object of settings';
    explained.set(key, `expected ${expected}, got ${shown(given)}`);
  }
  return [...explained].map(([key, message]) => ({ key, message }));
}

function suggestion(key: string): string {
  const close = KNOBS.map((k) => k.key).find(
    (k) => k.replace(/_/g, '').toLowerCase() === key.replace(/[-_]/g, '').toLowerCase(),
  );
  return close ? `; did you mean ${close}?` : '';
}

export const DEFAULT_MANIFEST: Manifest = parseManifest({});

/** The keys in which a manifest differs from the defaults (or from `base`). */
export function manifestDifference(manifest: Manifest, base: Manifest = DEFAULT_MANIFEST): Partial<Manifest> {
  return Object.fromEntries(
    Object.entries(manifest).filter(([key, value]) => value !== base[key as ManifestKey]),
  ) as Partial<Manifest>;
}

/**
 * Reads `text` as a value of the knob `key`, as typed in a URL or after `--set key=`.
 * @throws ManifestError when the key is unknown or the text is no value of its kind.
 */
export function parseKnobText(key: string, text: string): Manifest[ManifestKey] {
  const k = KNOBS.find((each) => each.key === key);
  if (!k) throw new ManifestError([{ key, message: `unknown key${suggestion(key)}` }]);
  if (k.kind === 'integer' || k.kind === 'number') {
    const value = Number(text);
    if (text.trim() === '' || !Number.isFinite(value))
      throw new ManifestError([{ key, message: `expected ${describeKnob(k)}, got "${text}"` }]);
    return value;
  }
  if (k.kind === 'boolean') {
    if (text !== 'true' && text !== 'false')
      throw new ManifestError([{ key, message: `expected true or false, got "${text}"` }]);
    return text === 'true';
  }
  return text;
}
