/**
 * The policy's configuration: the keys of Hugging Face's `LlamaForCausalLM` config.json, checked and completed.
 *
 * Sizes are data: nothing here prefers a size. What the engine cannot compute (biases, scaled RoPE, other
 * activations, dropout) is refused by name instead of being computed wrongly; every other standard key is passed
 * over. Not the run's settings: those are the manifest (`run/manifest.ts`).
 *
 * Used by everything that holds a policy: the engine, the float64 reference, checkpoints, the self-test.
 */
import { z } from 'zod';

/** A complete configuration. Letters: D hidden_size, H heads, K key/value heads, h head_dim, F intermediate_size, V vocab_size. */
export interface LlamaConfig {
  /** D, the width of the residual stream. */
  hidden_size: number;
  num_hidden_layers: number;
  /** H, query heads. H * head_dim need not equal hidden_size. */
  num_attention_heads: number;
  /** K, key and value heads; divides H. */
  num_key_value_heads: number;
  /** h, width of one head; even, for RoPE rotates pairs. */
  head_dim: number;
  /** F, width of the SwiGLU block. */
  intermediate_size: number;
  /** V, rows of the embedding. */
  vocab_size: number;
  rope_theta: number;
  rms_norm_eps: number;
  /** Whether the head reuses the embedding; then there is no `lm_head.weight`. */
  tie_word_embeddings: boolean;
  hidden_act: 'silu';
  /** Longest row the policy is meant for; RoPE needs no table, so nothing is sized by it. */
  max_position_embeddings: number;
  bos_token_id?: number;
  /** Hugging Face allows several; `endTokens` gives them as a list. */
  eos_token_id?: number | number[];
  pad_token_id?: number;
}

/** One problem with a configuration: which key (empty: the whole), what was expected, what was there. */
export interface ConfigIssue {
  key: string;
  message: string;
}

/** A configuration the engine cannot run; `issues` names every wrong key. */
export class ConfigError extends Error {
  constructor(readonly issues: ConfigIssue[]) {
    super(issues.map((i) => `config${i.key && `.${i.key}`}: ${i.message}`).join('; '));
    this.name = 'ConfigError';
  }
}

const LARGEST = 2 ** 24;

const integer = (low: number, high: number) => {
  const error = `expected an integer from ${low} to ${high}`;
  return z.number({ error }).int({ error }).min(low, { error }).max(high, { error });
};
const positive = () => {
  const error = 'expected a number above 0';
  return z.number({ error }).positive({ error });
};
const only = <T extends string | number | boolean>(value: T, why: string) =>
  z.literal(value, { error: `expected ${JSON.stringify(value)} (${why})` }).nullish();
const unscaled = 'expected the rope_type "default" or none (scaled RoPE is not supported)';
const llama = 'expected a list that holds "LlamaForCausalLM"';

/** The keys read from a config.json. Keys that are not here are tolerated. */
export const llamaConfigSchema = z.object(
  {
    hidden_size: integer(1, LARGEST),
    num_hidden_layers: integer(1, 4096),
    num_attention_heads: integer(1, LARGEST),
    num_key_value_heads: integer(1, LARGEST).nullish(),
    head_dim: integer(2, LARGEST).nullish(),
    intermediate_size: integer(1, LARGEST),
    vocab_size: integer(1, LARGEST),
    rope_theta: positive().nullish(),
    rms_norm_eps: positive().nullish(),
    tie_word_embeddings: z.boolean({ error: 'expected true or false' }).nullish(),
    hidden_act: only('silu', 'the only activation the engine has'),
    max_position_embeddings: integer(1, 2 ** 31 - 1).nullish(),
    bos_token_id: integer(0, LARGEST).nullish(),
    eos_token_id: z
      .union([integer(0, LARGEST), z.array(integer(0, LARGEST))], {
        error: 'expected a token id or a list of token ids',
      })
      .nullish(),
    // Some published files write -1 for "no padding token".
    pad_token_id: integer(-1, LARGEST).nullish(),
    model_type: only('llama', 'other architectures compute something else'),
    architectures: z
      .array(z.string({ error: llama }), { error: llama })
      .refine((names) => names.length === 0 || names.includes('LlamaForCausalLM'), {
        error: llama,
      })
      .nullish(),
    attention_bias: only(false, 'projections with a bias are not supported'),
    mlp_bias: only(false, 'projections with a bias are not supported'),
    attention_dropout: only(0, 'dropout is not supported'),
    sliding_window: z.null({ error: 'expected null (attention reaches over the whole row)' }).optional(),
    partial_rotary_factor: only(1, 'RoPE turns whole heads'),
    quantization_config: z.null({ error: 'expected null (quantised weights are not supported)' }).optional(),
    rope_scaling: z
      .object(
        {
          rope_type: z.literal('default', { error: unscaled }).optional(),
          type: z.literal('default', { error: unscaled }).optional(),
        },
        { error: unscaled },
      )
      .refine((scaling) => scaling.rope_type ?? scaling.type, { error: unscaled })
      .nullish(),
    rope_parameters: z
      .object(
        {
          rope_theta: positive().nullish(),
          rope_type: z.literal('default', { error: unscaled }).nullish(),
          partial_rotary_factor: only(1, 'RoPE turns whole heads'),
        },
        { error: 'expected an object {rope_theta, rope_type}' },
      )
      .nullish(),
  },
  { error: 'expected an object with the keys of a LlamaForCausalLM config.json' },
);

