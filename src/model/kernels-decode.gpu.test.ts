import { describe, expect, it } from 'vitest';
import { flatGrid, type Grid, type ShaderFile } from '../gpu/kernel';
import { openTestGpu } from '../gpu/testing';
import { attention } from './reference/attention';
import { rope } from './reference/rope';
import { packRows } from './reference/rows';
import { generator } from './reference/testing';
import { SHADERS } from './shaders';
import { angleTable, expectClose, POISON, random32, runKernel } from './testing';
import { f32, perRow } from './workspace';

/** Columns from .. to of each row of x [rows, width]. */
const columns = (x: Float64Array, width: number, from: number, to: number) =>
  Float64Array.from(
    { length: (x.length / width) * (to - from) },
    (_, i) => x[Math.floor(i / (to - from)) * width + from + (i % (to - from))],
  );

interface Shape {
  rows: number;
  /** The live rows with the position of their new token. */
  live: readonly (readonly [row: number, position: number])[];
  cacheLength: number;
  heads: number;
  keyHeads: number;
  head: number;
}

const spread = (rows: number, cacheLength: number) =>
  Array.from({ length: rows }, (_, r) => [r, (r * 37) % cacheLength] as const);

const SHAPES: readonly Shape[] = [
  { rows: 1, live: [[0, 0]], cacheLength: 1, heads: 1, keyHeads: 1, head: 2 },
  { rows: 5, live: spread(5, 7), cacheLength: 7, heads: 4, keyHeads: 2, head: 6 },
  { rows: 33, live: spread(33, 11).reverse(), cacheLength: 11, heads: 3, keyHeads: 1, head: 4 },
  { rows: 9, live: spread(9, 150).slice(2, 8), cacheLength: 150, heads: 4, keyHeads: 4, head: 16 },
  { rows: 70, live: spread(70, 9), cacheLength: 9, heads: 6, keyHeads: 2, head: 16 },
  { rows: 3, live: spread(3, 140).slice(1), cacheLength: 140, heads: 6, keyHeads: 2, head: 24 },
];

/** Every kernel that heads of this size can be attended by, the one that always works first. */
function kernelsOf({ heads, keyHeads, head, live }: Shape) {
  const constants = { HEAD_DIM: head, HEADS: heads, KV_HEADS: keyHeads };
  const kernels: { file: ShaderFile; constants: Record<string, number>; grid: Grid }[] = [
    { file: SHADERS.attentionDecode, constants, grid: flatGrid(live.length * heads) },
  ];
  if (head === 16)
    kernels.push({
      file: SHADERS.attentionDecodeMatrix,
      constants: { HEADS: heads, KV_HEADS: keyHeads },
      grid: flatGrid(live.length * heads),
    });
  if (head % 8 === 0)
    kernels.push({ file: SHADERS.attentionDecodeVec4, constants, grid: flatGrid(live.length * heads) });
  for (const LANES of [32, 64])
    kernels.push({
      file: SHADERS.attentionDecodeShared,
      constants: { ...constants, LANES },
      grid: perRow(keyHeads, live.length),
    });
  return kernels;
}

