/** What the adapter can do at all: multiply-adds out of registers, and bytes copied. Measured with everything else. */
import { BufferPool, type Gpu } from '../src/gpu/device';
import { flatGrid } from '../src/gpu/kernel';
import type { Candidate } from './measure';
import copyCeiling from './shaders/copy_ceiling.wgsl?raw';
import fmaCeiling from './shaders/fma_ceiling.wgsl?raw';

const ROUNDS = 4096;
const GROUPS = 256;

/** Operations of one unit of `fmaCandidate`: 8 chains of multiply-adds an invocation. */
export const FMA_UNIT_FLOPS = 2 * 8 * ROUNDS * 64 * GROUPS;

/** Bytes read and written by one unit of `copyCandidate`. */
export const COPY_UNIT_BYTES = 2 * 64 * 2 ** 20;

export async function fmaCandidate({ device, kernels }: Gpu): Promise<Candidate> {
  const pool = new BufferPool(device);
  const out = pool.storage('ceiling.out', GROUPS * 64);
  const kernel = kernels.bind({ name: 'fma_ceiling', code: fmaCeiling }, { out }, { ROUNDS });
  await kernels.ready();
  return {
    name: 'fma ceiling',
    run: (units) => submit(device, (pass) => repeat(units, () => kernel.encode(pass, [GROUPS, 1, 1]))),
    dispose: () => pool.destroy(),
  };
}

export async function copyCandidate({ device, kernels }: Gpu): Promise<Candidate> {
  const pool = new BufferPool(device);
  const values = COPY_UNIT_BYTES / 8;
  const kernel = kernels.bind(
    { name: 'copy_ceiling', code: copyCeiling },
    { source: pool.storage('ceiling.source', values), target_: pool.storage('ceiling.target', values) },
  );
  await kernels.ready();
  return {
    name: 'copy ceiling',
    run: (units) => submit(device, (pass) => repeat(units, () => kernel.encode(pass, flatGrid(values / 4)))),
    dispose: () => pool.destroy(),
  };
}

function repeat(times: number, work: () => void): void {
  for (let i = 0; i < times; i++) work();
}

async function submit(device: GPUDevice, encode: (pass: GPUComputePassEncoder) => void): Promise<void> {
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  encode(pass);
  pass.end();
  device.queue.submit([encoder.finish()]);
  await device.queue.onSubmittedWorkDone();
}
