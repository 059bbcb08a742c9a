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
 * Operations and steps of one decoding pass: each distinct prompt once without its last token, then every generated
 * token of every row with its head. A prompt counts as a whole forward pass without the head, although of the last
 * layer nothing is computed that comes after its keys and values.
 * @param generated [rows] tokens each row has generated
 */
export function decodingCost(
  config: LlamaConfig,
  prompts: readonly (readonly number[])[],
  generated: readonly number[],
): Cost {
  const distinct = new Map(prompts.map((prompt) => [prompt.join(' '), prompt.length - 1]));
  const prefill = [...distinct.values()].reduce((sum, length) => sum + forwardFlops(config, length, 0), 0);
  const decode = generated.reduce(
    (sum, count, r) => sum + spanFlops(config, prompts[r].length - 1, count, count),
    0,
  );
  return { flops: prefill + decode, decodeSteps: Math.max(0, ...generated) };
}

/** Positions `first` to `first + count - 1` of a row, `active` of them through the head. */
function spanFlops(config: LlamaConfig, first: number, count: number, active: number): number {
  const { hidden_size: D, num_attention_heads: H, num_key_value_heads: K, head_dim: h } = config;
  const weights = D * (H + 2 * K) * h + H * h * D + 3 * D * config.intermediate_size;
  // Position p attends to p + 1 keys, and weighs as many values.
  const attended = count * first + (count * (count + 1)) / 2;
  const layer = 2 * weights * count + 4 * H * h * attended;
  return config.num_hidden_layers * layer + 2 * D * config.vocab_size * active;
}