describe('attention over the cache', () => {
  for (const shape of SHAPES) {
    const { rows, live, cacheLength, heads, keyHeads, head } = shape;
    it(`puts ${live.length} new tokens of ${rows} rows with ${heads} heads of ${head} over ${keyHeads} into caches of ${cacheLength}, and attends to them`, async () => {
      const gpu = await openTestGpu();
      const random = generator(rows);
      const all = (heads + 2 * keyHeads) * head;
      const qkv = random32(random, live.length * all, 2);
      const cache = random32(random, rows * 2 * keyHeads * cacheLength * head, 2);
      const positions = Uint32Array.from(live, ([, position]) => position);
      const theta = 1000;
      const angles = angleTable(cacheLength, head, theta);
      const rotatedWidth = (heads + keyHeads) * head;
      const rotated = rope(columns(qkv.f64, all, 0, rotatedWidth), positions, heads + keyHeads, head, theta);
      const wantCache = cache.f64.slice();
      live.forEach(([row, position], slot) => {
        for (let k = 0; k < keyHeads; k++) {
          const key = ((row * 2 * keyHeads + k) * cacheLength + position) * head;
          const value = key + keyHeads * cacheLength * head;
          for (let c = 0; c < head; c++) {
            wantCache[key + c] = rotated[slot * rotatedWidth + (heads + k) * head + c];
            wantCache[value + c] = qkv.f64[slot * all + rotatedWidth + k * head + c];
          }
        }
      });
      const wantOut = live.flatMap(([row, position], slot) => {
        // The same as causal attention at the last token of a row that is the cache.
        const n = position + 1;
        const side = (first: number) => {
          const own = new Float64Array(n * keyHeads * head);
          for (let k = 0; k < keyHeads; k++)
            for (let j = 0; j < n; j++)
              for (let c = 0; c < head; c++)
                own[(j * keyHeads + k) * head + c] =
                  wantCache[((row * 2 * keyHeads + first + k) * cacheLength + j) * head + c];
          return own;
        };
        const q = new Float64Array(n * heads * head);
        const query = rotated.subarray(slot * rotatedWidth, slot * rotatedWidth + heads * head);
        q.set(query, position * heads * head);
        const { spans } = packRows([new Array<number>(n).fill(0)]);
        const sizes = { heads, keyHeads, headDim: head };
        return [...attention(q, side(0), side(keyHeads), spans, sizes).slice(position * heads * head)];
      });
      const outs: Float32Array[] = [];
      for (const { file, constants, grid } of kernelsOf(shape)) {
        const got = await runKernel(gpu, file, {
          constants,
          uniforms: { extent: [live.length, 0], shape: [f32(1 / Math.sqrt(head)), cacheLength] },
          inputs: { live_rows: Uint32Array.from(live, ([row]) => row), positions, angles, qkv: qkv.f32 },
          outputs: { cache: cache.f32, out: live.length * heads * head },
          grid,
        });
        expectClose(got.cache, wantCache, `cache of ${file.name}`);
        expectClose(got.out, wantOut, `out of ${file.name}`, { absolute: 1e-5 });
        outs.push(got.out);
      }
      // Which of them is taken changes no bit.
      for (const out of outs) expect(out).toEqual(outs[0]);
    });
  }
});

describe('the caches of a group', () => {
  it('are filled with its prompt, and those of no other row', async () => {
    const gpu = await openTestGpu();
    const [rows, cacheLength, heads, keyHeads, head] = [5, 6, 2, 3, 2];
    // Prompts of 4 and 1 tokens, packed; the second row is another pass's.
    const prompts = [
      [0, 4],
      [0, 0],
      [4, 1],
      [0, 4],
      [4, 1],
    ];
    const all = (heads + 2 * keyHeads) * head;
    const qkv = random32(generator(3), 5 * all);
    const size = rows * 2 * keyHeads * cacheLength * head;
    const { cache } = await runKernel(gpu, SHADERS.cacheFill, {
      constants: { HEAD_DIM: head, HEADS: heads, KV_HEADS: keyHeads },
      uniforms: { extent: [rows, 0], shape: [cacheLength] },
      inputs: { prompts: Uint32Array.from(prompts.flat()), qkv: qkv.f32 },
      outputs: { cache: size },
      grid: perRow(1, rows),
    });
    const want = new Float32Array(size).fill(POISON);
    prompts.forEach(([first, length], row) => {
      for (let k = 0; k < 2 * keyHeads; k++)
        for (let p = 0; p < length; p++)
          for (let c = 0; c < head; c++)
            want[((row * 2 * keyHeads + k) * cacheLength + p) * head + c] =
              qkv.f32[(first + p) * all + (heads + k) * head + c];
    });
    expect(cache).toEqual(want);
  });
});
