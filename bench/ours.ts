/** The lab's own side of the comparison, by the same interface as the peers. */
import { BufferPool, type Gpu, openGpu } from '../src/gpu/device';
import { positionsFrom, type TrainRow } from '../src/model/batch';
import type { LlamaConfig } from '../src/model/config';
import { linearForward } from '../src/model/linear';
import type { NamedTensors } from '../src/model/parameters';
import { Policy } from '../src/model/policy';
import { Workspace } from '../src/model/workspace';
import {
  OPTIMIZER,
  type Peer,
  type Product,
  type ProductShape,
  type TrainBatch,
  type Trainer,
} from './peers/peer';

export interface Ours extends Peer {
  gpu: Gpu;
}

export async function openOurs(instance: GPU | undefined, version: string): Promise<Ours> {
  const gpu = await openGpu(instance);
  return {
    name: 'ours',
    version,
    gpu,
    product: (shape, x, w) => product(gpu, shape, x, w),
    trainer: (config, weights, batch) => trainer(gpu, config, weights, batch),
    close: () => gpu.device.destroy(),
  };
}

/** The linear layer as the policy runs it, with the variant it chooses. */
async function product(
  gpu: Gpu,
  { m, n, k }: ProductShape,
  x: Float32Array,
  w: Float32Array,
): Promise<Product> {
  const { device } = gpu;
  const pool = new BufferPool(device);
  const workspace = Workspace.bare(gpu, pool);
  const upload = (label: string, data: Float32Array) => {
    const buffer = pool.storage(label, data.length);
    device.queue.writeBuffer(buffer, 0, data as Float32Array<ArrayBuffer>);
    return buffer;
  };
  const extent = workspace.extent('bench.rows');
  extent.write(m);
  const y = pool.storage('bench.y', m * n);
  const op = linearForward(workspace, extent, {
    x: { buffer: upload('bench.x', x), offset: 0, size: x.byteLength },
    w: { buffer: upload('bench.w', w), offset: 0, size: w.byteLength },
    y: { buffer: y, offset: 0, size: m * n * 4 },
    inputs: k,
    outputs: n,
  });
  await gpu.kernels.ready();
  return {
    name: 'ours',
    async run(units) {
      workspace.submit('bench.product', (pass) => {
        for (let i = 0; i < units; i++) op.kernel.encode(pass, op.grid(m));
      });
      await device.queue.onSubmittedWorkDone();
    },
    async result() {
      workspace.submit('bench.product', (pass) => op.kernel.encode(pass, op.grid(m)));
      const staging = pool.readback('bench.read', m * n * 4);
      const encoder = device.createCommandEncoder();
      encoder.copyBufferToBuffer(y, 0, staging, 0, m * n * 4);
      device.queue.submit([encoder.finish()]);
      await staging.mapAsync(GPUMapMode.READ);
      return new Float32Array(staging.getMappedRange().slice(0));
    },
    dispose: () => pool.destroy(),
  };
}

export function trainRows({ tokens, advantages, oldLogps }: TrainBatch): TrainRow[] {
  const trained = tokens.length * (tokens[0].length - 1);
  return tokens.map((row, r) => ({
    tokens: row,
    active: positionsFrom(1, row.length),
    advantage: advantages[r],
    weight: 1 / trained,
    oldLogps: oldLogps[r],
  }));
}

/** A policy with room for that batch and nothing else. */
export function trainingPolicy(gpu: Gpu, config: LlamaConfig, { tokens }: TrainBatch): Promise<Policy> {
  const total = tokens.reduce((sum, row) => sum + row.length, 0);
  return Policy.create(gpu, config, {
    tokens: total,
    rows: tokens.length,
    batchRows: tokens.length,
    decodeRows: 0,
    cacheLength: 0,
    newTokens: 0,
    trained: true,
    reference: false,
  });
}

export const LOSS = {
  kind: 'token',
  old: 'given',
  epsilon: 0.2,
  epsilon_high: 0.2,
  beta: 0,
  temperature: 1,
} as const;

async function trainer(
  gpu: Gpu,
  config: LlamaConfig,
  weights: NamedTensors,
  batch: TrainBatch,
): Promise<Trainer> {
  const policy = await trainingPolicy(gpu, config, batch);
  policy.parameters.upload(weights);
  const rows = trainRows(batch);
  return {
    name: 'ours',
    async run(units) {
      for (let i = 0; i < units; i++) await policy.trainStep(rows, LOSS, OPTIMIZER);
    },
    async step() {
      const { gradient, rollouts } = await policy.trainStep(rows, LOSS, OPTIMIZER);
      return { loss: rollouts.reduce((sum, r) => sum + r.loss, 0), gradientNorm: gradient.norm };
    },
    dispose: () => policy.destroy(),
  };
}
