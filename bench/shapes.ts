/** Shapes that everything in the benchmark is measured at: policies, products, and tensors by name. */
import { type LlamaConfig, parameterShapes, parseLlamaConfig } from '../src/model/config';
import type { ProductShape } from './peers/peer';

/** A policy of about so many parameters. */
export interface Size {
  label: string;
  config: LlamaConfig;
  parameters: number;
}

function llama(width: number, layers: number, heads: number, vocabulary: number): LlamaConfig {
  return parseLlamaConfig({
    architectures: ['LlamaForCausalLM'],
    model_type: 'llama',
    hidden_size: width,
    num_hidden_layers: layers,
    num_attention_heads: heads,
    num_key_value_heads: heads,
    head_dim: width / heads,
    intermediate_size: Math.round((width * 2.5) / 32) * 32,
    vocab_size: vocabulary,
    rope_theta: 10_000,
    rms_norm_eps: 1e-6,
    tie_word_embeddings: true,
    hidden_act: 'silu',
    max_position_embeddings: 2048,
  });
}

export function countParameters(config: LlamaConfig): number {
  return parameterShapes(config).reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
}

const sized = (label: string, config: LlamaConfig): Size => ({
  label,
  config,
  parameters: countParameters(config),
});

/** About 0.1, 1, 10 and 100 million parameters; the first is the shipped base model's shape. */
export const SIZES: readonly Size[] = [
  sized('0.1M', llama(64, 3, 4, 64)),
  sized('1M', llama(128, 6, 8, 64)),
  sized('10M', llama(320, 8, 10, 256)),
  sized('100M', llama(768, 14, 12, 512)),
];

export function shapeOf(config: LlamaConfig, name: string): number[] {
  const found = parameterShapes(config).find((p) => p.name === name);
  if (!found) throw new Error(`internal: no tensor ${name}`);
  return [...found.shape];
}

/** The linear layers of a policy for that many tokens. */
export function policyProducts({ config }: Size, tokens: number): { name: string; shape: ProductShape }[] {
  const { hidden_size: D, intermediate_size: F, head_dim: h } = config;
  const queries = config.num_attention_heads * h;
  const keys = config.num_key_value_heads * h;
  const each = (name: string, n: number, k: number) => ({ name, shape: { m: tokens, n, k } });
  return [
    each('queries, keys, values', queries + 2 * keys, D),
    each('attention output', D, queries),
    each('gate and up', 2 * F, D),
    each('down', D, F),
    each('head', config.vocab_size, D),
  ];
}
