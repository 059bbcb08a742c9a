/** The lab's own side of the comparison, by the same interface as the peers. */
import { BufferPool, type Gpu, openGpu } from '../src/gpu/device';
import { positionsFrom, type TrainRow } from '../src/model/batch';
import type { LlamaConfig } from '../src/model/config';
import { linearForward } from '../src/model/linear';
import { linearFamily } from '../src/model/linear-families';
import { chosenVariant, type Variant } from '../src/model/linear-variants';
import type { LossSettings } from '../src/model/loss';
import type { NamedTensors } from '../src/model/parameters';
import type { RolloutDtype } from '../src/model/plan';
import { Policy } from '../src/model/policy';
import { tune, tuneFamilies } from '../src/model/tune';
import { OpMaker } from '../src/model/workspace';
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
    product: (shape, x, w) => fastestProduct(gpu, shape, x, w),
    trainer: (config, weights, batch) => trainer(gpu, config, weights, batch),
    release: () => gpu.device.queue.onSubmittedWorkDone().then(() => {}),
    close: () => gpu.device.destroy(),
  };
}

/** The linear layer by the variant that is fastest here, as tuning chooses it for a policy. */
async function fastestProduct(
  gpu: Gpu,
  shape: ProductShape,
  x: Float32Array,
  w: Float32Array,
): Promise<Product> {
  await tuneFamilies(gpu, [linearFamily(gpu, 'forward', shape.k, shape.n)]);
  return productBy(gpu, chosenVariant(gpu, 'forward', shape.k, shape.n), shape, x, w);
}

async function productBy(
  gpu: Gpu,
  variant: Variant,
  { m, n, k }: ProductShape,
  x: Float32Array,
  w: Float32Array,
): Promise<Product> {
  const { device } = gpu;
  const pool = new BufferPool(device);
  const maker = new OpMaker(gpu, pool);
  const upload = (label: string, data: Float32Array) => {
    const buffer = pool.storage(label, data.length);
    device.queue.writeBuffer(buffer, 0, data as Float32Array<ArrayBuffer>);
    return buffer;
  };
  const extent = maker.extent('bench.rows');
  extent.write(m);
  const y = pool.storage('bench.y', m * n);
  const operands = { x: upload('bench.x', x), w: upload('bench.w', w), y };
  const op = linearForward(maker, extent, { ...operands, inputs: k, outputs: n }, variant);
  await gpu.kernels.ready();
  return {
    name: 'ours',
    async run(units) {
      maker.submit('bench.product', (pass) => {
        for (let i = 0; i < units; i++) op.kernel.encode(pass, op.grid(m));
      });
      await device.queue.onSubmittedWorkDone();
    },
    async result() {
      maker.submit('bench.product', (pass) => op.kernel.encode(pass, op.grid(m)));
      const staging = pool.readback('bench.read', m * n * 4);
      const encoder = device.createCommandEncoder();
      encoder.copyBufferToBuffer(y, 0, staging, 0, m * n * 4);
      device.queue.submit([encoder.finish()]);
      await staging.mapAsync(GPUMapMode.READ);
      const values = new Float32Array(staging.getMappedRange().slice(0));
      staging.unmap();
      return values;
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

/** As the page has it once it has been at rest: peers, too, are measured when they have made all ready that they want. */
const CHOOSING_MS = 20_000;

export async function chooseKernels(
  gpu: Gpu,
  config: LlamaConfig,
  rolloutDtype: RolloutDtype = 'float32',
): Promise<void> {
  await tune(gpu, config, { rolloutDtype, mostMs: CHOOSING_MS, thorough: true });
}

/** A tuned policy with room for training on that batch and nothing else. */
export async function trainingPolicy(
  gpu: Gpu,
  config: LlamaConfig,
  { tokens }: Pick<TrainBatch, 'tokens'>,
): Promise<Policy> {
  await chooseKernels(gpu, config);
  return Policy.create(gpu, config, {
    tokens: tokens.reduce((sum, row) => sum + row.length, 0),
    rows: tokens.length,
    batchRows: tokens.length,
    decodeRows: 0,
    cacheLength: 0,
    newTokens: 0,
    trained: true,
    reference: false,
  });
}

export const LOSS: LossSettings = {
  kind: 'token',
  old: 'given',
  epsilon: 0.2,
  epsilon_high: 0.2,
  beta: 0,
  temperature: 1,
};

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
