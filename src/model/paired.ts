/**
 * The two projections that are gone on with in pairs of columns: gate and up, and the heads, which are rotated.
 *
 * Either as a product followed by what comes after it, or, where that was measured to be faster, both in one kernel
 * (`linear_pair_tile.wgsl`), with the same bits. Used by `forward.ts`.
 */
import type { Gpu } from '../gpu/device';
import type { BufferRange } from '../gpu/kernel';
import type { LlamaConfig } from './config';
import { dtypeOf, isFloat16, linearForward, rangeOf, type StoredMatrix } from './linear';
import { chosenVariant, forwardProduct } from './linear-variants';
import type { RolloutDtype } from './plan';
import { SHADERS } from './shaders';
import { chosen, type Named } from './variants';
import { type Extent, type Op, type OpMaker, perTile, vectorOf } from './workspace';

type Place = BufferRange | string;

export interface PairVariant extends Named {
  name: 'separate' | 'tile';
}

/**
 * A tile in workgroup memory that goes on with its pairs is offered where such a tile is the fastest product anyhow,
 * which is told by measurement: elsewhere it would only have to be compiled, for seconds, to be found slower.
 * @param outputs columns of the product
 * @param dtype what its weights are stored as
 * @param distance of the columns of a pair
 */
export function pairVariants(
  gpu: Gpu,
  inputs: number,
  outputs: number,
  distance: number,
  dtype: RolloutDtype,
): PairVariant[] {
  const separate: PairVariant = { name: 'separate' };
  const fits = inputs % 4 === 0 && distance % 4 === 0;
  return fits && chosenVariant(gpu, forwardProduct(dtype), inputs, outputs).name === 'tile'
    ? [separate, { name: 'tile' }]
    : [separate];
}

/** Columns and rows of the product that a workgroup computes. */
const TILE = 64;

/** Families over halves are others, with the same variants. */
const keyOf = (operation: string, dtype: RolloutDtype): string =>
  dtype === 'float16' ? `${operation}_float16` : operation;

export const gateKey = (inputs: number, inner: number, dtype: RolloutDtype): string =>
  `${keyOf('gate_up', dtype)} ${inputs}x${inner}`;

/**
 * gateUp = x wᵀ, act = silu(gate) * up. Overwrites both; gateUp perhaps not, where it is not to be kept.
 * x [M, K = inputs], w [2 F, K], gateUp [M, 2 F], act [M, F = inner].
 */
export function gatedProjection(
  maker: OpMaker,
  extent: Extent | BufferRange,
  { x, w, gateUp, act }: { x: Place; w: StoredMatrix; gateUp: Place; act: Place },
  { inputs, inner, keep }: { inputs: number; inner: number; keep: boolean },
  variant = chosen(
    maker.gpu,
    gateKey(inputs, inner, dtypeOf(w)),
    pairVariants(maker.gpu, inputs, 2 * inner, inner, dtypeOf(w)),
  ),
): Op[] {
  const outputs = 2 * inner;
  if (variant.name === 'separate') {
    const vector = vectorOf(inner);
    return [
      linearForward(maker, extent, { x, w, y: gateUp, inputs, outputs }),
      maker.op(
        SHADERS.swiglu,
        { extent, gate_up: gateUp, out: act },
        { shape: [inner], constants: { VECTOR: vector }, grid: perTile(inner / vector) },
      ),
    ];
  }
  return [
    maker.op(
      isFloat16(w) ? SHADERS.linearPairTileFloat16 : SHADERS.linearPairTile,
      // Nothing is rotated: what is bound for that is not read.
      { extent, x, w: rangeOf(w), positions: x, angles: x, y: gateUp, out: act },
      {
        shape: [inputs, outputs, inner / 4, keep ? 1 : 0, 0],
        constants: { ROTATE: false },
        grid: (rows) => [Math.ceil(outputs / TILE), Math.ceil(rows / TILE), 1],
      },
    ),
  ];
}

type Heads = Pick<LlamaConfig, 'hidden_size' | 'head_dim' | 'num_attention_heads' | 'num_key_value_heads'>;

/** Columns of queries, keys and values together. */
export const headColumns = ({ head_dim, num_attention_heads, num_key_value_heads }: Heads): number =>
  (num_attention_heads + 2 * num_key_value_heads) * head_dim;

export const headsKey = ({ hidden_size, head_dim, ...heads }: Heads, dtype: RolloutDtype): string =>
  `${keyOf('heads', dtype)} ${hidden_size}x${heads.num_attention_heads}+${heads.num_key_value_heads}x${head_dim}`;

/**
 * qkv = x wᵀ, its queries and keys rotated by position. Overwrites qkv. x [M, D], qkv [M, (H + 2 K) P].
 * @param names `unused` is a buffer of anything, which stays as it is
 */
export function headsProjection(
  maker: OpMaker,
  extent: Extent | BufferRange,
  names: { x: Place; w: StoredMatrix; qkv: Place; positions: Place; angles: Place; unused: Place },
  config: Heads,
  variant = chosen(
    maker.gpu,
    headsKey(config, dtypeOf(names.w)),
    pairVariants(maker.gpu, config.hidden_size, headColumns(config), config.head_dim / 2, dtypeOf(names.w)),
  ),
): Op[] {
  const { x, w, qkv, positions, angles, unused } = names;
  const { hidden_size: inputs, head_dim: head } = config;
  const rotated = config.num_attention_heads + config.num_key_value_heads;
  const outputs = headColumns(config);
  if (variant.name === 'separate')
    return [
      linearForward(maker, extent, { x, w, y: qkv, inputs, outputs }),
      rope(maker, extent, { qkv, positions, angles }, config, false),
    ];
  return [
    maker.op(
      isFloat16(w) ? SHADERS.linearPairTileFloat16 : SHADERS.linearPairTile,
      { extent, x, w: rangeOf(w), positions, angles, y: qkv, out: unused },
      {
        shape: [inputs, outputs, head / 8, 1, rotated],
        constants: { ROTATE: true },
        grid: (rows) => [Math.ceil(outputs / TILE), Math.ceil(rows / TILE), 1],
      },
    ),
  ];
}

/** Rotates the query and key columns of `qkv` by position; backwards, their gradients. */
export function rope(
  maker: OpMaker,
  extent: Extent | BufferRange,
  names: { qkv: Place; positions: Place; angles: Place },
  { head_dim: head, num_attention_heads: heads, num_key_value_heads: kvHeads }: Heads,
  reverse: boolean,
): Op {
  const vector = vectorOf(head / 2);
  return maker.op(
    SHADERS.rope,
    { extent, ...names },
    {
      shape: [heads + kvHeads, (heads + 2 * kvHeads) * head],
      constants: { REVERSE: reverse, HEAD_DIM: head, VECTOR: vector },
      grid: perTile(((heads + kvHeads) * head) / 2 / vector),
    },
  );
}
