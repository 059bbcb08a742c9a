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
import { SHADERS } from './shaders';
import { chosen, type Named } from './variants';

export type Product = 'forward' | 'backward_input' | 'backward_weight';
export const PRODUCTS: readonly Product[] = ['forward', 'backward_input', 'backward_weight'];

export interface Variant extends Named {
  name: 'simple' | 'vec4' | 'subgroup';
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
  },
  backward_input: {
    simple: SHADERS.linearBackwardInput,
    vec4: SHADERS.linearBackwardInputVec4,
    subgroup: SHADERS.linearBackwardInputSubgroup,
  },
  backward_weight: {
    simple: SHADERS.linearBackwardWeight,
    vec4: SHADERS.linearBackwardWeightVec4,
    subgroup: SHADERS.linearBackwardWeightSubgroup,
  },
} as const;

/** Outputs of a workgroup in each direction: 8 x 8 invocations of 4 x 4. */
const TILE = 32;

/** What this adapter can compute the product by, the one that always works first. */
export function variantsOf(gpu: Gpu, product: Product, inputs: number, outputs: number): Variant[] {
  const files = FILES[product];
  const tile = [TILE, TILE] as const;
  if (inputs % 4 !== 0 || outputs % 4 !== 0)
    return [{ name: 'simple', file: files.simple, constants: {}, tile }];
  const variants: Variant[] = [{ name: 'vec4', file: files.vec4, constants: {}, tile }];
  // Its tile of 8 rows is read by at least 4 invocations.
  if (gpu.subgroupSize >= 4)
    variants.push({
      name: 'subgroup',
      file: files.subgroup,
      constants: { LANES: gpu.subgroupSize },
      tile: [4 * gpu.subgroupSize, 8],
    });
  return variants;
}

/** A product of one shape, as choices are kept by. */
export const productKey = (product: Product, inputs: number, outputs: number): string =>
  `${product} ${inputs}x${outputs}`;

export const chosenVariant = (gpu: Gpu, product: Product, inputs: number, outputs: number): Variant =>
  chosen(gpu, productKey(product, inputs, outputs), variantsOf(gpu, product, inputs, outputs));
