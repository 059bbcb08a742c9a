/**
 * What one dispatch of a kernel is worth, counted from its shapes: operations where its arithmetic is matrix products
 * or attention, and bytes.
 *
 * Operations are those the kernel carries out, recomputed ones included; a multiplication and an addition are two. Of
 * attention they are the products over (query, key) pairs. Other kernels' arithmetic is not counted: null, not a guess.
 * Bytes are what it has to move at least: each value of its operands once, read or written, and both where it is added
 * to; uniforms are left out, and what a kernel whose reading depends on its settings moves is null. Letters as in the
 * shader files. Used by `kernel-profile.ts`.
 */
import type { Dispatch } from '../gpu/profile';

export interface KernelCost {
  flops: number | null;
  bytes: number | null;
}

interface Sizes {
  /** Rows it really ran over. */
  M: number;
  /** Rows it was encoded for. */
  encoded: number;
  /** A number of its shape or of what the pass runs over. @throws when it is not known */
  n(name: string): number;
  is(constant: string): boolean;
}

/** [operations, values of 4 bytes] */
type Count = (sizes: Sizes) => [flops: number | null, values: number | null];

const matrix: Count = ({ M, n }) => {
  const [K, N] = [n('inputs'), n('outputs')];
  return [2 * M * K * N, M * K + K * N + M * N];
};

const forward: Count = (sizes) => {
  const [flops, values] = matrix(sizes);
  return [flops, values! + (sizes.is('RESIDUAL') ? sizes.M * sizes.n('outputs') : 0)];
};

/** The same over weights in half the bytes. */
const overFloat16 =
  (count: Count): Count =>
  (sizes) => {
    const [flops, values] = count(sizes);
    return [flops, values! - (sizes.n('inputs') * sizes.n('outputs')) / 2];
  };

const backwardWeight: Count = ({ M, n }) => {
  const [K, N, slices] = [n('inputs'), n('outputs'), n('SLICES')];
  // A single slice is added to the gradient itself.
  return [2 * M * K * N, M * (K + N) + (slices === 1 ? 2 : slices) * K * N];
};

/** By what comes after the product: gate and up, or rotation. */
const paired: Count = (sizes) => {
  const { M, n, is } = sizes;
  const [flops, values] = matrix(sizes);
  const extra = is('ROTATE') ? M * (1 + 8 * n('half')) : (n('keep') ? 0.5 : -0.5) * M * n('outputs');
  return [flops, values! + extra];
};

const heads = ({ n }: Sizes) => {
  const P = n('HEAD_DIM');
  const [H, K] = [n('heads'), n('kv_heads')];
  return { P, H, K, row: (H + 2 * K) * P, pairs: H * P * n('attended') };
};

/** Attended counts the new tokens themselves, whose keys and values are written, not read. */
const attentionDecode: Count = (s) => {
  const [P, H, K] = [s.n('head_dim'), s.n('HEADS'), s.n('KV_HEADS')];
  const attended = s.n('attended');
  return [4 * H * P * attended, s.M * (2 + (H + 2 * K) * P + P + H * P) + 2 * K * P * attended];
};

const sample: Count = ({ M, n }) => [null, M * (n('vocabulary') + 14)];

const attentionForward: Count = (s) => {
  const { P, H, row, pairs } = heads(s);
  return [4 * pairs, s.M * (2 + row + H * P + H)];
};

const attentionKeyValue: Count = (s) => {
  const { P, H, K, row, pairs } = heads(s);
  return [8 * pairs, s.M * (2 + row + H * P + 2 * H + 2 * K * P)];
};

const attentionQuery: Count = (s) => {
  const { P, H, row, pairs } = heads(s);
  return [6 * pairs, s.M * (2 + row + 3 * H * P + 2 * H)];
};

const lowRank: (values: (a: number, b: number, w: number) => number) => Count =
  (values) =>
  ({ n }) => {
    const [R, N, K] = [n('rank'), n('outputs'), n('inputs')];
    return [2 * R * N * K, values(R * K, N * R, N * K)];
  };

