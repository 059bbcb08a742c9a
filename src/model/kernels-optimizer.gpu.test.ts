import { describe, expect, it } from 'vitest';
import { flatGrid } from '../gpu/kernel';
import { openTestGpu } from '../gpu/testing';
import { adamW } from './reference/adamw';
import { clipFactor, globalNorm } from './reference/clip';
import { generator } from './reference/testing';
import { SHADERS } from './shaders';
import { expectClose, POISON, random32, runKernel } from './testing';
import { f32, vectorOf } from './workspace';

/** Norm, scale, finite and broken of arenas of gradients, as the optimiser chains the two kernels. */
async function clip(arenas: readonly Float32Array[], maxNorm: number, partials = 64) {
  const gpu = await openTestGpu();
  const all = new Float32Array(arenas.length * partials * 2);
  for (const [i, gradient] of arenas.entries()) {
    const { partials: got } = await runKernel(gpu, SHADERS.sumSquares, {
      constants: { PARTIALS: partials, VECTOR: vectorOf(gradient.length) },
      uniforms: { size: [gradient.length, i * partials] },
      inputs: { gradient },
      outputs: { partials: all.length },
      grid: flatGrid(partials),
    });
    const own = got.slice(i * partials * 2, (i + 1) * partials * 2);
    expect(own.includes(POISON)).toBe(false);
    expect(got.filter((value) => value === POISON).length).toBe(all.length - own.length);
    all.set(own, i * partials * 2);
  }
  const { result } = await runKernel(gpu, SHADERS.clipGradient, {
    uniforms: { size: [arenas.length * partials, f32(maxNorm)] },
    inputs: { partials: all },
    outputs: { result: 4 },
    grid: [1, 1, 1],
  });
  const [norm, scale, finite, broken] = result;
  return { norm, scale, finite, broken };
}

describe('the gradient norm kernels', () => {
  for (const sizes of [[1], [63], [64, 65], [1000, 1, 33], [4, 516]])
    for (const maxNorm of [0.5, 1e6])
      it(`clip arenas of ${sizes} values at ${maxNorm}`, async () => {
        const random = generator(sizes[0]);
        const arenas = sizes.map((size) => random32(random, size, 2));
        const norm = globalNorm(new Map(arenas.map(({ f64 }, i) => [String(i), f64])));
        const got = await clip(
          arenas.map((a) => a.f32),
          maxNorm,
        );
        expectClose([got.norm, got.scale], [norm, clipFactor(norm, maxNorm)], 'norm and scale', {
          absolute: 0,
        });
        expect(got).toMatchObject({ finite: 1, broken: 0 });
      });

  for (const partials of [1, 65, 128])
    it(`add up in ${partials} partial sums`, async () => {
      const gradient = random32(generator(4), 201);
      const got = await clip([gradient.f32], 1, partials);
      expectClose([got.norm], [globalNorm(new Map([['g', gradient.f64]]))], 'norm', { absolute: 0 });
    });

  it('count every value that is not finite, in any arena', async () => {
    const first = new Float32Array(70).fill(1);
    const second = new Float32Array(130).fill(1);
    first[69] = Number.POSITIVE_INFINITY;
    second[0] = Number.NaN;
    second[129] = Number.NEGATIVE_INFINITY;
    // The same invocation's second value of this arena.
    second[64] = Number.NaN;
    expect(await clip([first, second], 1)).toMatchObject({ finite: 0, broken: 4 });
  });

  it('refuse a counted value even where the sum does not show it', async () => {
    const { result } = await runKernel(await openTestGpu(), SHADERS.clipGradient, {
      uniforms: { size: [3, f32(1)] },
      inputs: { partials: Float32Array.from([4, 0, 5, 2, 0, 1]) },
      outputs: { result: 4 },
      grid: [1, 1, 1],
    });
    expect(Array.from(result)).toEqual([3, expect.closeTo(1 / 3, 6), 0, 3]);
  });

  it('refuse a gradient whose values are finite but whose norm is not', async () => {
    expect(await clip([new Float32Array(5).fill(1e30)], 1)).toMatchObject({ finite: 0, broken: 0 });
  });

  it('leave a gradient of zeros as it is', async () => {
    expect(await clip([new Float32Array(5)], 1)).toEqual({ norm: 0, scale: 1, finite: 1, broken: 0 });
  });
});

describe('the AdamW kernel', () => {
  const settings = { learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.1 };
  const step = (t: number) => [
    f32(settings.learningRate),
    f32(settings.beta1),
    f32(settings.beta2),
    f32(settings.epsilon),
    f32(1 - settings.beta1 ** t),
    f32(1 - settings.beta2 ** t),
    f32(settings.weightDecay),
  ];

  for (const [count, decayEnd] of [
    [1, 0],
    [65, 64],
    [131, 33],
    [63, 63],
    [264, 132],
  ])
    it(`takes three steps on ${count} values and decays the first ${decayEnd}`, async () => {
      const gpu = await openTestGpu();
      const vector = vectorOf(count, decayEnd);
      const random = generator(count);
      const weights = random32(random, count);
      let state: Record<'parameters' | 'mean' | 'square', Float32Array> = {
        parameters: weights.f32,
        mean: new Float32Array(count),
        square: new Float32Array(count),
      };
      const want = weights.f64.slice();
      const moments = { first: new Float64Array(count), second: new Float64Array(count) };
      for (let t = 1; t <= 3; t++) {
        const gradient = random32(random, count);
        const scale = 0.5;
        const got = await runKernel(gpu, SHADERS.adamw, {
          constants: { VECTOR: vector },
          uniforms: { size: [count, decayEnd, 0], step: step(t) },
          inputs: { clip: Float32Array.from([2, scale, 1, 0]), gradient: gradient.f32 },
          outputs: state,
          grid: flatGrid(count / vector),
        });
        state = { parameters: got.parameters, mean: got.mean, square: got.square };
        const scaled = gradient.f64.map((g) => g * scale);
        for (const [from, to, weightDecay] of [
          [0, decayEnd, settings.weightDecay],
          [decayEnd, count, 0],
        ]) {
          const part = { first: moments.first.subarray(from, to), second: moments.second.subarray(from, to) };
          adamW(want.subarray(from, to), scaled.subarray(from, to), part, t, { ...settings, weightDecay });
        }
        // 1 - beta2 is 0.001 only to 5e-5 of itself in single precision.
        expectClose(state.parameters, want, `parameters after ${t}`, { absolute: 2e-6 });
        expectClose(state.mean, moments.first, `mean after ${t}`);
        expectClose(state.square, moments.second, `square after ${t}`, { absolute: 0, relative: 1e-4 });
      }
    });

  it('does nothing where the gradient is not finite', async () => {
    const gpu = await openTestGpu();
    const random = generator(8);
    const before = {
      parameters: random32(random, 65).f32,
      mean: random32(random, 65).f32,
      square: random32(random, 65).f32,
    };
    const got = await runKernel(gpu, SHADERS.adamw, {
      uniforms: { size: [65, 65], step: step(1) },
      inputs: { clip: Float32Array.from([1, 1, 0, 3]), gradient: new Float32Array(65).fill(Number.NaN) },
      outputs: before,
      grid: flatGrid(65),
    });
    expect(got).toEqual(before);
  });
});
