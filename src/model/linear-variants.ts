/**
 * The kernels that a linear layer's products can be computed by, and which of them is taken on this adapter.
 *
 * Where inputs and outputs are multiples of 4, all variants add up the same numbers in the same order and give the
 * same bits, so that the choice is one of time alone: a run is the same run whichever was measured to be faster.
 * Not the measuring, which is `tune.ts`. Used by `linear.ts`.
 */
import type { Gpu } from '../gpu/device';
import type { ShaderFile } from '../gpu/kernel';
import type { ConstantValue } from '../gpu/shader';
import { isMeasured } from './choices';
import type { RolloutDtype } from './plan';
import { SHADERS } from './shaders';
import { chosen, type Named } from './variants';

/** `forward_float16` is the forward product over weights that are stored as halves, which is another product: its bits differ. */
export type Product = 'forward' | 'backward_input' | 'backward_weight' | 'forward_float16';
/** Those that every policy is made of. */
export const PRODUCTS: readonly Product[] = ['forward', 'backward_input', 'backward_weight'];

export const forwardProduct = (dtype: RolloutDtype): Product =>
  dtype === 'float16' ? 'forward_float16' : 'forward';

export interface Variant extends Named {
  file: ShaderFile;
  constants: Readonly<Record<string, ConstantValue>>;
  /** Columns and rows of the product that a workgroup computes. */
  tile: readonly [number, number];
}

const FILES = {
  forward: {
    simple: SHADERS.linearForward,
    vec4: SHADERS.linearForwardVec4,
    subgroup: SHADERS.linearForwardSubgroup,
    tile: SHADERS.linearForwardTile,
  },
  backward_input: {
    simple: SHADERS.linearBackwardInput,
    vec4: SHADERS.linearBackwardInputVec4,
    subgroup: SHADERS.linearBackwardInputSubgroup,
    tile: SHADERS.linearBackwardInputTile,
  },
  backward_weight: {
    simple: SHADERS.linearBackwardWeight,
    vec4: SHADERS.linearBackwardWeightVec4,
    subgroup: SHADERS.linearBackwardWeightSubgroup,
    tile: SHADERS.linearBackwardWeightTile,
  },
  forward_float16: {
    simple: SHADERS.linearForwardFloat16,
    vec4: SHADERS.linearForwardVec4Float16,
    subgroup: SHADERS.linearForwardSubgroupFloat16,
    tile: SHADERS.linearForwardTileFloat16,
  },
} as const;

/** Outputs of a workgroup of `vec4` in each direction: 8 x 8 invocations of 4 x 4; and of `tile`: of 8 x 8. */
const REGISTER_TILE = [32, 32] as const;
const MEMORY_TILE = [64, 64] as const;

/**
 * Rows, and columns of an invocation in fours, of the tiles that a subgroup is tried with: the largest that pays, and a
 * small one for few rows. Small subgroups get theirs by columns, as each covers few of them.
 */
const subgroupTiles = (lanes: number): readonly (readonly [rows: number, quads: number])[] => [
  lanes < 8 ? [16, 2] : [24, 1],
  [8, 1],
];

/** A product by subgroups of LANES in tiles of so many rows, and columns of an invocation in fours. */
export function subgroupVariant(product: Product, LANES: number, ROWS: number, QUADS: number): Variant {
  return {
    name: `subgroup ${ROWS}x${QUADS}`,
    file: FILES[product].subgroup,
    constants: { LANES, ROWS, QUADS },
    tile: [4 * QUADS * LANES, ROWS],
  };
}

/** What this adapter can compute the product by, the one that always works first. */
export function variantsOf(gpu: Gpu, product: Product, inputs: number, outputs: number): Variant[] {
  const { simple, vec4, tile } = FILES[product];
  if (inputs % 4 !== 0 || outputs % 4 !== 0)
    return [{ name: 'simple', file: simple, constants: {}, tile: REGISTER_TILE }];
  const lanes = gpu.subgroupSize;
  return [
    { name: 'vec4', file: vec4, constants: {}, tile: REGISTER_TILE },
    // What is read for all takes at least 4 invocations.
    ...(lanes < 4 ? [] : subgroupTiles(lanes).map((size) => subgroupVariant(product, lanes, ...size))),
    { name: 'tile', file: tile, constants: {}, tile: MEMORY_TILE },
  ];
}

/** A product of one shape, as choices are kept by. */
export const productKey = (product: Product, inputs: number, outputs: number): string =>
  `${product} ${inputs}x${outputs}`;

/**
 * So few rows are a shape class of their own: of a large tile most would be computed for nothing. The last rows of a
 * decode are so few, and small groups.
 */
export const FEW_ROWS = 8;

export const fewRowsKey = (product: Product, inputs: number, outputs: number): string =>
  `${productKey(product, inputs, outputs)} of ${FEW_ROWS} rows`;

/** The same kernels, those with the fewest rows a tile first. */
export function fewRowsVariants(gpu: Gpu, product: Product, inputs: number, outputs: number): Variant[] {
  const [base, ...others] = variantsOf(gpu, product, inputs, outputs);
  return [base, ...others.sort((a, b) => a.tile[1] - b.tile[1])];
}

/** What was measured to be fastest over few rows; null before it was. */
export function fewRowsVariant(gpu: Gpu, product: Product, inputs: number, outputs: number): Variant | null {
  const key = fewRowsKey(product, inputs, outputs);
  return isMeasured(gpu, key) ? chosen(gpu, key, fewRowsVariants(gpu, product, inputs, outputs)) : null;
}

export const chosenVariant = (gpu: Gpu, product: Product, inputs: number, outputs: number): Variant =>
  chosen(gpu, productKey(product, inputs, outputs), variantsOf(gpu, product, inputs, outputs));
