import { describe, expect, it } from 'vitest';
import { BufferPool, type Gpu } from '../gpu/device';
import { openTestGpu } from '../gpu/testing';
import { bindingLimit } from './layout';
import { ALL_KINDS, layoutParameters, Parameters } from './parameters';
import { MemoryPlanError, planWorkspace } from './plan';
import { Policy } from './policy';
import { relativeError } from './reference/testing';
import { adamw, GRPO, makePolicy, randomBatch, randomWeights, tinyConfig } from './testing';
import { FULL, randomAdapter } from './testing-adapter';
import { Workspace } from './workspace';

const ADAMW = adamw({ max_grad_norm: 0.1 });

const CAPACITY = {
  tokens: 20,
  rows: 3,
  batchRows: 5,
  decodeRows: 2,
  cacheLength: 16,
  newTokens: 8,
  trained: true,
  reference: true,
};

type Limit = 'maxStorageBufferBindingSize' | 'maxBufferSize';

/** The same device, said to take no larger buffers than this, or not to bind them. */
function limited(gpu: Gpu, bytes: number, limit: Limit = 'maxStorageBufferBindingSize'): Gpu {
  const limits = new Proxy(gpu.device.limits, {
    get: (target, key) => (key === limit ? bytes : Reflect.get(target, key, target)),
  });
  const device = new Proxy(gpu.device, {
    get: (target, key) => {
      if (key === 'limits') return limits;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  return { ...gpu, device };
}

describe('parameters on the device', () => {
  const config = tinyConfig({ num_hidden_layers: 2, tie_word_embeddings: false });
  const { f32 } = randomWeights(config, 1);
  const layoutFor = ({ device }: Gpu) => layoutParameters(config, bindingLimit(device.limits));

  for (const [limit, bytes] of [
    ['maxStorageBufferBindingSize', 2 ** 27],
    ['maxStorageBufferBindingSize', 2000],
    ['maxBufferSize', 2000],
  ] as const)
    it(`come back as they went in, with a ${limit} of ${bytes}`, async () => {
      const gpu = limited(await openTestGpu(), bytes, limit);
      const pool = new BufferPool(gpu.device);
      const parameters = new Parameters(gpu, layoutFor(gpu), 'test', ALL_KINDS, pool);
      expect(parameters.layout.arenas.length > 1).toBe(bytes === 2000);
      parameters.upload(f32);
      expect(await parameters.download()).toEqual(f32);
      for (const values of (await parameters.download('mean')).values())
        expect(values.every((v) => v === 0)).toBe(true);
      parameters.upload(f32, 'square');
      expect(await parameters.download('square')).toEqual(f32);
      pool.destroy();
    });

  it('are refused by name when one is missing, unknown or of another size', async () => {
    const gpu = await openTestGpu();
    const pool = new BufferPool(gpu.device);
    const parameters = new Parameters(gpu, layoutFor(gpu), 'test', ['weights'], pool);
    const norm = 'model.norm.weight';
    const without = new Map(f32);
    without.delete(norm);
    expect(() => parameters.upload(without)).toThrow(`parameters: tensor ${norm} [6] is missing`);
    expect(() => parameters.upload(new Map([...f32, ['bias', new Float32Array(1)]]))).toThrow(
      'parameters: unknown tensor bias',
    );
    expect(() => parameters.upload(new Map([...f32, [norm, new Float32Array(5)]]))).toThrow(
      `parameters: tensor ${norm}: expected [6] = 6 values, got 5`,
    );
    pool.destroy();
  });

  it('train the same in several arenas as in one', async () => {
    const gpu = await openTestGpu();
    // Deep, so that the parameters are larger than any buffer of the workspace.
    const deep = tinyConfig({ num_hidden_layers: 9, tie_word_embeddings: false });
    const weights = randomWeights(deep, 3).f32;
    const { rows } = randomBatch(deep, [14, 9], 2, (_, active) => 1 / active);
    const capacity = { tokens: 24, rows: 2, batchRows: 2 };
    const run = async (on: Gpu) => {
      const policy = await makePolicy(on, deep, weights, capacity);
      const norms: number[] = [];
      for (let step = 0; step < 2; step++)
        norms.push((await policy.trainStep(rows, GRPO, ADAMW)).gradient.norm);
      const { arenas } = policy.parameters.layout;
      const result = { norms, weights: await policy.download('weights'), arenas: arenas.length };
      policy.destroy();
      return result;
    };
    const one = await run(gpu);
    // As small as the workspace allows.
    const largest = Object.values(planWorkspace(deep, { ...CAPACITY, ...capacity, decodeRows: 0 })).reduce(
      (a, b) => Math.max(a, b),
    );
    const many = await run(limited(gpu, largest * 4));
    expect([one.arenas, many.arenas]).toEqual([1, 3]);
    expect(relativeError(many.norms, one.norms)).toBeLessThan(1e-6);
    for (const [name, values] of many.weights)
      expect(relativeError(values, one.weights.get(name) ?? []), name).toBeLessThan(1e-6);
  });
  it('take an adapter and freezing the same in several arenas as in one', async () => {
    const gpu = await openTestGpu();
    const deep = tinyConfig({ num_hidden_layers: 9, tie_word_embeddings: false });
    const { rows } = randomBatch(deep, [14, 9], 2, (_, active) => 1 / active);
    const capacity = { tokens: 24, rows: 2, batchRows: 2 };
    const run = async (on: Gpu) => {
      const policy = await makePolicy(on, deep, randomWeights(deep, 3).f32, { ...capacity, adapter: FULL });
      if (!policy.adapter) throw new Error('the policy has no adapter');
      const { parameters } = policy.adapter;
      parameters.upload(randomAdapter(deep, FULL, 4).f32);
      await policy.trainStep(rows, GRPO, ADAMW, { trainable: (name) => /layers\.[38]\./.test(name) });
      await policy.trainStep(rows, GRPO, ADAMW, { through: 'adapter' });
      const tensors = new Map([...(await policy.download('weights')), ...(await parameters.download())]);
      const arenas = [policy.parameters, parameters].map(({ layout }) => layout.arenas.length);
      policy.destroy();
      return { tensors, arenas };
    };
    const one = await run(gpu);
    const largest = Object.values(planWorkspace(deep, { ...CAPACITY, ...capacity, decodeRows: 0 })).reduce(
      (a, b) => Math.max(a, b),
    );
    const many = await run(limited(gpu, largest * 4));
    expect(one.arenas).toEqual([1, 1]);
    for (const count of many.arenas) expect(count).toBeGreaterThan(1);
    for (const [name, values] of many.tensors)
      expect(relativeError(values, one.tensors.get(name) ?? []), name).toBeLessThan(1e-6);
  });
});

describe('the plan', () => {
  for (const changes of [{}, { trained: false }, { decodeRows: 0 }, { tokens: 1, decodeRows: 30 }])
    it(`names exactly the buffers that are made: ${JSON.stringify(changes)}`, async () => {
      const gpu = await openTestGpu();
      const config = tinyConfig({ num_hidden_layers: 2 });
      const pool = new BufferPool(gpu.device);
      const planned = { ...CAPACITY, ...changes };
      const workspace = new Workspace(gpu, config, planned, pool);
      const plan = planWorkspace(config, planned);
      expect(pool.created).toBe(Object.keys(plan).length);
      expect(pool.bytes).toBe(Object.values(plan).reduce((sum, values) => sum + values * 4, 0));
      for (const [name, values] of Object.entries(plan)) expect(workspace.buffer(name).size).toBe(values * 4);
      expect(() => workspace.buffer('nothing')).toThrow('internal: the workspace has no buffer nothing');
      pool.destroy();
    });

  it('is refused before anything is made', async () => {
    const gpu = limited(await openTestGpu(), 1000);
    let made = 0;
    const counting: Gpu = {
      ...gpu,
      device: new Proxy(gpu.device, {
        get: (target, key) => {
          if (key === 'createBuffer') made++;
          return Reflect.get(target, key, target);
        },
      }),
    };
    await expect(Policy.create(counting, tinyConfig(), CAPACITY)).rejects.toBeInstanceOf(MemoryPlanError);
    expect(made).toBe(0);
  });
});
