/**
 * The kernels that attention and its gradients can be computed by, and which of them is taken on this adapter.
 *
 * All of them add up the same numbers in the same order: keys in blocks of four from the row's first token on, columns
 * one after the other, by multiply-adds. So they give the same bits, and the choice is one of time alone. Not the
 * measuring, which is `tune.ts`. Used by `attention.ts` and
 * `attention-families.ts`.
 */
import type { Gpu } from '../gpu/device';
import { flatGrid, type Grid, type ShaderFile } from '../gpu/kernel';
import type { ConstantValue } from '../gpu/shader';
import { SHADERS } from './shaders';
import { chosen, type Named } from './variants';
import { f32, type UniformValue } from './workspace';

export type AttentionPass = 'forward' | 'backward_query' | 'backward_key_value';
export const ATTENTION_PASSES: readonly AttentionPass[] = ['forward', 'backward_query', 'backward_key_value'];

/** H query heads of P columns over K key/value heads. */
export interface Heads {
  heads: number;
  kvHeads: number;
  headDim: number;
}

export interface AttentionVariant extends Named {
  name: 'simple' | 'subgroup' | 'tile';
  file: ShaderFile;
  constants: Readonly<Record<string, ConstantValue>>;
  /** Values of its uniform. */
  shape: readonly UniformValue[];
  grid(tokens: number): Grid;
}

const FILES = {
  forward: { simple: SHADERS.attention, subgroup: SHADERS.attentionSubgroup, tile: SHADERS.attentionTile },
  backward_query: {
    simple: SHADERS.attentionBackwardQuery,
    subgroup: SHADERS.attentionBackwardQuerySubgroup,
    tile: SHADERS.attentionBackwardQueryTile,
  },
  backward_key_value: {
    simple: SHADERS.attentionBackwardKeyValue,
    subgroup: SHADERS.attentionBackwardKeyValueSubgroup,
    tile: SHADERS.attentionBackwardKeyValueTile,
  },
} as const;

/** Invocations of a workgroup that shares what it reads by its memory. */
const TILE_TOKENS = 64;
/** Most values in a workgroup's memory: 16 KiB. */
const TILE_VALUES = 4096;
/** Tokens in it at a time, at least: fewer are not worth the barriers; and at most. */
const TILE_LEAST = 8;
const TILE_MOST = 32;

/** Tokens brought into a workgroup's memory at a time: two heads of each, and its two sums. */
function tileOf({ headDim }: Heads): number {
  return Math.min(TILE_MOST, Math.floor(TILE_VALUES / (2 * headDim + 2) / 4) * 4);
}

/** Every kernel that can compute a pass over such heads in subgroups of that size, the one that always works first. */
export function attentionKernels(
  pass: AttentionPass,
  heads: Heads,
  subgroupSize: number,
): AttentionVariant[] {
  const files = FILES[pass];
  const count = pass === 'backward_key_value' ? heads.kvHeads : heads.heads;
  const HEAD_DIM = heads.headDim;
  const shape = [heads.heads, heads.kvHeads, f32(1 / Math.sqrt(HEAD_DIM))];
  const variants: AttentionVariant[] = [
    {
      name: 'simple',
      file: files.simple,
      constants: { HEAD_DIM },
      shape: [...shape, HEAD_DIM],
      grid: (tokens) => flatGrid(tokens * count),
    },
  ];
  if (HEAD_DIM % 4 !== 0) return variants;
  const blocks = (lanes: number) => (tokens: number) => [Math.ceil(tokens / lanes), count, 1] as const;
  // Four keys at least are handed round.
  if (subgroupSize >= 4)
    variants.push({
      name: 'subgroup',
      file: files.subgroup,
      constants: { LANES: subgroupSize },
      shape: [...shape, HEAD_DIM / 4],
      grid: blocks(subgroupSize),
    });
  const TILE = tileOf(heads);
  if (TILE >= TILE_LEAST)
    variants.push({
      name: 'tile',
      file: files.tile,
      constants: { HEAD_DIM, TILE },
      shape,
      grid: blocks(TILE_TOKENS),
    });
  return variants;
}

/** Those worth trying on this adapter: a processor's barriers cost more than all that they save. */
export const attentionVariants = (gpu: Gpu, pass: AttentionPass, heads: Heads): AttentionVariant[] =>
  attentionKernels(pass, heads, gpu.subgroupSize).filter(
    ({ name }) => !(name === 'tile' && gpu.info.software),
  );

/** Heads of one kind, as choices are kept by. */
export const attentionKey = (pass: AttentionPass, { heads, kvHeads, headDim }: Heads): string =>
  `attention_${pass} ${heads}/${kvHeads}x${headDim}`;

export const chosenAttention = (gpu: Gpu, pass: AttentionPass, heads: Heads): AttentionVariant =>
  chosen(gpu, attentionKey(pass, heads), attentionVariants(gpu, pass, heads));
