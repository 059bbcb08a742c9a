import { describe, expect, it } from 'vitest';
import { BufferPool, type Gpu } from '../gpu/device';
import { openTestGpu } from '../gpu/testing';
import type { StoredMatrix } from './linear';
import { forwardProduct, productKey } from './linear-variants';
import { gatedProjection, headColumns, headsProjection, pairVariants } from './paired';
import type { RolloutDtype } from './plan';
import { nearestHalf, packHalves } from './reference/float16';
import { linear } from './reference/linear';
import { rope } from './reference/rope';
import { swiglu } from './reference/swiglu';
import { generator } from './reference/testing';
import { angleTable, expectClose, POISON, random32 } from './testing';
import { encodeOps, type Op, OpMaker } from './workspace';

/** Buffers by name, the first of them poison; what is asked for of them once operations have run. */
async function bench() {
  const gpu = await openTestGpu();
  const { device } = gpu;
  const pool = new BufferPool(device);
  const maker = new OpMaker(gpu, pool);
  return {
    gpu,
    maker,
    filled(label: string, values: Float32Array | Uint32Array) {
      const buffer = pool.storage(label, values.length);
      device.queue.writeBuffer(buffer, 0, values as Float32Array<ArrayBuffer>);
      return buffer;
    },
    poison(label: string, count: number) {
      return this.filled(label, new Float32Array(count).fill(POISON));
    },
    extent(count: number) {
      const extent = maker.extent('test');
      extent.write(count);
      return extent;
    },
    async run(ops: readonly Op[], count: number, outputs: readonly GPUBuffer[]) {
      await gpu.kernels.ready();
      maker.submit('test', (pass) => encodeOps(pass, ops, count));
      return Promise.all(
        outputs.map(async (output) => {
          const staging = pool.readback('test.read', output.size);
          const encoder = device.createCommandEncoder();
          encoder.copyBufferToBuffer(output, 0, staging, 0, output.size);
          device.queue.submit([encoder.finish()]);
          await staging.mapAsync(GPUMapMode.READ);
          return new Float32Array(staging.getMappedRange().slice(0));
        }),
      );
    },
    destroy: () => pool.destroy(),
  };
}

const columns = (all: Float64Array, width: number, from: number, to: number) =>
  Float64Array.from(
    { length: (all.length / width) * (to - from) },
    (_, i) => all[Math.floor(i / (to - from)) * width + from + (i % (to - from))],
  );

const DTYPES = ['float32', 'float16'] as const;

/** Weights that are halves, as both sets of kernels read them: their results are the same bits. */
function storedWeights(t: Awaited<ReturnType<typeof bench>>, random: () => number, count: number) {
  const f64 = Float64Array.from(random32(random, count).f64, nearestHalf);
  const stored: Record<RolloutDtype, StoredMatrix> = {
    float32: t.filled('w', Float32Array.from(f64)),
    float16: { float16: t.filled('w', packHalves(f64)) },
  };
  return { f64, stored };
}

/** Around the edges of a tile's 64 rows. */
const ROWS = [1, 17, 65];

/** As if the fastest product here were a tile in workgroup memory. */
function variantsWhereTilesWin(
  gpu: Gpu,
  dtype: RolloutDtype,
  inputs: number,
  outputs: number,
  distance: number,
) {
  const key = productKey(forwardProduct(dtype), inputs, outputs);
  expect(pairVariants(gpu, inputs, outputs, distance, dtype)).toEqual([{ name: 'separate' }]);
  gpu.choices.set(key, 'tile');
  try {
    return pairVariants(gpu, inputs, outputs, distance, dtype);
  } finally {
    gpu.choices.delete(key);
  }
}

