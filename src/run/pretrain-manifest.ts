/** The manifest of a pre-training: the base model's sizes, the corpus, and the optimiser. Same manifest, same weights. */
import { z } from 'zod';
import { ManifestError, type ManifestIssue } from './manifest';

const integer = (low: number, high: number, value: number) => z.int().min(low).max(high).default(value);
/** The tasks that have a corpus, each with the folder its base model is shipped in. */
const SHIPPED: Record<'ladder' | 'long-tail', string> = {
  ladder: 'ladder-base',
  'long-tail': 'long-tail-base',
};

const help = <T extends z.ZodType>(schema: T, text: string): T => schema.meta({ help: text }) as T;

export const pretrainManifestSchema = z.strictObject({
  manifest_version: z.literal(1).default(1),
  name: help(
    z.string().min(1).max(80).default(SHIPPED.ladder),
    'Name of the folder the checkpoint is shipped in; where none is given, TASK-base.',
  ),
  task: help(z.enum(['ladder', 'long-tail']).default('ladder'), 'The task whose corpus is read.'),
  seed: help(integer(0, 4294967295, 0), 'Decides the initial weights and the corpus.'),

  hidden_size: help(integer(2, 4096, 64), 'Width of the residual stream.'),
  num_hidden_layers: help(integer(1, 64, 3), 'Layers.'),
  num_attention_heads: help(integer(1, 64, 4), 'Query heads; hidden_size is parted among them.'),
  num_key_value_heads: help(integer(1, 64, 4), 'Key and value heads; divides num_attention_heads.'),
  intermediate_size: help(integer(2, 16384, 160), 'Width of the SwiGLU block.'),
  rope_theta: help(z.number().positive().max(1e9).default(1000), 'Base of the rotary position angles.'),
  rms_norm_eps: help(z.number().positive().max(1).default(1e-6), 'Added to the mean square in RMSNorm.'),
  tie_word_embeddings: help(z.boolean().default(true), 'The head reuses the embedding.'),

  steps: help(
    integer(1, 1_000_000, 2400),
    'Optimiser steps. The first half reads careful writers, the second the sloppy mixture.',
  ),
  batch_size: help(integer(1, 4096, 96), 'Traces a step.'),
  learning_rate: help(z.number().positive().max(1).default(3e-3), 'AdamW’s step size at its peak.'),
  warmup_steps: help(integer(0, 100000, 100), 'The learning rate rises linearly over this many steps.'),
  decay_share: help(
    z.number().min(0).max(1).default(0.45),
    'The last part of the steps over which the learning rate falls linearly to zero.',
  ),
  adam_beta1: help(z.number().min(0).max(0.9999).default(0.9), 'Decay of the running mean of the gradient.'),
  adam_beta2: help(
    z.number().min(0).max(0.99999).default(0.98),
    'Decay of the running mean of the squared gradient.',
  ),
  weight_decay: help(z.number().min(0).max(1).default(0.01), 'Decoupled decay of the matrices.'),
  max_grad_norm: help(
    z.number().positive().max(1e6).default(1),
    'The gradient is scaled down when its global norm is larger.',
  ),
  micro_batch_tokens: help(
    integer(256, 1_048_576, 8192),
    'Traces are packed to about this many tokens for one forward and backward pass.',
  ),
});

export type PretrainManifest = z.output<typeof pretrainManifestSchema>;
export type PretrainKey = keyof PretrainManifest;

/** What the help and the error messages know of a key. */
export interface PretrainKnob {
  key: PretrainKey;
  help: string;
  /** What it takes: "a whole number from 1 to 4096". */
  takes: string;
  kind: 'integer' | 'number' | 'boolean' | 'choice' | 'text';
  default: PretrainManifest[PretrainKey];
}

interface JsonSchemaProperty {
  type?: string;
  enum?: string[];
  default?: PretrainManifest[PretrainKey];
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  maxLength?: number;
  help?: string;
}

/** Every setting in the schema's order, read off it. */
export const PRETRAIN_KNOBS: readonly PretrainKnob[] = (() => {
  const { properties } = z.toJSONSchema(pretrainManifestSchema, { io: 'input' }) as {
    properties: Record<string, JsonSchemaProperty>;
  };
  return Object.entries(properties).flatMap(([key, p]): PretrainKnob[] => {
    if (!p.help || p.default === undefined) return [];
    return [{ key: key as PretrainKey, help: p.help, default: p.default, ...takes(p) }];
  });
})();

