import { describe, expect, it, vi } from 'vitest';
import { flatGrid } from '../gpu/kernel';
import { openTestGpu } from '../gpu/testing';
import { initialAdapter } from './adapter-layout';
import { positionsFrom } from './batch';
import { variantsOf } from './linear-variants';
import { SUPERVISED } from './loss';
import type { NamedTensors } from './parameters';
import type { Policy } from './policy';
import { halfValue, nearestHalf, packHalves } from './reference/float16';
import { linear } from './reference/linear';
import { generator } from './reference/testing';
import { SHADERS } from './shaders';
import {
  adamw,
  expectClose,
  makePolicy,
  random32,
  randomBatch,
  randomWeights,
  runKernel,
  sampling,
  tinyConfig,
  unsigned,
} from './testing';
import { FULL, randomAdapter } from './testing-adapter';
import { perTile } from './workspace';

const ADAMW = adamw();
const SAMPLING = sampling();
const RANDOMNESS = { seed: 5, purpose: 3, step: 1 };
const DECODING = { decodeRows: 5, cacheLength: 32, newTokens: 20 };
const ODD = tinyConfig({ hidden_size: 5, num_hidden_layers: 2, num_attention_heads: 1, head_dim: 2 });
const FOURS = tinyConfig({
  hidden_size: 32,
  num_hidden_layers: 2,
  head_dim: 16,
  intermediate_size: 36,
  vocab_size: 20,
  tie_word_embeddings: false,
});
const ROWS = [0, 1, 2, 3, 4].map((id) => ({ prompt: positionsFrom(1, 3 + 2 * id), id, limit: 20 - id }));

/** Matrices rounded to halves, norm weights as they are. */
const rounded = (weights: NamedTensors): NamedTensors =>
  new Map(
    [...weights].map(([name, values]) => [
      name,
      /norm/.test(name) ? values : Float32Array.from(values, nearestHalf),
    ]),
  );

const decode = (policy: Policy, through?: 'adapter') =>
  policy.decode(ROWS, SAMPLING, RANDOMNESS, undefined, { through });

describe('halves', () => {
  it('are made of numbers as IEEE 754 has it, in the reference', () => {
    for (const [x, half, bits] of [
      [1, 1, 0x3c00],
      [-2, -2, 0xc000],
      [0.1, 0.0999755859375, 0x2e66],
      [65504, 65504, 0x7bff],
      [2 ** -24, 2 ** -24, 0x0001],
      [2 ** -14, 2 ** -14, 0x0400],
      // Ties go to the even one: 2049 lies between 2048 and 2050, 2051 between 2050 and 2052.
      [2049, 2048, 0x6800],
      [2051, 2052, 0x6802],
      [2 ** -25, 0, 0x0000],
    ] as const) {
      expect(nearestHalf(x)).toBe(half);
      expect(packHalves([half])[0]).toBe(bits);
      expect(halfValue(bits)).toBe(half);
    }
  });

  it('are the nearest to every weight, the largest to what is beyond it, and no number where there is none', async () => {
    const gpu = await openTestGpu();
    const random = generator(3);
    const edges = [0, 1, 2, 3, 1023, 1024, 1025, 0x3bff, 0x3c00, 0x7bfe, 0x7bff].flatMap((bits) => {
      const [here, next] = [halfValue(bits), halfValue(Math.min(bits + 1, 0x7bff))];
      const middle = (here + next) / 2;
      // Just below and just above the middle, as far as single precision tells them apart.
      return [here, middle, middle * (1 - 2 ** -23), middle * (1 + 2 ** -23)];
    });
    const powers = Array.from({ length: 60 }, (_, i) => 2 ** (i - 40) * (1 + random()));
    const values = [...edges, ...powers, 65519, 65520, 1e5, 3e38, 1e-40, -0].flatMap((x) => [x, -x]);
    for (const count of [1, 2, 63, values.length]) {
      const w = Float32Array.from(values.slice(0, count));
      const { halves } = await runKernel(gpu, SHADERS.packFloat16, {
        uniforms: { size: [count] },
        inputs: { w },
        outputs: { halves: Math.ceil(count / 2) },
        grid: flatGrid(Math.ceil(count / 2)),
      });
      expect([...unsigned(halves)]).toEqual([...packHalves(Array.from(w, nearestHalf))]);
    }
    const { halves } = await runKernel(gpu, SHADERS.packFloat16, {
      uniforms: { size: [4] },
      inputs: { w: Float32Array.of(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1) },
      outputs: { halves: 2 },
      grid: flatGrid(2),
    });
    const [first, second] = unsigned(halves);
    expect([first & 0xffff, first >>> 16, second & 0xffff, second >>> 16].map(halfValue)).toEqual([
      Number.NaN,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
      1,
    ]);
  });
});

