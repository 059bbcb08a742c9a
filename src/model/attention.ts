/**
 * Attention over packed rows and its gradients as operations, by the variants chosen for such heads.
 *
 * qkv [T, (H + 2 K) P], out [T, H P], logsumexp and delta [T, H]; T is the extent's count, `spans` the rows'. Nothing
 * of a row's length squared is stored. Used by `forward.ts`, `backward.ts` and `attention-families.ts`.
 */
import type { BufferRange } from '../gpu/kernel';
import {
  type AttentionVariant,
  attentionKey,
  attentionVariants,
  chosenAttention,
  type Heads,
} from './attention-variants';
import type { LlamaConfig } from './config';
import { bindChosen } from './variants';
import type { Extent, Op, OpMaker } from './workspace';

type Place = BufferRange | string;

/** The attention heads of a policy. */
export const headsOf = (config: LlamaConfig): Heads => ({
  heads: config.num_attention_heads,
  kvHeads: config.num_key_value_heads,
  headDim: config.head_dim,
});

function attentionOp(
  workspace: OpMaker,
  buffers: Record<string, Place | Extent>,
  heads: Heads,
  { file, constants, shape, grid }: AttentionVariant,
): Op {
  return workspace.op(file, buffers, {
    shape,
    constants,
    // Where it is no constant of the kernel.
    sizes: { HEAD_DIM: heads.headDim },
    grid,
  });
}

/** out = attention of qkv, positions rotated in. Overwrites out and logsumexp. */
export function attentionForward(
  workspace: OpMaker,
  extent: Extent,
  buffers: { spans: Place; qkv: Place; out: Place; logsumexp: Place },
  heads: Heads,
  variant?: AttentionVariant,
): Op {
  if (!variant)
    return bindChosen(
      workspace,
      attentionKey('forward', heads),
      attentionVariants(workspace.gpu, 'forward', heads),
      (each) => attentionForward(workspace, extent, buffers, heads, each),
    );
  return attentionOp(workspace, { extent, ...buffers }, heads, variant);
}

/** What comes back to `out` goes on to qkv. */
export interface AttentionGradients {
  spans: Place;
  qkv: Place;
  out: Place;
  dout: Place;
  logsumexp: Place;
  delta: Place;
  dqkv: Place;
}

/** Overwrites delta and the queries' columns of dqkv. */
export function attentionBackwardQuery(
  workspace: OpMaker,
  extent: Extent,
  buffers: AttentionGradients,
  heads: Heads,
  variant = chosenAttention(workspace.gpu, 'backward_query', heads),
): Op {
  return attentionOp(workspace, { extent, ...buffers }, heads, variant);
}

/** After `attentionBackwardQuery`, whose delta it reads. Overwrites the keys' and values' columns of dqkv. */
export function attentionBackwardKeyValue(
  workspace: OpMaker,
  extent: Extent,
  { out: _, ...buffers }: AttentionGradients,
  heads: Heads,
  variant = chosenAttention(workspace.gpu, 'backward_key_value', heads),
): Op {
  return attentionOp(workspace, { extent, ...buffers }, heads, variant);
}
