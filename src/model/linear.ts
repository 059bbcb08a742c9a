/**
 * The three products of a linear layer y = x wᵀ as operations, choosing the kernel variant by the sizes.
 * x [M, K = inputs], w [N = outputs, K], y [M, N]; M is the extent's count.
 */
import type { BufferRange } from '../gpu/kernel';
import { weightSlices } from './plan';
import { SHADERS } from './shaders';
import { type Extent, type Op, perElement, type Workspace } from './workspace';

type Place = BufferRange | string;

/** Outputs of a workgroup in each direction: 8 x 8 invocations of 4 x 4. */
const TILE = 32;

const wide = (inputs: number, outputs: number) => inputs % 4 === 0 && outputs % 4 === 0;

/** y = x wᵀ (+ residual). Overwrites y. */
export function linearForward(
  workspace: Workspace,
  extent: Extent | BufferRange,
  {
    x,
    w,
    y,
    residual,
    inputs,
    outputs,
  }: { x: Place; w: BufferRange; y: Place; residual?: Place; inputs: number; outputs: number },
): Op {
  return workspace.op(
    wide(inputs, outputs) ? SHADERS.linearForwardVec4 : SHADERS.linearForward,
    { extent, x, w, residual: residual ?? x, y },
    {
      shape: [inputs, outputs],
      constants: { RESIDUAL: residual !== undefined },
      grid: (rows) => [Math.ceil(outputs / TILE), Math.ceil(rows / TILE), 1],
    },
  );
}

/** dx = dy w. Overwrites dx. */
export function linearBackwardInput(
  workspace: Workspace,
  extent: Extent,
  { dy, w, dx, inputs, outputs }: { dy: Place; w: BufferRange; dx: Place; inputs: number; outputs: number },
): Op {
  return workspace.op(
    wide(inputs, outputs) ? SHADERS.linearBackwardInputVec4 : SHADERS.linearBackwardInput,
    { extent, dy, w, dx },
    { shape: [inputs, outputs], grid: (rows) => [Math.ceil(inputs / TILE), Math.ceil(rows / TILE), 1] },
  );
}

/** dw += dyᵀ x. Adds to dw; uses the workspace's `slices`. */
export function linearBackwardWeight(
  workspace: Workspace,
  extent: Extent,
  { dy, x, dw, inputs, outputs }: { dy: Place; x: Place; dw: BufferRange; inputs: number; outputs: number },
): Op[] {
  const slices = weightSlices(outputs, inputs);
  const product = workspace.op(
    wide(inputs, outputs) ? SHADERS.linearBackwardWeightVec4 : SHADERS.linearBackwardWeight,
    { extent, dy, x, dw: slices === 1 ? dw : 'slices' },
    {
      shape: [inputs, outputs],
      constants: { SLICES: slices },
      grid: () => [Math.ceil(inputs / TILE), Math.ceil(outputs / TILE), slices],
    },
  );
  if (slices === 1) return [product];
  return [product, accumulateSlices(workspace, dw, inputs * outputs, slices)];
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
    { constants: { SLICES: slices }, sizes: { count }, grid: () => perElement(count)(1) },
  );
}
