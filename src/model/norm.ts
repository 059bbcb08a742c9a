/**
 * RMSNorm and its gradients as operations, by the variant chosen for the width: one invocation a row, or eight.
 * x [T, D = width], y [M, D], inverse [M]; M is the extent's count. Used by `forward.ts`, `backward.ts`, `head.ts` and
 * `token-forward.ts`.
 */
import type { BufferRange } from '../gpu/kernel';
import { NORM_SLICES } from './plan';
import { SHADERS } from './shaders';
import { chosen, type Named } from './variants';
import { type Extent, f32, type Op, type OpMaker, perElement, vectorOf } from './workspace';

type Place = BufferRange | string;

/** How many invocations share a row. */
export interface RowVariant extends Named {
  share: number;
}

/** The first does without barriers, which cost most where a processor plays GPU. */
export const NORM_VARIANTS: readonly RowVariant[] = [
  { name: 'row', share: 1 },
  { name: 'eight', share: 8 },
];

export const normKey = (operation: 'rms_norm' | 'rms_norm_backward', width: number): string =>
  `${operation} ${width}`;

export interface NormSize {
  width: number;
  epsilon: number;
  /** Rows are those of x that are listed in the workspace's `sources`, from the extent's start on. */
  gathered?: boolean;
}

/** y = x / rms(x) * weight. Overwrites y and inverse. */
export function rmsNorm(
  maker: OpMaker,
  extent: Extent | BufferRange,
  names: { rows: Place; x: Place; weight: BufferRange; y: Place; inverse: Place },
  { width, epsilon, gathered = false }: NormSize,
  variant = chosen(maker.gpu, normKey('rms_norm', width), NORM_VARIANTS),
): Op {
  return maker.op(
    SHADERS.rmsNorm,
    { extent, ...names },
    {
      shape: [width, f32(epsilon)],
      constants: { GATHER: gathered, SHARE: variant.share, VECTOR: vectorOf(width) },
      grid: perElement(variant.share),
    },
  );
}

/** dx += the input's gradient; where `recompute`, y is overwritten with the norm's output once more. */
export function rmsNormBackward(
  maker: OpMaker,
  extent: Extent | BufferRange,
  names: { rows: Place; x: Place; weight: BufferRange; inverse: Place; dy: Place; dx: Place; y: Place },
  { width, epsilon, gathered = false }: NormSize,
  recompute: boolean,
  variant = chosen(maker.gpu, normKey('rms_norm_backward', width), NORM_VARIANTS),
): Op {
  return maker.op(
    SHADERS.rmsNormBackward,
    { extent, ...names },
    {
      shape: [width, f32(epsilon)],
      constants: {
        SCATTER: gathered,
        RECOMPUTE: recompute,
        SHARE: variant.share,
        VECTOR: vectorOf(width),
      },
      grid: perElement(variant.share),
    },
  );
}

/** The slices of the weight's gradient. Overwrites them. */
export function rmsNormBackwardWeight(
  maker: OpMaker,
  extent: Extent | BufferRange,
  names: { rows: Place; x: Place; inverse: Place; dy: Place; slices: Place },
  { width, epsilon, gathered = false }: NormSize,
): Op {
  const vector = vectorOf(width);
  return maker.op(
    SHADERS.rmsNormBackwardWeight,
    { extent, ...names },
    {
      shape: [width, f32(epsilon)],
      constants: { GATHER: gathered, SLICES: NORM_SLICES, VECTOR: vector },
      grid: () => [Math.ceil(width / vector / 8), NORM_SLICES / 8, 1],
    },
  );
}
