import { describe, expect, it } from 'vitest';
import { flatGrid, type Grid } from '../gpu/kernel';
import { openTestGpu } from '../gpu/testing';
import { embedding, embeddingBackward } from './reference/embedding';
import { linear, linearBackwardInput, linearBackwardWeight } from './reference/linear';
import { generator } from './reference/testing';
import { SHADERS } from './shaders';
import { expectClose, random32, runKernel } from './testing';

const tiles = (columns: number, rows: number, slices = 1): Grid => [
  Math.ceil(columns / 32),
  Math.ceil(rows / 32),
  slices,
];

/** [M rows, K inputs, N outputs]: around the edges of a 4 x 4 tile and of a 32 x 32 workgroup. */
const ODD = [
  [1, 1, 1],
  [3, 5, 7],
  [31, 13, 33],
  [33, 31, 65],
  [65, 33, 31],
];
const FOURS = [
  [1, 4, 4],
  [3, 12, 8],
  [33, 20, 36],
  [63, 64, 28],
  [31, 36, 68],
];

describe('the linear kernels', () => {
  for (const [vec4, shapes] of [
    [false, [...ODD, ...FOURS.slice(2, 3)]],
    [true, FOURS],
  ] as const)
    for (const [m, k, n] of shapes)
      it(`compute all three products of [${m}, ${k}] x [${n}, ${k}]${vec4 ? ' four at a time' : ''}`, async () => {
        const gpu = await openTestGpu();
        const random = generator(m * 10000 + k * 100 + n);
        const [x, w, dy, residual] = [m * k, n * k, m * n, m * n].map((size) => random32(random, size));
        const before = random32(random, n * k);
        const uniforms = { extent: [m, 0], shape: [k, n] };

        const forward = vec4 ? SHADERS.linearForwardVec4 : SHADERS.linearForward;
        const y = linear(x.f64, w.f64, k, n);
        for (const withResidual of [false, true]) {
          const got = await runKernel(gpu, forward, {
            constants: { RESIDUAL: withResidual },
            uniforms,
            inputs: {
              x: x.f32,
              w: w.f32,
              // Not to be read without RESIDUAL: the engine binds x in its place, which may be smaller than y.
              residual: withResidual ? residual.f32 : new Float32Array(0),
            },
            outputs: { y: m * n },
            grid: tiles(n, m),
          });
          const want = withResidual ? y.map((value, i) => value + residual.f64[i]) : y;
          expectClose(got.y, want, `y, residual ${withResidual}`, { absolute: 1e-5 });
        }

        const input = vec4 ? SHADERS.linearBackwardInputVec4 : SHADERS.linearBackwardInput;
        const dx = linearBackwardInput(dy.f64, w.f64, k, n);
        const back = await runKernel(gpu, input, {
          uniforms,
          inputs: { dy: dy.f32, w: w.f32 },
          outputs: { dx: m * k },
          grid: tiles(k, m),
        });
        expectClose(back.dx, dx, 'dx', { absolute: 1e-5 });

        const weight = vec4 ? SHADERS.linearBackwardWeightVec4 : SHADERS.linearBackwardWeight;
        const dw = linearBackwardWeight(dy.f64, x.f64, k, n);
        const direct = await runKernel(gpu, weight, {
          constants: { SLICES: 1 },
          uniforms,
          inputs: { dy: dy.f32, x: x.f32 },
          outputs: { dw: before.f32.slice(0, n * k) },
          grid: tiles(k, n),
        });
        const added = dw.map((value, i) => value + before.f64[i]);
        expectClose(direct.dw, added, 'dw added to', { absolute: 1e-5 });
        // More slices than rows for the small shapes: the empty ones have to be written as zeros.
        const slices = 5;
        const parted = await runKernel(gpu, weight, {
          constants: { SLICES: slices },
          uniforms,
          inputs: { dy: dy.f32, x: x.f32 },
          outputs: { dw: slices * n * k },
          grid: tiles(k, n, slices),
        });
        const total = await runKernel(gpu, SHADERS.accumulateSlices, {
          constants: { SLICES: slices },
          uniforms: { size: [n * k] },
          inputs: { slices: parted.dw },
          outputs: { total: before.f32.slice(0, n * k) },
          grid: flatGrid(n * k),
        });
        expectClose(total.total, added, 'dw in slices', { absolute: 1e-5 });
      });
});

describe('the embedding kernels', () => {
  for (const [vocabulary, width, tokens] of [
    [13, 1, 1],
    [13, 5, 31],
    [7, 33, 65],
    [300, 3, 64],
  ])
    it(`look up ${tokens} of ${vocabulary} rows of ${width}, and add up their gradients`, async () => {
      const gpu = await openTestGpu();
      const random = generator(vocabulary + tokens);
      const table = random32(random, vocabulary * width);
      const dx = random32(random, tokens * width);
      const before = random32(random, vocabulary * width);
      // The last id of the table is among them.
      const ids = Uint32Array.from({ length: tokens }, (_, t) =>
        t === 0 ? vocabulary - 1 : Math.floor(random() * vocabulary),
      );
      const uniforms = { extent: [tokens, 0], shape: [width] };
      const forward = await runKernel(gpu, SHADERS.embedding, {
        uniforms,
        inputs: { ids, table: table.f32 },
        outputs: { x: tokens * width },
        grid: flatGrid(tokens * width),
      });
      expect(forward.x).toEqual(Float32Array.from(embedding(table.f64, ids, width)));

      const order = Uint32Array.from(ids.keys()).sort((a, b) => ids[a] - ids[b] || a - b);
      const segments: number[] = [];
      order.forEach((t, i) => {
        if (i === 0 || ids[order[i - 1]] !== ids[t]) segments.push(ids[t], i, i, 0);
        segments[segments.length - 2] = i + 1;
      });
      const distinct = segments.length / 4;
      const backward = await runKernel(gpu, SHADERS.embeddingBackward, {
        uniforms: { extent: [distinct, 0], shape: [width] },
        inputs: { segments: Uint32Array.from(segments), order, dx: dx.f32 },
        outputs: { dtable: before.f32 },
        grid: flatGrid(distinct * width),
      });
      const want = embeddingBackward(dx.f64, ids, vocabulary, width);
      expectClose(
        backward.dtable,
        want.map((value, i) => value + before.f64[i]),
        'dtable',
      );
    });
});