const COUNTS: Readonly<Record<string, Count>> = {
  accumulate_slices: ({ n }) => [null, (n('SLICES') + 2) * n('count')],
  adamw: ({ n }) => [null, 7 * n('count')],
  attention: attentionForward,
  attention_backward_key_value: attentionKeyValue,
  attention_backward_key_value_subgroup: attentionKeyValue,
  attention_backward_key_value_tile: attentionKeyValue,
  attention_backward_query: attentionQuery,
  attention_backward_query_subgroup: attentionQuery,
  attention_backward_query_tile: attentionQuery,
  attention_decode: attentionDecode,
  attention_decode_matrix: attentionDecode,
  attention_decode_shared: attentionDecode,
  attention_decode_vec4: attentionDecode,
  attention_subgroup: attentionForward,
  attention_tile: attentionForward,
  // Of one head. Profiles leave it out: it is for whoever looks at a row.
  attention_weights: (s) => {
    const { P, H, pairs } = heads(s);
    return [(2 * pairs) / H, s.M * (3 + 2 * P) + s.M ** 2];
  },
  cache_fill: ({ M, n }) => [null, 2 * M + 4 * n('KV_HEADS') * n('HEAD_DIM') * n('filled')],
  clip_gradient: ({ n }) => [null, 2 * n('count') + 4],
  embedding: ({ M, n }) => [null, M * (1 + 2 * n('width'))],
  embedding_backward: ({ M, n }) => [null, 4 * M + n('tokens') * (1 + n('width')) + 2 * M * n('width')],
  embedding_float16: ({ M, n }) => [null, M * (1 + 1.5 * n('width'))],
  linear_backward_input: matrix,
  linear_backward_input_subgroup: matrix,
  linear_backward_input_tile: matrix,
  linear_backward_input_vec4: matrix,
  linear_backward_weight: backwardWeight,
  linear_backward_weight_subgroup: backwardWeight,
  linear_backward_weight_tile: backwardWeight,
  linear_backward_weight_vec4: backwardWeight,
  linear_forward: forward,
  linear_forward_float16: overFloat16(forward),
  linear_forward_subgroup: forward,
  linear_forward_subgroup_float16: overFloat16(forward),
  linear_forward_tile: forward,
  linear_forward_tile_float16: overFloat16(forward),
  linear_forward_vec4: forward,
  linear_forward_vec4_float16: overFloat16(forward),
  linear_pair_tile: paired,
  linear_pair_tile_float16: overFloat16(paired),
  log_softmax_gather: ({ M, n }) => [null, M * (n('vocabulary') + 4)],
  logits_backward: ({ M, n }) => [null, M * (2 * n('vocabulary') + 3)],
  lora_backward_a: lowRank((a, b, w) => b + w + 2 * a),
  lora_backward_b: lowRank((a, b, w) => a + w + 2 * b),
  lora_merge: lowRank((a, b, w) => a + b + 2 * w),
  pack_float16: ({ n }) => [null, 1.5 * n('count')],
  rms_norm: ({ M, n, is }) => [null, M * (2 * n('width') + 1 + (is('GATHER') ? 1 : 0)) + n('width')],
  rms_norm_backward: ({ M, n, is }) => [
    null,
    M * ((is('RECOMPUTE') ? 5 : 4) * n('width') + 1 + (is('SCATTER') ? 1 : 0)) + n('width'),
  ],
  rms_norm_backward_weight: ({ M, n, is }) => [
    null,
    M * (2 * n('width') + 1 + (is('GATHER') ? 1 : 0)) + n('SLICES') * n('width'),
  ],
  rollout_statistics: ({ M, n }) => [null, 10 * M + 7 * n('active')],
  rope: ({ M, n }) => [null, M * (1 + n('HEAD_DIM') + 2 * n('rotated') * n('HEAD_DIM'))],
  sample,
  sample_shared: sample,
  schedule_rows: ({ M, encoded }) => [null, 4 * encoded + 2 + 3 * M],
  sequence_ratio: ({ M, n }) => [null, 3 * M + 2 * n('active')],
  sum_squares: ({ n }) => [null, n('count') + 2 * n('PARTIALS')],
  swiglu: ({ M, n }) => [null, 3 * M * n('width')],
  swiglu_backward: ({ M, n }) => [null, 6 * M * n('width')],
  // What it reads depends on the loss's settings.
  token_loss: () => [null, null],
};

/** Kernels that are counted here. */
export const COUNTED_KERNELS: readonly string[] = Object.keys(COUNTS);

/** @throws Error for a kernel that is not in the table, or a size that neither shape nor pass has. */
export function kernelCost({ use, count, extent }: Pick<Dispatch, 'use' | 'count' | 'extent'>): KernelCost {
  const counted = COUNTS[use.kernel];
  if (!counted) throw new Error(`internal: kernel ${use.kernel}: no count of what it costs`);
  const known: Readonly<Record<string, number | boolean>> = { ...extent, ...use.constants, ...use.shape };
  const [flops, values] = counted({
    // While decoding, the host knows no more than an upper bound of the rows when it encodes.
    M: extent.live ?? count,
    encoded: count,
    n(name) {
      const value = known[name];
      if (typeof value !== 'number') throw new Error(`internal: kernel ${use.kernel}: no size ${name}`);
      return value;
    },
    is: (name) => known[name] === true,
  });
  return { flops, bytes: values === null ? null : 4 * values };
}