/**
 * Reads a parsed config.json; absent keys take `LlamaForCausalLM`'s defaults (rope_theta 10000, rms_norm_eps 1e-6,
 * untied, as many key/value heads as heads, head_dim hidden_size / num_attention_heads).
 * Accepts its own result and `rope_parameters` of newer files in place of `rope_theta`.
 * @throws ConfigError naming every key that is missing, wrong or beyond the engine.
 */
export function parseLlamaConfig(value: unknown): LlamaConfig {
  const parsed = llamaConfigSchema.safeParse(value);
  const issues = parsed.success ? [] : fieldIssues(parsed.error.issues, value);
  issues.push(...relationIssues(value));
  if (!parsed.success || issues.length) throw new ConfigError(issues);
  const c = parsed.data;
  const { bos_token_id: bos, eos_token_id: eos, pad_token_id: pad } = c;
  return {
    hidden_size: c.hidden_size,
    num_hidden_layers: c.num_hidden_layers,
    num_attention_heads: c.num_attention_heads,
    num_key_value_heads: c.num_key_value_heads ?? c.num_attention_heads,
    head_dim: c.head_dim ?? c.hidden_size / c.num_attention_heads,
    intermediate_size: c.intermediate_size,
    vocab_size: c.vocab_size,
    rope_theta: c.rope_parameters?.rope_theta ?? c.rope_theta ?? 10000,
    rms_norm_eps: c.rms_norm_eps ?? 1e-6,
    tie_word_embeddings: c.tie_word_embeddings ?? false,
    hidden_act: 'silu',
    max_position_embeddings: c.max_position_embeddings ?? 2048,
    ...(typeof bos === 'number' && { bos_token_id: bos }),
    ...(eos !== undefined && eos !== null && { eos_token_id: eos }),
    ...(typeof pad === 'number' && pad >= 0 && { pad_token_id: pad }),
  };
}

/** The tokens that end a rollout: none, one, or several. */
export function endTokens(config: LlamaConfig): number[] {
  return config.eos_token_id === undefined ? [] : [config.eos_token_id].flat();
}

/** The object to write as config.json, so that other libraries open the checkpoint as a `LlamaForCausalLM`. */
export function llamaConfigFile(config: LlamaConfig): Record<string, unknown> {
  return {
    architectures: ['LlamaForCausalLM'],
    model_type: 'llama',
    ...config,
    attention_bias: false,
    mlp_bias: false,
    rope_scaling: null,
    torch_dtype: 'float32',
  };
}

/** A parameter's Hugging Face name and its shape; a matrix is `[out, in]`. */
export interface ParameterShape {
  name: string;
  shape: number[];
}

