import { describe, expect, it } from 'vitest';
import { BufferPool } from '../gpu/device';
import { flatGrid, type Grid } from '../gpu/kernel';
import { openTestGpu } from '../gpu/testing';
import { adoptChoices, choicesText, setChoice } from './choices';
import { familiesOf } from './families';
import { linearForward } from './linear';
import { chosenVariant, fewRowsKey, productKey, subgroupVariant, variantsOf } from './linear-variants';
import { embedding, embeddingBackward } from './reference/embedding';
import { linear, linearBackwardInput, linearBackwardWeight } from './reference/linear';
import { generator } from './reference/testing';
import { SHADERS } from './shaders';
import { expectClose, random32, runKernel, tinyConfig } from './testing';
import { tune } from './tune';
import { encodeOps, OpMaker, perTile, vectorOf } from './workspace';

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
          constants: { SLICES: slices, VECTOR: vectorOf(n * k) },
          uniforms: { size: [n * k] },
          inputs: { slices: parted.dw },
          outputs: { total: before.f32.slice(0, n * k) },
          grid: flatGrid((n * k) / vectorOf(n * k)),
        });
        expectClose(total.total, added, 'dw in slices', { absolute: 1e-5 });
      });
});

/** Tiles of subgroups, those included that other adapters are offered: four invocations of eight are a subgroup of four. */
const SUBGROUPS = [
  [4, 8, 1],
  [4, 16, 2],
  [8, 8, 1],
  [8, 16, 1],
  [8, 16, 2],
  [8, 24, 1],
] as const;

describe('the variants of a linear product', () => {
  // [M rows, K inputs, N outputs]: less than a tile, across the edges of several, and exactly whole ones.
  for (const [m, k, n] of [
    [1, 4, 4],
    [7, 20, 36],
    [33, 64, 28],
    [65, 36, 132],
    [64, 128, 64],
    [70, 72, 140],
  ])
    it(`give the same bits as the one that always works, at [${m}, ${k}] x [${n}, ${k}]`, async () => {
      const gpu = await openTestGpu();
      // The driver that tests run on has subgroups of one size, so there is something to compare.
      expect(gpu.subgroupSize).toBeGreaterThanOrEqual(4);
      const random = generator(m * 10000 + k * 100 + n);
      const [x, w, dy] = [m * k, n * k, m * n].map((size) => random32(random, size).f32);
      const before = random32(random, n * k).f32;
      const uniforms = { extent: [m, 0], shape: [k, n] };
      const cases = [
        {
          product: 'forward',
          columns: n,
          rows: m,
          inputs: { x, w, residual: dy },
          constants: { RESIDUAL: true },
          outputs: { y: m * n },
        },
        {
          product: 'forward',
          columns: n,
          rows: m,
          inputs: { x, w, residual: x },
          constants: { RESIDUAL: false },
          outputs: { y: m * n },
        },
        {
          product: 'backward_input',
          columns: k,
          rows: m,
          inputs: { dy, w },
          constants: {},
          outputs: { dx: m * k },
        },
        {
          product: 'backward_weight',
          columns: k,
          rows: n,
          inputs: { dy, x },
          constants: { SLICES: 1 },
          outputs: { dw: before },
        },
        {
          product: 'backward_weight',
          columns: k,
          rows: n,
          slices: 5,
          inputs: { dy, x },
          constants: { SLICES: 5 },
          outputs: { dw: 5 * n * k },
        },
      ] as const;
      for (const { product, columns, rows, inputs, constants, outputs, ...rest } of cases) {
        const results = [];
        const variants = [
          ...variantsOf(gpu, product, k, n),
          ...SUBGROUPS.map(([lanes, rows, quads]) => subgroupVariant(product, lanes, rows, quads)),
        ];
        for (const { file, constants: own, tile } of variants)
          results.push(
            await runKernel(gpu, file, {
              constants: { ...own, ...constants },
              uniforms,
              inputs,
              outputs,
              grid: [
                Math.ceil(columns / tile[0]),
                Math.ceil(rows / tile[1]),
                'slices' in rest ? rest.slices : 1,
              ],
            }),
          );
        expect(results.length).toBeGreaterThan(1);
        for (const other of results.slice(1))
          for (const [name, values] of Object.entries(results[0]))
            expect(other[name], product).toEqual(values);
      }
    });
});

