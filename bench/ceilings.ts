/**
 * What the adapter can do at all: multiply-adds out of registers, values read and handed on within a subgroup, and bytes
 * copied. Measured with everything else. And what follows from it for a kernel that does so much of each.
 */
import { BufferPool, type Gpu } from '../src/gpu/device';
import { flatGrid, type Grid } from '../src/gpu/kernel';
import type { ConstantValue } from '../src/gpu/shader';
import type { Variant } from '../src/model/linear-variants';
import type { Candidate } from './measure';
import type { Bound, Rates } from './report';
import broadcastCeiling from './shaders/broadcast_ceiling.wgsl?raw';
import copyCeiling from './shaders/copy_ceiling.wgsl?raw';
import fmaCeiling from './shaders/fma_ceiling.wgsl?raw';
import loadCeiling from './shaders/load_ceiling.wgsl?raw';

const ROUNDS = 512;
const GROUPS = 256;
/** Of the kernels whose workgroup is one subgroup. */
const SMALL_GROUPS = 1024;
/** Fours of values in a row that `load_ceiling` reads. */
const ROW = 64;

/** A candidate whose unit is so much work: operations, values or bytes. */
export interface Ceiling extends Candidate {
  work: number;
}

/** Operations of one unit: 12 chains of 8 multiply-adds a round of an invocation. */
export const FMA_UNIT_FLOPS = 2 * 12 * 8 * ROUNDS * 64 * GROUPS;

export function fmaCandidate(gpu: Gpu): Promise<Ceiling> {
  return ceiling(gpu, 'fma ceiling', FMA_UNIT_FLOPS, [GROUPS, 1, 1], fmaCeiling, { ROUNDS }, (pool) => ({
    out: pool.storage('ceiling.out', GROUPS * 64),
  }));
}

export function loadCandidate(gpu: Gpu): Promise<Ceiling> {
  const LANES = gpu.subgroupSize || 64;
  const values = 4 * 8 * ROUNDS * LANES * SMALL_GROUPS;
  const constants = { LANES, ROUNDS, ROW };
  return ceiling(gpu, 'load ceiling', values, [SMALL_GROUPS, 1, 1], loadCeiling, constants, (pool) => ({
    source: pool.storage('ceiling.source', 4 * LANES * ROW),
    out: pool.storage('ceiling.out', SMALL_GROUPS * LANES),
  }));
}

/** None where the adapter has no subgroups of one size: then no kernel hands anything on. */
export async function broadcastCandidate(gpu: Gpu): Promise<Ceiling | null> {
  const LANES = gpu.subgroupSize;
  if (LANES < 4) return null;
  const values = 4 * 8 * ROUNDS * LANES * SMALL_GROUPS;
  const grid = [SMALL_GROUPS, 1, 1] as const;
  return ceiling(gpu, 'broadcast ceiling', values, grid, broadcastCeiling, { LANES, ROUNDS }, (pool) => ({
    out: pool.storage('ceiling.out', SMALL_GROUPS * LANES),
  }));
}

/** Bytes read and written by one unit. */
export const COPY_UNIT_BYTES = 2 * 64 * 2 ** 20;

export function copyCandidate(gpu: Gpu): Promise<Ceiling> {
  const values = COPY_UNIT_BYTES / 8;
  return ceiling(gpu, 'copy ceiling', COPY_UNIT_BYTES, flatGrid(values / 4), copyCeiling, {}, (pool) => ({
    source: pool.storage('ceiling.source', values),
    target_: pool.storage('ceiling.target', values),
  }));
}

/**
 * What bounds a product by that variant: its multiply-adds, the values it reads for them and those it hands on, each at
 * the rate at which the adapter does that alone. A tile of R rows and C columns reads R + C values for R C multiply-adds;
 * in a subgroup a value of a row is read once and handed to all, each of whom has some columns. On a processor one after
 * the other; on a GPU they overlap, and the slowest is the bound.
 */
export function boundOf(gpu: Gpu, variant: Variant, rates: Rates): Bound {
  const [columns, rows] = variant.name === 'vec4' || variant.name === 'simple' ? [4, 4] : variant.tile;
  const perFlop = {
    multiply_adds: 1 / rates.fma_gflops,
    loads: (1 / rows + 1 / columns) / (2 * rates.load_gvalues),
    broadcasts:
      variant.name.startsWith('subgroup') && rates.broadcast_gvalues
        ? gpu.subgroupSize / columns / (2 * rates.broadcast_gvalues)
        : 0,
  };
  const parts = Object.values(perFlop);
  const whole = gpu.info.software ? parts.reduce((sum, part) => sum + part, 0) : Math.max(...parts);
  const share = Object.fromEntries(Object.entries(perFlop).map(([name, part]) => [name, part / whole]));
  return { variant: variant.name, gflops: 1 / whole, share };
}

async function ceiling(
  { device, kernels }: Gpu,
  name: string,
  work: number,
  grid: Grid,
  code: string,
  constants: Record<string, ConstantValue>,
  buffers: (pool: BufferPool) => Record<string, GPUBuffer>,
): Promise<Ceiling> {
  const pool = new BufferPool(device);
  const kernel = kernels.bind({ name: name.replace(' ', '_'), code }, buffers(pool), constants);
  await kernels.ready();
  return {
    name,
    work,
    async run(units) {
      const encoder = device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      for (let i = 0; i < units; i++) kernel.encode(pass, grid);
      pass.end();
      device.queue.submit([encoder.finish()]);
      await device.queue.onSubmittedWorkDone();
    },
    dispose: () => pool.destroy(),
  };
}