describe('the kernels over halves', () => {
  // [M rows, K inputs, N outputs]: odd sizes, less than a tile, across the edges of several, whole ones.
  for (const [m, k, n] of [
    [1, 1, 1],
    [3, 5, 7],
    [33, 31, 65],
    [1, 4, 4],
    [33, 20, 36],
    [64, 128, 64],
    [70, 72, 140],
  ])
    it(`give the bits of those over rounded weights, at [${m}, ${k}] x [${n}, ${k}]`, async () => {
      const gpu = await openTestGpu();
      const random = generator(m * 10000 + k * 100 + n);
      const [x, w, residual] = [m * k, n * k, m * n].map((size) => random32(random, size));
      const near = Float64Array.from(w.f64, nearestHalf);
      const y = linear(x.f64, near, k, n);
      for (const RESIDUAL of [false, true]) {
        const results: Float32Array[] = [];
        for (const [product, weights] of [
          ['forward', Float32Array.from(near)],
          ['forward_float16', packHalves(near)],
        ] as const)
          for (const { file, constants, tile } of variantsOf(gpu, product, k, n)) {
            const got = await runKernel(gpu, file, {
              constants: { ...constants, RESIDUAL },
              uniforms: { extent: [m, 0], shape: [k, n] },
              inputs: { x: x.f32, w: weights, residual: residual.f32 },
              outputs: { y: m * n },
              grid: [Math.ceil(n / tile[0]), Math.ceil(m / tile[1]), 1],
            });
            results.push(got.y);
          }
        expect(results.length).toBeGreaterThanOrEqual(k % 4 === 0 ? 6 : 2);
        for (const other of results.slice(1)) expect(other).toEqual(results[0]);
        const want = RESIDUAL ? y.map((value, i) => value + residual.f64[i]) : y;
        expectClose(results[0], want, 'y', { absolute: 1e-5 });
      }
    });

  for (const [vocabulary, width, tokens] of [
    [13, 1, 1],
    [7, 33, 65],
    [19, 36, 67],
  ])
    it(`look up ${tokens} of ${vocabulary} rows of ${width}`, async () => {
      const random = generator(vocabulary + tokens);
      const table = Float64Array.from(random32(random, vocabulary * width).f64, nearestHalf);
      const ids = Uint32Array.from({ length: tokens }, (_, t) =>
        t === 0 ? vocabulary - 1 : Math.floor(random() * vocabulary),
      );
      const { x } = await runKernel(await openTestGpu(), SHADERS.embeddingFloat16, {
        uniforms: { extent: [tokens, 0], shape: [width] },
        inputs: { ids, table: packHalves(table) },
        outputs: { x: tokens * width },
        grid: perTile(width)(tokens),
      });
      const want = Array.from(ids).flatMap((id) => [...table.slice(id * width, (id + 1) * width)]);
      expect([...x]).toEqual(want);
    });
});

