/**
 * The whole policy, forward and backward, by the operations beside this file: Hugging Face's `LlamaForCausalLM` in
 * float64. Slow and readable; the truth the kernels are tested against, never used for training.
 *
 * Letters: N packed tokens, D width, H heads, K key/value heads, h head width, F inner width, V vocabulary.
 */
import type { LlamaConfig } from '../config';
import { attention, attentionBackward } from './attention';
import { embedding, embeddingBackward } from './embedding';
import { linear, linearBackwardInput, linearBackwardWeight } from './linear';
import { rmsNorm, rmsNormBackward } from './rms-norm';
import { rope, ropeBackward } from './rope';
import { type PackedRows, packRows } from './rows';
import { swiglu, swigluBackward } from './swiglu';

/** Parameters, or their gradients, under Hugging Face's names; shapes as in `parameterShapes`. */
export type Weights = Map<string, Float64Array>;

/** What the backward pass of a layer reads again. */
export interface LayerActivations {
  /** Residual stream before the layer and between its halves, [N, D]. */
  input: Float64Array;
  middle: Float64Array;
  /** The two normalised streams, [N, D]. */
  attentionNorm: Float64Array;
  mlpNorm: Float64Array;
  /** After RoPE: q [N, H, h], k [N, K, h]; v [N, K, h]; attention's output [N, H, h]. */
  q: Float64Array;
  k: Float64Array;
  v: Float64Array;
  attended: Float64Array;
  /** [N, F] each. */
  gate: Float64Array;
  up: Float64Array;
  gated: Float64Array;
}

export interface Forward {
  /** [N, V] */
  logits: Float64Array;
  layers: LayerActivations[];
  /** Residual stream after the last layer, and normalised, [N, D]. */
  output: Float64Array;
  normalised: Float64Array;
}

const HEAD = 'lm_head.weight';
const EMBEDDING = 'model.embed_tokens.weight';
const NORM = 'model.norm.weight';
const headName = (config: LlamaConfig) => (config.tie_word_embeddings ? EMBEDDING : HEAD);

/** Logits [N, V] of rows of token ids laid end to end, and what the backward pass needs. */
export function forward(config: LlamaConfig, weights: Weights, rows: PackedRows): Forward {
  const { hidden_size: D, vocab_size: V, rms_norm_eps: eps } = config;
  const layers: LayerActivations[] = [];
  let x = embedding(parameter(weights, EMBEDDING), rows.ids, D);
  for (let layer = 0; layer < config.num_hidden_layers; layer++) {
    const { activations, output } = layerForward(config, weights, layer, x, rows);
    layers.push(activations);
    x = output;
  }
  const normalised = rmsNorm(x, parameter(weights, NORM), eps);
  const logits = linear(normalised, parameter(weights, headName(config)), D, V);
  return { logits, layers, output: x, normalised };
}

/** Logits of each row, [length, V] a row. */
export function rowLogits(
  config: LlamaConfig,
  weights: Weights,
  ids: readonly ArrayLike<number>[],
): Float64Array[] {
  const rows = packRows(ids);
  const { logits } = forward(config, weights, rows);
  const V = config.vocab_size;
  return rows.rows.map(({ start, end }) => logits.slice(start * V, end * V));
}

/** dLogits [N, V] -> gradients of all parameters. A tied embedding's sums over both its uses. */
export function backward(
  config: LlamaConfig,
  weights: Weights,
  rows: PackedRows,
  { layers, output, normalised }: Forward,
  dLogits: Float64Array,
): Weights {
  const { hidden_size: D, vocab_size: V, rms_norm_eps: eps } = config;
  const gradients: Weights = new Map();
  const head = headName(config);
  accumulate(gradients, head, linearBackwardWeight(dLogits, normalised, D, V));
  const dNormalised = linearBackwardInput(dLogits, parameter(weights, head), D, V);
  const norm = rmsNormBackward(dNormalised, output, parameter(weights, NORM), eps);
  accumulate(gradients, NORM, norm.dWeight);
  let dX = norm.dX;
  for (let layer = config.num_hidden_layers - 1; layer >= 0; layer--)
    dX = layerBackward(config, weights, layer, layers[layer], rows, dX, gradients);
  accumulate(gradients, EMBEDDING, embeddingBackward(dX, rows.ids, V, D));
  return gradients;
}

const prefix = (layer: number) => `model.layers.${layer}.`;