function takes(p: JsonSchemaProperty): Pick<PretrainKnob, 'takes' | 'kind'> {
  if (p.enum) return { kind: 'choice', takes: `one of ${p.enum.join(', ')}` };
  if (p.type === 'boolean') return { kind: 'boolean', takes: 'true or false' };
  if (p.type === 'integer' || p.type === 'number') {
    const what = p.type === 'integer' ? 'a whole number' : 'a number';
    const range =
      p.exclusiveMinimum === undefined
        ? `from ${p.minimum} to ${p.maximum}`
        : `above ${p.exclusiveMinimum} and at most ${p.maximum}`;
    return { kind: p.type, takes: `${what} ${range}` };
  }
  return { kind: 'text', takes: `text of 1 to ${p.maxLength} characters` };
}

/**
 * Checks a manifest and fills in the defaults.
 * @throws ManifestError naming every key that is unknown or wrong, with what was expected.
 */
export function parsePretrainManifest(value: unknown): PretrainManifest {
  const result = pretrainManifestSchema.safeParse(named(value));
  const issues = result.success ? [] : explainIssues(result.error.issues, value);
  if (!result.success || issues.length > 0) throw new ManifestError(issues);
  const manifest = result.data;
  const { num_attention_heads: heads, num_key_value_heads: keyHeads, hidden_size: width } = manifest;
  if (heads % keyHeads !== 0)
    issues.push({
      key: 'num_key_value_heads',
      message: `expected a divisor of num_attention_heads (${heads}), got ${keyHeads}`,
    });
  if (width % (2 * heads) !== 0)
    issues.push({
      key: 'hidden_size',
      message: `expected a multiple of twice num_attention_heads (${2 * heads}), for heads of even width, got ${width}`,
    });
  if (issues.length > 0) throw new ManifestError(issues);
  return manifest;
}

/** The settings with the name that goes with their task, where they have none of their own. */
function named(value: unknown): unknown {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value;
  const { task, name } = value as { task?: unknown; name?: unknown };
  return name === undefined && task === 'long-tail' ? { ...value, name: SHIPPED[task] } : value;
}

/**
 * Reads `text` as a value of `key`, as typed after `--set key=`.
 * @throws ManifestError when the key is unknown or the text is no value of its kind.
 */
export function parsePretrainText(key: string, text: string): PretrainManifest[PretrainKey] {
  const knob = PRETRAIN_KNOBS.find((each) => each.key === key);
  if (!knob) throw new ManifestError([{ key, message: unknownKey(key) }]);
  const wrong = () => new ManifestError([{ key, message: `expected ${knob.takes}, got "${text}"` }]);
  switch (knob.kind) {
    case 'integer':
    case 'number': {
      const value = Number(text);
      if (text.trim() === '' || !Number.isFinite(value)) throw wrong();
      return value;
    }
    case 'boolean':
      if (text !== 'true' && text !== 'false') throw wrong();
      return text === 'true';
    default:
      return text;
  }
}

/** One entry a wrong key, in our words. */
function explainIssues(found: readonly z.core.$ZodIssue[], value: unknown): ManifestIssue[] {
  const explained = new Map<string, string>();
  for (const issue of found) {
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys) explained.set(key, unknownKey(key));
      continue;
    }
    const key = issue.path.join('.') || '(manifest)';
    const given = (value as Record<PropertyKey, unknown> | null)?.[issue.path[0]] ?? value;
    const expected =
      PRETRAIN_KNOBS.find((knob) => knob.key === key)?.takes ??
      (key === 'manifest_version' ? '1, the version this lab reads' : 'an object of settings');
    explained.set(key, `expected ${expected}, got ${JSON.stringify(given) ?? String(given)}`);
  }
  return [...explained].map(([key, message]) => ({ key, message }));
}

function unknownKey(key: string): string {
  const plain = (text: string) => text.replace(/[-_]/g, '').toLowerCase();
  const close = PRETRAIN_KNOBS.find((knob) => plain(knob.key) === plain(key));
  return `unknown key${close ? `; did you mean ${close.key}?` : ''}`;
}
