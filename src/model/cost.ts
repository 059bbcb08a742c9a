/**
 * What the policy's work costs, counted from shapes: floating-point operations and sequential decoding steps, so that
 * two ways of training can be compared on any machine. A multiplication and an addition are two operations. Counted
 * are the matrix products and attention, which are nearly all of the work; not norms, RoPE, softmax, sampling, AdamW
 * and the merging of an adapter. Used by `policy.ts`; read by the trainer.
 */
import type { Row } from './batch';
import type { LlamaConfig } from './config';

/** Totals since a policy was made. */
export interface Cost {
  /** Floating-point operations. */
  flops: number;
  /** Tokens that had to be made one after the other: a pass over many rows counts as long as its longest. */
  decodeSteps: number;
}

/** Operations of a forward pass over a row: causal attention looks at every position up to its own. */
export function forwardFlops(config: LlamaConfig, tokens: number, active: number): number {
  return spanFlops(config, 0, tokens, active);
}

/** Gradients of inputs and of weights each cost what the forward product does; recomputed attention is not counted. */
export const TRAINING_FACTOR = 3;

/** Operations of training on rows: forward and backward. */
export function trainingFlops(config: LlamaConfig, rows: readonly Row[]): number {
  return (
    TRAINING_FACTOR * rows.reduce((sum, r) => sum + forwardFlops(config, r.tokens.length, r.active.length), 0)
  );
}

/**
 * Operations and steps of one decoding pass: each distinct prompt once without its last token, up to the last layer's
 * keys and values (`upToKeys` in `forward.ts`), then every generated token of every row with its head.
 * @param generated [rows] tokens each row has generated
 */
export function decodingCost(
  config: LlamaConfig,
  prompts: readonly (readonly number[])[],
  generated: readonly number[],
): Cost {
  const distinct = new Map(prompts.map((prompt) => [prompt.join(' '), prompt.length - 1]));
  const prefill = [...distinct.values()].reduce((sum, length) => sum + prefillFlops(config, length), 0);
  const decode = generated.reduce(
    (sum, count, r) => sum + spanFlops(config, prompts[r].length - 1, count, count),
    0,
  );
  return { flops: prefill + decode, decodeSteps: Math.max(0, ...generated) };
}

/** Operations that fill the caches with a prompt's positions: of the last layer only its one product that has them. */
function prefillFlops(config: LlamaConfig, tokens: number): number {
  const { heads } = weightsOf(config);
  return (config.num_hidden_layers - 1) * layerFlops(config, 0, tokens) + 2 * heads * tokens;
}

/** Positions `first` to `first + count - 1` of a row, `active` of them through the head. */
function spanFlops(config: LlamaConfig, first: number, count: number, active: number): number {
  const { num_hidden_layers: layers, hidden_size: D, vocab_size: V } = config;
  return layers * layerFlops(config, first, count) + 2 * D * V * active;
}

function layerFlops(config: LlamaConfig, first: number, count: number): number {
  const { heads, others } = weightsOf(config);
  // Position p attends to p + 1 keys, and weighs as many values.
  const attended = count * first + (count * (count + 1)) / 2;
  return 2 * (heads + others) * count + 4 * config.num_attention_heads * config.head_dim * attended;
}

/** Weights of a layer's matrices: of queries, keys and values, which are one product; of those after attention. */
function weightsOf(config: LlamaConfig): { heads: number; others: number } {
  const { hidden_size: D, num_attention_heads: H, num_key_value_heads: K, head_dim: h } = config;
  return { heads: D * (H + 2 * K) * h, others: H * h * D + 3 * D * config.intermediate_size };
}