/** Every parameter in the order of Hugging Face's state dict. A tied head has no parameter of its own. */
export function parameterShapes(config: LlamaConfig): ParameterShape[] {
  const { hidden_size: width, intermediate_size: inner, vocab_size: vocab, head_dim: head } = config;
  const queries = config.num_attention_heads * head;
  const keys = config.num_key_value_heads * head;
  const shapes: ParameterShape[] = [{ name: 'model.embed_tokens.weight', shape: [vocab, width] }];
  for (let layer = 0; layer < config.num_hidden_layers; layer++) {
    const add = (name: string, ...shape: number[]) =>
      shapes.push({ name: `model.layers.${layer}.${name}.weight`, shape });
    add('self_attn.q_proj', queries, width);
    add('self_attn.k_proj', keys, width);
    add('self_attn.v_proj', keys, width);
    add('self_attn.o_proj', width, queries);
    add('mlp.gate_proj', inner, width);
    add('mlp.up_proj', inner, width);
    add('mlp.down_proj', width, inner);
    add('input_layernorm', width);
    add('post_attention_layernorm', width);
  }
  shapes.push({ name: 'model.norm.weight', shape: [width] });
  if (!config.tie_word_embeddings) shapes.push({ name: 'lm_head.weight', shape: [vocab, width] });
  return shapes;
}

/** How many numbers the policy learns. */
export function parameterCount(config: LlamaConfig): number {
  return parameterShapes(config).reduce((sum, p) => sum + p.shape.reduce((size, n) => size * n, 1), 0);
}

const shown = (value: unknown): string => {
  const text = value === undefined ? 'nothing' : (JSON.stringify(value) ?? String(value));
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
};

/** One issue a key: the schema's expectation with the value that was there. */
function fieldIssues(found: readonly z.core.$ZodIssue[], value: unknown): ConfigIssue[] {
  const byKey = new Map<string, string>();
  for (const { path, message } of found) {
    let at: unknown = value;
    for (const step of path) at = (at as Record<PropertyKey, unknown> | null | undefined)?.[step];
    const key = path.map(String).join('.');
    if (!byKey.has(key)) byKey.set(key, `${message}, got ${shown(at)}`);
  }
  return [...byKey].map(([key, message]) => ({ key, message }));
}

/** Rules between keys, each checked only where its keys are sound numbers (a wrong one is already named). */
function relationIssues(value: unknown): ConfigIssue[] {
  if (typeof value !== 'object' || value === null) return [];
  const raw = value as Record<string, unknown>;
  const count = (key: string) => (Number.isSafeInteger(raw[key]) ? (raw[key] as number) : undefined);
  const issues: ConfigIssue[] = [];
  const [width, queryHeads, keyHeads, head] = [
    count('hidden_size'),
    count('num_attention_heads'),
    count('num_key_value_heads'),
    count('head_dim'),
  ];
  if (queryHeads && keyHeads && keyHeads > 0 && queryHeads % keyHeads)
    issues.push({
      key: 'num_key_value_heads',
      message: `expected a divisor of num_attention_heads = ${queryHeads}, got ${keyHeads}`,
    });
  if (head && head >= 2 && head % 2)
    issues.push({ key: 'head_dim', message: `expected an even number (RoPE turns pairs), got ${head}` });
  if ((raw.head_dim === undefined || raw.head_dim === null) && width && queryHeads && queryHeads > 0) {
    const implied = width / queryHeads;
    if (!Number.isInteger(implied) || implied % 2)
      issues.push({
        key: 'head_dim',
        message: `expected an even hidden_size / num_attention_heads, got ${width} / ${queryHeads} = ${implied}; give head_dim`,
      });
  }
  const parameters = raw.rope_parameters as { rope_theta?: unknown } | null | undefined;
  const [outer, inner] = [raw.rope_theta, parameters?.rope_theta];
  if (typeof outer === 'number' && typeof inner === 'number' && outer !== inner)
    issues.push({
      key: 'rope_theta',
      message: `expected rope_parameters.rope_theta = ${inner}, got ${outer}`,
    });
  const vocab = count('vocab_size');
  for (const key of ['bos_token_id', 'eos_token_id', 'pad_token_id'])
    for (const id of [raw[key]].flat())
      if (vocab && typeof id === 'number' && id >= vocab)
        issues.push({ key, message: `expected a token below vocab_size = ${vocab}, got ${id}` });
  return issues;
}
