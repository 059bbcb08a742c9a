/**
 * The three products of a linear layer y = x wᵀ as operations, by the variant chosen for their sizes.
 * x [M, K = inputs], w [N = outputs, K], y [M, N]; M is the extent's count.
 */
import type { BufferRange, Grid } from '../gpu/kernel';
import {
  chosenVariant,
  FEW_ROWS,
  fewRowsVariant,
  forwardProduct,
  productKey,
  type Variant,
  variantsOf,
} from './linear-variants';
import { type RolloutDtype, weightSlices } from './plan';
import { SHADERS } from './shaders';
import { bindChosen } from './variants';
import { Extent, type Op, type OpMaker, perElement, vectorOf, type Workspace } from './workspace';

type Place = BufferRange | string;

/** A matrix of weights where a product reads it: as it is trained, or its copy in halves (`float16.ts`). */
export type StoredMatrix = BufferRange | { float16: BufferRange };

export const isFloat16 = (w: StoredMatrix): w is { float16: BufferRange } => 'float16' in w;
export const dtypeOf = (w: StoredMatrix): RolloutDtype => (isFloat16(w) ? 'float16' : 'float32');
export const rangeOf = (w: StoredMatrix): BufferRange => (isFloat16(w) ? w.float16 : w);

const grid = ({ tile }: Variant, columns: number, rows: number, slices = 1): Grid => [
  Math.ceil(columns / tile[0]),
  Math.ceil(rows / tile[1]),
  slices,
];

/**
 * y = x wᵀ (+ residual). Overwrites y. The sums are single precision, however w is stored. Over rows that only the device
 * counts, those of a decode, it has a kernel for when few of them are left.
 */
export function linearForward(
  workspace: OpMaker,
  extent: Extent | BufferRange,
  {
    x,
    w,
    y,
    residual,
    inputs,
    outputs,
  }: { x: Place; w: StoredMatrix; y: Place; residual?: Place; inputs: number; outputs: number },
  variant?: Variant,
): Op {
  const { gpu } = workspace;
  const product = forwardProduct(dtypeOf(w));
  const by = (kernel: Variant): Op =>
    workspace.op(
      kernel.file,
      { extent, x, w: rangeOf(w), residual: residual ?? x, y },
      {
        shape: [inputs, outputs],
        constants: { ...kernel.constants, RESIDUAL: residual !== undefined },
        grid: (rows) => grid(kernel, outputs, rows),
      },
    );
  if (variant) return by(variant);
  const usual = bindChosen(
    workspace,
    productKey(product, inputs, outputs),
    variantsOf(gpu, product, inputs, outputs),
    by,
  );
  const few = extent instanceof Extent ? null : fewRowsVariant(gpu, product, inputs, outputs);
  if (few && few.name !== chosenVariant(gpu, product, inputs, outputs).name)
    // Nobody waits for it: until it is compiled few rows are computed as many are.
    usual.few = { most: FEW_ROWS, op: gpu.kernels.needed('later', () => by(few)) };
  return usual;
}

/** dx = dy w. Overwrites dx. */
export function linearBackwardInput(
  workspace: OpMaker,
  extent: Extent,
  { dy, w, dx, inputs, outputs }: { dy: Place; w: BufferRange; dx: Place; inputs: number; outputs: number },
  variant = chosenVariant(workspace.gpu, 'backward_input', inputs, outputs),
): Op {
  return workspace.op(
    variant.file,
    { extent, dy, w, dx },
    {
      shape: [inputs, outputs],
      constants: variant.constants,
      grid: (rows) => grid(variant, inputs, rows),
    },
  );
}

/** dw += dyᵀ x, or, in slices, each slice's part of it. */
export function weightProduct(
  workspace: OpMaker,
  extent: Extent,
  { dy, x, dw, inputs, outputs }: { dy: Place; x: Place; dw: Place; inputs: number; outputs: number },
  slices: number,
  variant = chosenVariant(workspace.gpu, 'backward_weight', inputs, outputs),
): Op {
  return workspace.op(
    variant.file,
    { extent, dy, x, dw },
    {
      shape: [inputs, outputs],
      constants: { ...variant.constants, SLICES: slices },
      grid: () => grid(variant, inputs, outputs, slices),
    },
  );
}

/** dw += dyᵀ x. Adds to dw; uses the workspace's `slices`. */
export function linearBackwardWeight(
  workspace: Workspace,
  extent: Extent,
  { dw, ...product }: { dy: Place; x: Place; dw: BufferRange; inputs: number; outputs: number },
): Op[] {
  const { inputs, outputs } = product;
  const slices = weightSlices(outputs, inputs);
  if (slices === 1) return [weightProduct(workspace, extent, { ...product, dw }, 1)];
  return [
    weightProduct(workspace, extent, { ...product, dw: 'slices' }, slices),
    accumulateSlices(workspace, dw, inputs * outputs, slices),
  ];
}

/** total += the sum of the workspace's `slices`, [slices, count]. */
export function accumulateSlices(
  workspace: Workspace,
  total: BufferRange,
  count: number,
  slices: number,
): Op {
  return workspace.op(
    SHADERS.accumulateSlices,
    {
      size: workspace.pool.uniform('accumulate_slices.size', new Uint32Array([count])),
      slices: 'slices',
      total,
    },
    {
      constants: { SLICES: slices, VECTOR: vectorOf(count) },
      sizes: { count },
      grid: () => perElement(count / vectorOf(count))(1),
    },
  );
}
