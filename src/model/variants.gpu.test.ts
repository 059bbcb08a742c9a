import { beforeAll, expect, it } from 'vitest';
import { BufferPool, type Gpu } from '../gpu/device';
import { openTestGpu } from '../gpu/testing';
import { linearForward } from './linear';
import { productKey, variantsOf } from './linear-variants';
import { TestBench } from './variants';
import { encodeOps, type Op, OpMaker } from './workspace';

const [ROWS, INPUTS, OUTPUTS] = [37, 12, 20];

let gpu: Gpu;
let maker: OpMaker;
beforeAll(async () => {
  gpu = await openTestGpu();
  maker = new OpMaker(gpu, new BufferPool(gpu.device));
});

/** A product over test numbers by whatever variant was chosen, with where it goes. */
function product(): { op: Op; y: GPUBuffer } {
  const bench = new TestBench(maker);
  const x = bench.floats('x', ROWS * INPUTS);
  const w = bench.floats('w', INPUTS * OUTPUTS);
  const y = bench.empty('y', ROWS * OUTPUTS);
  const op = linearForward(maker, bench.extent(ROWS), { x, w, y, inputs: INPUTS, outputs: OUTPUTS });
  return { op, y };
}

async function bitsOf({ op, y }: ReturnType<typeof product>): Promise<Uint32Array> {
  gpu.device.queue.writeBuffer(y, 0, new Float32Array(ROWS * OUTPUTS).fill(Number.NaN));
  maker.submit('test', (pass) => encodeOps(pass, [op], ROWS));
  const staging = maker.pool.readback('test.read', y.size);
  const encoder = gpu.device.createCommandEncoder();
  encoder.copyBufferToBuffer(y, 0, staging, 0, y.size);
  gpu.device.queue.submit([encoder.finish()]);
  await staging.mapAsync(GPUMapMode.READ);
  return new Uint32Array(staging.getMappedRange().slice(0));
}

it('computes by the simplest variant until the chosen one is compiled, where somebody is in a hurry, bit for bit', async () => {
  const [simplest, ...others] = variantsOf(gpu, 'forward', INPUTS, OUTPUTS);
  const fast = others.at(-1)!;
  gpu.choices.set(productKey('forward', INPUTS, OUTPUTS), fast.name);
  let seen = () => {};
  const until = new Promise<void>((resolve) => {
    seen = resolve;
  });
  const { built, ready } = gpu.kernels.building(product, { until });
  await ready('next');
  expect(built.op.use.kernel).toBe(simplest.file.name);
  const before = await bitsOf(built);
  seen();
  await ready('soon');
  expect(built.op.use.kernel).toBe(fast.file.name);
  expect(built.op.grid(ROWS)).not.toEqual([0, 0, 0]);
  expect(await bitsOf(built)).toEqual(before);
  // In no hurry there is but the one.
  const size = gpu.kernels.size;
  const patient = gpu.kernels.building(product);
  expect(patient.built.op.use.kernel).toBe(fast.file.name);
  await patient.ready('first');
  expect(await bitsOf(patient.built)).toEqual(before);
  expect(gpu.kernels.size).toBe(size);
});