describe('a policy whose rollouts read halves', () => {
  for (const [name, config] of Object.entries({ ODD, FOURS }))
    it(`decodes as one whose matrices are rounded, bit for bit, and scores by its own: ${name}`, async () => {
      const gpu = await openTestGpu();
      const { f32 } = randomWeights(config, 7);
      const half = await makePolicy(gpu, config, f32, { ...DECODING, rolloutDtype: 'float16' });
      const plain = await makePolicy(gpu, config, rounded(f32), DECODING);
      const exact = await makePolicy(gpu, config, f32, DECODING);
      const decoded = await decode(half);
      expect(decoded).toEqual(await decode(plain));
      // Rounding is seen: the test could not tell otherwise.
      expect(decoded).not.toEqual(await decode(exact));
      const rows = decoded.map(({ tokens }, r) => ({
        tokens: [...ROWS[r].prompt, ...tokens],
        active: positionsFrom(ROWS[r].prompt.length, ROWS[r].prompt.length + tokens.length),
      }));
      expect(await half.score(rows)).toEqual(await exact.score(rows));
      // The log-probabilities are those of the policy that sampled.
      (await plain.score(rows)).forEach(({ logps }, r) => {
        expectClose(decoded[r].logps, logps, `logps of row ${r}`, { absolute: 2e-5 });
      });
      for (const policy of [half, plain, exact]) policy.destroy();
    });

  it('remakes the copy after an update and an upload, not otherwise, and each policy its own', async () => {
    const gpu = await openTestGpu();
    const { f32 } = randomWeights(FOURS, 7);
    const other = randomWeights(FOURS, 8).f32;
    const capacity = { ...DECODING, rolloutDtype: 'float16' } as const;
    const policy = await makePolicy(gpu, FOURS, f32, capacity);
    const second = await makePolicy(gpu, FOURS, other, capacity);
    const encoders = vi.spyOn(gpu.device, 'createCommandEncoder');
    const packed = () => encoders.mock.calls.filter(([options]) => options?.label === 'float16.pack').length;
    const ofWeights = async (weights: NamedTensors) => {
      const fresh = await makePolicy(gpu, FOURS, rounded(weights), DECODING);
      const decoded = await decode(fresh);
      fresh.destroy();
      return decoded;
    };
    try {
      const first = await decode(policy);
      expect(packed()).toBe(1);
      expect(await decode(policy)).toEqual(first);
      await policy.score([{ tokens: [1, 2, 3], active: [1, 2] }]);
      expect(packed()).toBe(1);
      expect(await decode(second)).toEqual(await ofWeights(other));
      expect(packed()).toBe(2);
      expect(await decode(policy)).toEqual(first);
      expect(packed()).toBe(2);
      const { rows } = randomBatch(FOURS, [9, 14], 2, (_, active) => 1 / active);
      await policy.trainStep(rows, SUPERVISED, ADAMW);
      expect(packed()).toBe(2);
      const after = await decode(policy);
      expect(packed()).toBe(3);
      expect(after).not.toEqual(first);
      expect(after).toEqual(await ofWeights(await policy.download('weights')));
      policy.parameters.upload(f32);
      expect(await decode(policy)).toEqual(first);
      expect(packed()).toBe(4);
      expect(await decode(second)).toEqual(await ofWeights(other));
    } finally {
      encoders.mockRestore();
      policy.destroy();
      second.destroy();
    }
  });

  it('has a copy of the weights with its adapter merged in, remade when either changes', async () => {
    const gpu = await openTestGpu();
    const { f32 } = randomWeights(FOURS, 7);
    const make = async (spec = FULL) => {
      const made = await makePolicy(gpu, FOURS, f32, { ...DECODING, adapter: spec, rolloutDtype: 'float16' });
      if (!made.adapter) throw new Error('the policy has no adapter');
      return { policy: made, adapter: made.adapter };
    };
    const { policy, adapter } = await make();
    const of = async () => {
      const merged = await adapter.merged.download('weights');
      const fresh = await makePolicy(gpu, FOURS, rounded(merged), DECODING);
      const decoded = await decode(fresh);
      fresh.destroy();
      return decoded;
    };
    // It begins by changing nothing.
    const random = generator(4);
    adapter.parameters.upload(initialAdapter(FOURS, FULL, random));
    const own = await decode(policy);
    expect(await decode(policy, 'adapter')).toEqual(own);
    adapter.parameters.upload(randomAdapter(FOURS, FULL, 8).f32);
    const adapted = await decode(policy, 'adapter');
    expect(adapted).not.toEqual(own);
    expect(adapted).toEqual(await of());
    expect(await decode(policy)).toEqual(own);
    const { rows } = randomBatch(FOURS, [9, 14], 2, (_, active) => 1 / active);
    await policy.trainStep(rows, SUPERVISED, ADAMW, { through: 'adapter' });
    const trained = await decode(policy, 'adapter');
    expect(trained).not.toEqual(adapted);
    expect(trained).toEqual(await of());
    expect(await decode(policy)).toEqual(own);
    await policy.trainStep(rows, SUPERVISED, ADAMW);
    expect(await decode(policy, 'adapter')).toEqual(await of());
    policy.destroy();
  });

  it('says so where its weights are no numbers', async () => {
    const { f32 } = randomWeights(FOURS, 7);
    const policy = await makePolicy(await openTestGpu(), FOURS, f32, {
      ...DECODING,
      rolloutDtype: 'float16',
    });
    f32.get('model.layers.0.self_attn.q_proj.weight')!.fill(Number.NaN);
    policy.parameters.upload(f32);
    const decoded = await decode(policy);
    expect(decoded.every(({ logps }) => logps.every(Number.isFinite))).toBe(false);
    policy.destroy();
  });

  it('holds what was planned for it, and allocates nothing while it runs', async () => {
    const { f32 } = randomWeights(FOURS, 7);
    const policy = await makePolicy(await openTestGpu(), FOURS, f32, {
      ...DECODING,
      adapter: FULL,
      rolloutDtype: 'float16',
    });
    for (const { holder, bytes, planned_bytes } of policy.memory)
      if (holder === 'weights') expect(bytes).toBe(planned_bytes);
    const { buffersCreated } = policy;
    await decode(policy);
    await decode(policy, 'adapter');
    expect(policy.buffersCreated).toBe(buffersCreated);
    policy.destroy();
  });
});