function layerForward(
  config: LlamaConfig,
  weights: Weights,
  layer: number,
  input: Float64Array,
  { spans, positions }: PackedRows,
): { activations: LayerActivations; output: Float64Array } {
  const { D, H, K, h, F, theta, eps } = sizes(config);
  const w = (name: string) => parameter(weights, `${prefix(layer)}${name}.weight`);
  const attentionNorm = rmsNorm(input, w('input_layernorm'), eps);
  const q = rope(linear(attentionNorm, w('self_attn.q_proj'), D, H * h), positions, H, h, theta);
  const k = rope(linear(attentionNorm, w('self_attn.k_proj'), D, K * h), positions, K, h, theta);
  const v = linear(attentionNorm, w('self_attn.v_proj'), D, K * h);
  const attended = attention(q, k, v, spans, { heads: H, keyHeads: K, headDim: h });
  const middle = sum(input, linear(attended, w('self_attn.o_proj'), H * h, D));
  const mlpNorm = rmsNorm(middle, w('post_attention_layernorm'), eps);
  const gate = linear(mlpNorm, w('mlp.gate_proj'), D, F);
  const up = linear(mlpNorm, w('mlp.up_proj'), D, F);
  const gated = swiglu(gate, up);
  const output = sum(middle, linear(gated, w('mlp.down_proj'), F, D));
  return {
    activations: { input, middle, attentionNorm, mlpNorm, q, k, v, attended, gate, up, gated },
    output,
  };
}

/** dOutput [N, D] -> dInput [N, D]; adds the layer's gradients to `gradients`. */
function layerBackward(
  config: LlamaConfig,
  weights: Weights,
  layer: number,
  a: LayerActivations,
  { spans, positions }: PackedRows,
  dOutput: Float64Array,
  gradients: Weights,
): Float64Array {
  const { D, H, K, h, F, theta, eps } = sizes(config);
  const full = (name: string) => `${prefix(layer)}${name}.weight`;
  const w = (name: string) => parameter(weights, full(name));
  /** Backward of y = x wᵀ for the projection `name`: keeps dW, returns dX. */
  const project = (name: string, dY: Float64Array, x: Float64Array, inputs: number, outputs: number) => {
    accumulate(gradients, full(name), linearBackwardWeight(dY, x, inputs, outputs));
    return linearBackwardInput(dY, w(name), inputs, outputs);
  };
  /** Backward of a norm and of the residual around its half: the stream's gradient before the half. */
  const normalise = (name: string, dY: Float64Array, x: Float64Array, dResidual: Float64Array) => {
    const { dX, dWeight } = rmsNormBackward(dY, x, w(name), eps);
    accumulate(gradients, full(name), dWeight);
    return sum(dX, dResidual);
  };

  const dGated = project('mlp.down_proj', dOutput, a.gated, F, D);
  const { dGate, dUp } = swigluBackward(dGated, a.gate, a.up);
  const dMlpNorm = sum(
    project('mlp.gate_proj', dGate, a.mlpNorm, D, F),
    project('mlp.up_proj', dUp, a.mlpNorm, D, F),
  );
  const dMiddle = normalise('post_attention_layernorm', dMlpNorm, a.middle, dOutput);

  const dAttended = project('self_attn.o_proj', dMiddle, a.attended, H * h, D);
  const shape = { heads: H, keyHeads: K, headDim: h };
  const { dQ, dK, dV } = attentionBackward(dAttended, a.q, a.k, a.v, spans, shape);
  const dAttentionNorm = sum(
    project('self_attn.q_proj', ropeBackward(dQ, positions, H, h, theta), a.attentionNorm, D, H * h),
    project('self_attn.k_proj', ropeBackward(dK, positions, K, h, theta), a.attentionNorm, D, K * h),
    project('self_attn.v_proj', dV, a.attentionNorm, D, K * h),
  );
  return normalise('input_layernorm', dAttentionNorm, a.input, dMiddle);
}

const sizes = (config: LlamaConfig) => ({
  D: config.hidden_size,
  H: config.num_attention_heads,
  K: config.num_key_value_heads,
  h: config.head_dim,
  F: config.intermediate_size,
  theta: config.rope_theta,
  eps: config.rms_norm_eps,
});

function parameter(weights: Weights, name: string): Float64Array {
  const weight = weights.get(name);
  if (!weight)
    throw new Error(`policy: expected the parameter ${name}, got ${[...weights.keys()].join(', ')}`);
  return weight;
}

function accumulate(gradients: Weights, name: string, gradient: Float64Array): void {
  const before = gradients.get(name);
  gradients.set(name, before ? sum(before, gradient) : gradient);
}

function sum(first: Float64Array, ...others: Float64Array[]): Float64Array {
  return first.map((x, i) => others.reduce((total, other) => total + other[i], x));
}
