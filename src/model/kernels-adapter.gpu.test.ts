import { describe, expect, it } from 'vitest';
import { flatGrid } from '../gpu/kernel';
import { openTestGpu } from '../gpu/testing';
import { generator } from './reference/testing';
import { SHADERS } from './shaders';
import { expectClose, random32, runKernel } from './testing';
import { product, transposed } from './testing-adapter';
import { f32 } from './workspace';

/** rank, outputs, inputs, and where the layer's weight begins in its device tensor. */
const SHAPES = [
  [1, 1, 1, 0],
  [3, 7, 5, 11],
  [8, 65, 33, 64],
  [5, 13, 130, 1],
  [9, 3, 2, 7],
] as const;
const SCALE = 1.75;
/** Values behind the layer's in the device tensor. */
const BEHIND = 9;

function setUp([rank, outputs, inputs, first]: (typeof SHAPES)[number]) {
  const random = generator(rank + outputs);
  return {
    shape: [rank, outputs, inputs, first, f32(SCALE)],
    a: random32(random, rank * inputs),
    b: random32(random, outputs * rank),
    /** The device tensor that holds the layer's weight, or its gradient. */
    whole: random32(random, first + outputs * inputs + BEHIND),
    weight: (values: Float64Array) => values.slice(first, first + outputs * inputs),
    held: (size: number) => random32(random, size),
  };
}

describe('the adapter kernels', () => {
  for (const each of SHAPES) {
    const [rank, outputs, inputs, first] = each;

    it(`merge a layer [${outputs}, ${inputs}] at ${first} with rank ${rank}, and leave its neighbours`, async () => {
      const { shape, a, b, whole } = setUp(each);
      const { merged } = await runKernel(await openTestGpu(), SHADERS.loraMerge, {
        uniforms: { shape },
        inputs: { a: a.f32, b: b.f32 },
        outputs: { merged: whole.f32 },
        grid: flatGrid(outputs * inputs),
      });
      const update = product(b.f64, a.f64, outputs, rank, inputs);
      const want = whole.f64.map((w, i) => w + SCALE * (update[i - first] ?? 0));
      expectClose(merged, want, 'merged');
      expect(merged.slice(0, first)).toEqual(whole.f32.slice(0, first));
      expect(merged.slice(-BEHIND)).toEqual(whole.f32.slice(-BEHIND));
    });

    it(`add the gradients of both factors of [${outputs}, ${inputs}] at ${first} with rank ${rank}`, async () => {
      const gpu = await openTestGpu();
      const { shape, a, b, whole, weight, held } = setUp(each);
      const [beforeA, beforeB] = [held(rank * inputs), held(outputs * rank)];
      const { da } = await runKernel(gpu, SHADERS.loraBackwardA, {
        uniforms: { shape },
        inputs: { b: b.f32, dw: whole.f32 },
        outputs: { da: beforeA.f32 },
        grid: flatGrid(rank * inputs),
      });
      const { db } = await runKernel(gpu, SHADERS.loraBackwardB, {
        uniforms: { shape },
        inputs: { a: a.f32, dw: whole.f32 },
        outputs: { db: beforeB.f32 },
        grid: flatGrid(outputs * rank),
      });
      const dw = weight(whole.f64);
      const wantA = product(transposed(b.f64, outputs, rank), dw, rank, outputs, inputs);
      const wantB = product(dw, transposed(a.f64, rank, inputs), outputs, inputs, rank);
      expectClose(
        da,
        wantA.map((g, i) => beforeA.f64[i] + SCALE * g),
        'da',
        { absolute: 1e-5 },
      );
      expectClose(
        db,
        wantB.map((g, i) => beforeB.f64[i] + SCALE * g),
        'db',
        { absolute: 1e-5 },
      );
    });
  }

  it('leave the bits of a weight as they are where a factor is zero', async () => {
    const { shape, a, whole } = setUp(SHAPES[2]);
    const { merged } = await runKernel(await openTestGpu(), SHADERS.loraMerge, {
      uniforms: { shape },
      inputs: { a: a.f32, b: new Float32Array(65 * 8) },
      outputs: { merged: whole.f32 },
      grid: flatGrid(65 * 33),
    });
    expect(merged).toEqual(whole.f32);
  });
});
