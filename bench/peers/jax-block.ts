/**
 * A block of the policy in jax-js: what its training step (jax.ts) and its decoding (jax-decode.ts) have in common.
 *
 * Functions own their arguments there: `x.ref` keeps an array that is used again.
 */
import { nn, numpy as np } from '@jax-js/jax';
import type { LlamaConfig } from '../../src/model/config';

export type Arrays = Record<string, np.Array>;

/** Where the tokens of a pass are, and what they see; kept. */
interface Place {
  /** [T, h] */
  cos: np.Array;
  sin: np.Array;
  /** [T, keys], added to the scores: zero where a token looks, else far below every score */
  mask: np.Array;
}

/** x * cos + rotate(x) * sin, halves rotated as Hugging Face does; x [B, H, T, h], cos and sin [T, h]. */
function rope(x: np.Array, cos: np.Array, sin: np.Array): np.Array {
  const half = x.shape[3] / 2;
  const [first, second] = np.split(x.ref, 2, 3);
  if (first.shape[3] !== half) throw new Error('internal: rope');
  const rotated = np.concatenate([second.neg(), first], 3);
  return x.mul(cos).add(rotated.mul(sin));
}

export function rmsNorm(x: np.Array, weight: np.Array, epsilon: number): np.Array {
  const mean = np.mean(x.ref.mul(x.ref), -1, { keepdims: true });
  return x.mul(np.reciprocal(np.sqrt(mean.add(epsilon)))).mul(weight);
}

/**
 * Block `l` of x [B, T, D], which it consumes.
 * @param p the weights under Hugging Face's names; kept
 * @param keep makes of the tokens' own keys and values, [B, K, T, h], those that are attended to
 */
export function block(
  config: LlamaConfig,
  p: Arrays,
  l: number,
  x: np.Array,
  { cos, sin, mask }: Place,
  keep: (part: 'key' | 'value', own: np.Array) => np.Array = (_, own) => own,
): np.Array {
  const { num_attention_heads: H, num_key_value_heads: K, head_dim: h } = config;
  const [B, T] = x.shape;
  const weight = (name: string) => p[`model.layers.${l}.${name}.weight`].ref;
  const w = (name: string) => weight(name).transpose();
  const heads = (name: string, from: np.Array, count: number) =>
    np
      .matmul(from, w(`self_attn.${name}`))
      .reshape([B, T, count, h])
      .transpose([0, 2, 1, 3]);
  const repeated = (kept: np.Array) => (K === H ? kept : np.repeat(kept, H / K, 1));
  const norm1 = rmsNorm(x.ref, weight('input_layernorm'), config.rms_norm_eps);
  const q = rope(heads('q_proj', norm1.ref, H), cos.ref, sin.ref);
  const k = repeated(keep('key', rope(heads('k_proj', norm1.ref, K), cos.ref, sin.ref)));
  const v = repeated(keep('value', heads('v_proj', norm1, K)));
  const scores = np
    .matmul(q, k.transpose([0, 1, 3, 2]))
    .mul(1 / Math.sqrt(h))
    .add(mask.ref);
  const attended = np
    .matmul(nn.softmax(scores, -1), v)
    .transpose([0, 2, 1, 3])
    .reshape([B, T, H * h]);
  const mid = x.add(np.matmul(attended, w('self_attn.o_proj')));
  const norm2 = rmsNorm(mid.ref, weight('post_attention_layernorm'), config.rms_norm_eps);
  const gate = np.matmul(norm2.ref, w('mlp.gate_proj'));
  const up = np.matmul(norm2, w('mlp.up_proj'));
  return mid.add(np.matmul(nn.silu(gate).mul(up), w('mlp.down_proj')));
}