describe('gate and up with their gated activation', () => {
  for (const [inputs, inner] of [
    [4, 4],
    [12, 20],
    [20, 36],
    [36, 132],
    // Only the two operations can.
    [6, 9],
  ])
    it(`are the same by every variant for ${inputs} inputs and ${inner} columns of each`, async () => {
      const t = await bench();
      const random = generator(inputs * inner);
      const variants = DTYPES.flatMap((dtype) =>
        variantsWhereTilesWin(t.gpu, dtype, inputs, 2 * inner, inner).map((variant) => ({ dtype, variant })),
      );
      expect(variants.length).toBe(inner % 4 === 0 ? 4 : 2);
      const w = storedWeights(t, random, 2 * inner * inputs);
      for (const rows of ROWS) {
        const x = random32(random, rows * inputs);
        const read = t.filled('x', x.f32);
        const want = linear(x.f64, w.f64, inputs, 2 * inner);
        const halves = [0, inner].map((from) => columns(want, 2 * inner, from, from + inner));
        let first: Float32Array[] | null = null;
        for (const { dtype, variant } of variants)
          for (const keep of [true, false]) {
            const places = { x: read, w: w.stored[dtype] };
            const gateUp = t.poison('gateUp', rows * 2 * inner);
            const act = t.poison('act', rows * inner + 4);
            const size = { inputs, inner, keep };
            const ops = gatedProjection(t.maker, t.extent(rows), { ...places, gateUp, act }, size, variant);
            const got = await t.run(ops, rows, [gateUp, act]);
            const label = `${variant.name}, ${dtype}, ${rows} rows`;
            first ??= got;
            expect(got[1], label).toEqual(first[1]);
            if (keep || variant.name === 'separate') expect(got[0], label).toEqual(first[0]);
            else expect(got[0].every((value) => value === POISON)).toBe(true);
          }
        expectClose(first![0], want, 'gateUp', { absolute: 2e-5 });
        expectClose(first![1].slice(0, -4), swiglu(halves[0], halves[1]), 'act', { absolute: 2e-5 });
        expect([...first![1].slice(-4)]).toEqual([POISON, POISON, POISON, POISON]);
      }
      t.destroy();
    });
});

describe('the heads with their rotation', () => {
  for (const [inputs, heads, keyHeads, head] of [
    [4, 1, 1, 8],
    [12, 3, 1, 8],
    [20, 4, 2, 16],
    [36, 5, 5, 24],
    [12, 2, 1, 12],
  ])
    it(`are the same by every variant for ${inputs} inputs and ${heads} + 2 x ${keyHeads} heads of ${head}`, async () => {
      const t = await bench();
      const random = generator(inputs * head);
      const config = {
        hidden_size: inputs,
        head_dim: head,
        num_attention_heads: heads,
        num_key_value_heads: keyHeads,
      };
      const variants = DTYPES.flatMap((dtype) =>
        variantsWhereTilesWin(t.gpu, dtype, inputs, headColumns(config), head / 2).map((variant) => ({
          dtype,
          variant,
        })),
      );
      expect(variants.length).toBe(head % 8 === 0 ? 4 : 2);
      const outputs = (heads + 2 * keyHeads) * head;
      const rotated = (heads + keyHeads) * head;
      const length = 5;
      const theta = 1000;
      const w = storedWeights(t, random, outputs * inputs);
      const angles = t.filled('angles', angleTable(length, head, theta));
      for (const rows of ROWS) {
        const x = random32(random, rows * inputs);
        const at = Uint32Array.from({ length: rows }, (_, r) => (r * 3) % length);
        const places = {
          x: t.filled('x', x.f32),
          positions: t.filled('positions', at),
          angles,
        };
        const product = linear(x.f64, w.f64, inputs, outputs);
        const turned = rope(columns(product, outputs, 0, rotated), at, heads + keyHeads, head, theta);
        const want = product.map((value, i) => {
          const [row, column] = [Math.floor(i / outputs), i % outputs];
          return column < rotated ? turned[row * rotated + column] : value;
        });
        let first: Float32Array | null = null;
        for (const { dtype, variant } of variants) {
          const label = `${variant.name}, ${dtype}, ${rows} rows`;
          const qkv = t.poison('qkv', rows * outputs);
          const unused = t.poison('unused', 4);
          const ops = headsProjection(
            t.maker,
            t.extent(rows),
            { ...places, w: w.stored[dtype], qkv, unused },
            config,
            variant,
          );
          const [got, left] = await t.run(ops, rows, [qkv, unused]);
          first ??= got;
          expect(got, label).toEqual(first);
          expect([...left]).toEqual([POISON, POISON, POISON, POISON]);
        }
        expectClose(first!, want, 'qkv', { absolute: 2e-5 });
      }
      t.destroy();
    });
});
