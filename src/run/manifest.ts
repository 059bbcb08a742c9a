/**
 * The manifest: everything that decides a run, in one flat object.
 *
 * One zod schema gives the form in the page, the link in the URL, the command line's `--set key=value`,
 * the file format and the defaults (the URL's side is `manifest-query.ts`). Keys follow TRL's `GRPOConfig` where TRL has the setting.
 * Same manifest, same adapter: the same event stream, bit for bit (wall-clock fields aside).
 *
 * Used by every layer; imports nothing of the GPU.
 */
import { z } from 'zod';
import { integer, type KnobMeta, knob, real, type Section } from './knob';
import { DAPO_KNOBS, dapoIssues } from './knobs-dapo';
import { MASA_KNOBS, masaIssues } from './knobs-masa';
import { META_LEARNING_KNOBS, metaLearningIssues } from './knobs-meta-learning';

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

  prompts_per_step: knob(integer(1, 1024, 16), {
    section: 'rollouts',
    label: 'Prompts per step',
    help: 'How many different problems are rolled out in one step. More prompts give a steadier gradient and cost proportionally more tokens.',
    step: 1,
  }),
  num_generations: knob(integer(2, 256, 16), {
    section: 'rollouts',
    label: 'Rollouts per prompt',
    help: 'The size of a group. GRPO compares the rollouts of one prompt with each other, so it needs at least two.',
    step: 1,
  }),
  max_completion_length: knob(integer(1, 4096, 80), {
    section: 'rollouts',
    label: 'Longest rollout',
    help: 'A rollout that has not ended after this many tokens is truncated and scored as it stands.',
    step: 1,
  }),
  temperature: knob(real(0.05, 5, 1), {
    section: 'rollouts',
    label: 'Temperature',
    help: 'Divides the logits before sampling. 1 samples from the policy itself; the gradient assumes the same temperature.',
    step: 0.05,
  }),
  top_k: knob(integer(0, 100000, 0), {
    section: 'rollouts',
    label: 'Top-k',
    help: 'Sample only from the k likeliest tokens; 0 switches it off.',
    step: 1,
    advanced: true,
  }),
  top_p: knob(real(0.01, 1, 1), {
    section: 'rollouts',
    label: 'Top-p',
    help: 'Sample only from the smallest set of tokens whose probabilities add up to p; 1 switches it off.',
    step: 0.01,
    advanced: true,
  }),
  rollout_dtype: knob(z.enum(['float32', 'float16']).default('float32'), {
    section: 'rollouts',
    label: 'Weights of rollouts',
    help: 'What the policy’s matrices are stored as where rollouts, predictions and evaluations read them. float16: a copy in half the bytes, remade after every update; sums stay single precision, and so does training. Rollouts are then of a policy that differs from the trained one by the rounding, which the ratio takes into account.',
    advanced: true,
  }),

  loss_type: knob(z.enum(['grpo', 'bnpo', 'dr_grpo', 'dapo']).default('dapo'), {
    section: 'method',
    label: 'Loss normalisation',
    help: 'grpo: mean over a rollout, then over rollouts. bnpo and dapo: mean over the tokens of the batch; the same here, as a step is one batch. dr_grpo: sum over a constant length.',
  }),
  scale_rewards: knob(z.enum(['group', 'batch', 'none']).default('group'), {
    section: 'method',
    label: 'Scale rewards',
    help: 'What the centred rewards are divided by: the deviation inside the group, that of the batch, or nothing (Dr. GRPO).',
  }),
  importance_sampling_level: knob(z.enum(['token', 'sequence']).default('token'), {
    section: 'method',
    label: 'Importance sampling level',
    help: 'Whether the ratio of new to old probability is taken for each token, or once for the whole rollout (GSPO).',
    advanced: true,
  }),
  num_iterations: knob(integer(1, 16, 1), {
    section: 'method',
    label: 'Updates per batch',
    help: 'How often one batch of rollouts is trained on. At 1 the ratio is exactly 1 and nothing is ever clipped, unless rollout_dtype is float16.',
    step: 1,
  }),
  epsilon: knob(real(0, 1, 0.2), {
    section: 'method',
    label: 'Clip below (epsilon)',
    help: 'The ratio is clipped at 1 − epsilon when that lowers the gain.',
    step: 0.01,
  }),
  epsilon_high: knob(real(0, 10, 0.28), {
    section: 'method',
    label: 'Clip above (epsilon_high)',
    help: 'The ratio is clipped at 1 + epsilon_high. Larger than epsilon it is DAPO’s clip-higher.',
    step: 0.01,
  }),
  beta: knob(real(0, 10, 0), {
    section: 'method',
    label: 'KL weight (beta)',
    help: 'Weight of the KL penalty (k3 estimator) towards the base model. Above 0 the base model is kept in memory beside the policy.',
    step: 0.01,
  }),
  mask_truncated_completions: knob(z.boolean().default(false), {
    section: 'method',
    label: 'Mask truncated rollouts',
    help: 'Leave rollouts that ran into the length limit out of the loss. Those that MASA cut short go by its own setting.',
    advanced: true,
  }),

  ...DAPO_KNOBS,
  ...MASA_KNOBS,
  ...META_LEARNING_KNOBS,

  learning_rate: knob(z.number().positive().max(1).default(2e-4), {
    section: 'training',
    label: 'Learning rate',
    help: 'AdamW’s step size. On this task 2e-4 learns steadily and 1e-3 collapses after about a hundred steps.',
    step: 'log',
  }),
  lr_scheduler_type: knob(z.enum(['constant', 'linear', 'cosine']).default('constant'), {
    section: 'training',
    label: 'Schedule',
    help: 'How the learning rate goes from its peak to the end of the run.',
    advanced: true,
  }),
  warmup_steps: knob(integer(0, 100000, 0), {
    section: 'training',
    label: 'Warm-up steps',
    help: 'The learning rate rises linearly over this many steps.',
    step: 1,
    advanced: true,
  }),
  adam_beta1: knob(real(0, 0.9999, 0.9), {
    section: 'training',
    label: 'Adam beta 1',
    help: 'Decay of the running mean of the gradient.',
    step: 0.01,
    advanced: true,
  }),
  adam_beta2: knob(real(0, 0.99999, 0.99), {
    section: 'training',
    label: 'Adam beta 2',
    help: 'Decay of the running mean of the squared gradient.',
    step: 0.001,
    advanced: true,
  }),
  adam_epsilon: knob(z.number().positive().max(1).default(1e-8), {
    section: 'training',
    label: 'Adam epsilon',
    help: 'Added to the denominator of the update.',
    step: 'log',
    advanced: true,
  }),
  weight_decay: knob(real(0, 1, 0), {
    section: 'training',
    label: 'Weight decay',
    help: 'Decoupled decay of the matrices; norm weights are never decayed.',
    step: 0.01,
    advanced: true,
  }),
  max_grad_norm: knob(z.number().positive().max(1e6).default(1), {
    section: 'training',
    label: 'Gradient clip',
    help: 'The gradient is scaled down when its global norm is larger than this.',
    step: 0.1,
  }),
  micro_batch_tokens: knob(integer(16, 1_048_576, 4096), {
    section: 'training',
    label: 'Tokens per micro-batch',
    help: 'Rows are packed to about this many tokens for one forward and backward pass; gradients add up over the passes. Lower it when memory is short: the result is the same but for rounding.',
    step: 256,
    advanced: true,
  }),
  gradient_checkpointing: knob(z.enum(['off', 'mlp', 'block']).default('off'), {
    section: 'training',
    label: 'Gradient checkpointing',
    help: 'What a micro-batch’s forward pass drops, to be made again in the backward pass. off: nothing. mlp: the gate and up projections of every block. block: all of a block but its input. It saves memory and takes time; the result is the same, bit for bit.',
    advanced: true,
  }),

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

const trainingIssues = ({ warmup_steps, steps }: Manifest): ManifestIssue[] =>
  warmup_steps >= steps && warmup_steps > 0
    ? [{ key: 'warmup_steps', message: `expected fewer than steps (${steps}), got ${warmup_steps}` }]
    : [];

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