describe('choosing kernels', () => {
  it('measures every product of a model once, and a policy follows the choices', async () => {
    const gpu = await openTestGpu();
    const config = tinyConfig({
      hidden_size: 32,
      num_attention_heads: 2,
      num_key_value_heads: 2,
      head_dim: 16,
    });
    gpu.choices.clear();
    try {
      const seen: [number, number][] = [];
      expect(await tune(gpu, config, { onProgress: (...progress) => seen.push(progress) })).toBe(true);
      const shapes = seen[0][1];
      expect(seen.at(-1)).toEqual([shapes, shapes]);
      expect(gpu.choices.size).toBe(shapes);
      for (const { key, variants } of familiesOf(gpu, config, 'float32'))
        if (variants.length > 1) expect(variants, key).toContain(gpu.choices.get(key));
      // Nothing is left to measure.
      expect(await tune(gpu, config)).toBe(false);
      const kept = choicesText(gpu);
      gpu.choices.clear();
      adoptChoices(gpu, kept);
      expect(choicesText(gpu)).toBe(kept);
      gpu.choices.set('forward 32x96', 'tile');
      expect(chosenVariant(gpu, 'forward', 32, 96).name).toBe('tile');
      gpu.choices.set('forward 32x96', 'of a later version');
      expect(chosenVariant(gpu, 'forward', 32, 96).name).toBe('vec4');
      expect(chosenVariant(gpu, 'forward', 32, 97).name).toBe('simple');
    } finally {
      gpu.choices.clear();
    }
  });

  it('has the few rows that are left of a decode go by a kernel of their own, once it is compiled', async () => {
    const gpu = await openTestGpu();
    const maker = new OpMaker(gpu, new BufferPool(gpu.device));
    const size = { inputs: 32, outputs: 96 };
    const names = { x: maker.pool.storage('x', 20 * 32), y: maker.pool.storage('y', 20 * 96) };
    const w = maker.pool.storage('w', 32 * 96);
    const live = maker.pool.uniform('live', new Uint32Array([20, 0]));
    const grids: number[][] = [];
    const pass = {
      setPipeline() {},
      setBindGroup() {},
      dispatchWorkgroups: (...grid: number[]) => grids.push(grid),
    } as unknown as GPUComputePassEncoder;
    const [few, usual] = ['vec4', 'tile'];
    const key = fewRowsKey('forward', 32, 96);
    try {
      gpu.choices.set(productKey('forward', 32, 96), usual);
      // Not by what was only guessed, and not where the host knows how many rows there are.
      setChoice(gpu, key, few, 'guessed');
      expect(linearForward(maker, live, { ...names, w, ...size }).few).toBeUndefined();
      setChoice(gpu, key, few, 'measured');
      expect(linearForward(maker, maker.extent('rows'), { ...names, w, ...size }).few).toBeUndefined();
      const op = linearForward(maker, live, { ...names, w, ...size });
      const other = op.few!.op;
      await Promise.all([op.kernel.ready, other.kernel.ready]);
      const compiling = Object.create(other.kernel, { isCompiled: { value: false } });
      const waiting = { ...op, few: { most: op.few!.most, op: { ...other, kernel: compiling } } };
      for (const count of [8, 9]) encodeOps(pass, [op], count);
      encodeOps(pass, [waiting], 8);
      const by = (name: string, rows: number) => {
        const { tile } = variantsOf(gpu, 'forward', 32, 96).find((variant) => variant.name === name)!;
        return [Math.ceil(96 / tile[0]), Math.ceil(rows / tile[1]), 1];
      };
      expect(grids).toEqual([by(few, 8), by(usual, 9), by(usual, 8)]);
      expect(by(few, 8)).not.toEqual(by(usual, 8));
    } finally {
      gpu.choices.clear();
      maker.pool.destroy();
    }
  });

  it.each(['', '{', '{}', '[1]', '[[1,2]]', 'null'])('ignores %j as choices', async (text) => {
    const gpu = await openTestGpu();
    adoptChoices(gpu, text);
    expect(gpu.choices.size).toBe(0);
  });
});

describe('the embedding kernels', () => {
  for (const [vocabulary, width, tokens] of [
    [13, 1, 1],
    [13, 5, 31],
    [7, 33, 65],
    [300, 3, 64],
    [19, 36, 67],
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
      const VECTOR = vectorOf(width);
      const uniforms = { extent: [tokens, 0], shape: [width] };
      const forward = await runKernel(gpu, SHADERS.embedding, {
        uniforms,
        constants: { VECTOR },
        inputs: { ids, table: table.f32 },
        outputs: { x: tokens * width },
        grid: perTile(width / VECTOR)(tokens),
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
        constants: { VECTOR },
        outputs: { dtable: before.f32 },
        grid: perTile(width / VECTOR)(distinct),
      });
      const want = embeddingBackward(dx.f64, ids, vocabulary, width);
      expectClose(
        backward.dtable,
        want.map((value, i) => value + before.f64[i]),
        'dtable',
      );
    });
});
