import { describe, expect, it } from 'vitest';
import { flatGrid } from '../gpu/kernel';
import { openTestGpu } from '../gpu/testing';
import { attention, attentionBackward } from './reference/attention';
import { rope } from './reference/rope';
import { packRows } from './reference/rows';
import { generator } from './reference/testing';
import { SHADERS } from './shaders';
import { angleTable, expectClose, POISON, random32, runKernel } from './testing';
import { f32, perTile, vectorOf } from './workspace';

/** Columns from .. to of each row of x [rows, width]. */
const columns = (x: Float64Array, width: number, from: number, to: number) =>
  Float64Array.from(
    { length: (x.length / width) * (to - from) },
    (_, i) => x[Math.floor(i / (to - from)) * width + from + (i % (to - from))],
  );

describe('the attention kernels over packed rows', () => {
  for (const [lengths, heads, keyHeads, head] of [
    [[1], 1, 1, 2],
    [[5, 1, 7], 1, 1, 6],
    [[31, 33], 2, 1, 4],
    [[1, 40, 2, 22], 3, 3, 2],
    [[3, 17, 13], 6, 2, 10],
    [[64, 1], 1, 1, 4],
  ] as const)
    it(`attend in rows of ${lengths} with ${heads} heads of ${head} over ${keyHeads}, and go back`, async () => {
      const gpu = await openTestGpu();
      const random = generator(heads * 100 + head);
      const packed = packRows(lengths.map((n) => new Array<number>(n).fill(0)));
      const tokens = packed.ids.length;
      const stride = (heads + 2 * keyHeads) * head;
      const [queryEnd, keyEnd] = [heads * head, (heads + keyHeads) * head];
      // Scores of some size, so that the running maximum moves.
      const qkv = random32(random, tokens * stride, 3);
      const dout = random32(random, tokens * queryEnd);
      const q = columns(qkv.f64, stride, 0, queryEnd);
      const k = columns(qkv.f64, stride, queryEnd, keyEnd);
      const v = columns(qkv.f64, stride, keyEnd, stride);
      const shape = { heads, keyHeads, headDim: head };
      const common = {
        constants: { HEAD_DIM: head },
        uniforms: { extent: [tokens, 0], shape: [heads, keyHeads, f32(1 / Math.sqrt(head))] },
      };
      const spans = Uint32Array.from(packed.spans.flatMap(({ start, end }) => [start, end]));

      const forward = await runKernel(gpu, SHADERS.attention, {
        ...common,
        inputs: { spans, qkv: qkv.f32 },
        outputs: { out: tokens * queryEnd, logsumexp: tokens * heads },
        grid: flatGrid(tokens * heads),
      });
      expectClose(forward.out, attention(q, k, v, packed.spans, shape), 'out', { absolute: 1e-5 });

      const query = await runKernel(gpu, SHADERS.attentionBackwardQuery, {
        ...common,
        inputs: { spans, qkv: qkv.f32, out: forward.out, dout: dout.f32, logsumexp: forward.logsumexp },
        outputs: { delta: tokens * heads, dqkv: tokens * stride },
        grid: flatGrid(tokens * heads),
      });
      const keyValue = await runKernel(gpu, SHADERS.attentionBackwardKeyValue, {
        ...common,
        inputs: { spans, qkv: qkv.f32, dout: dout.f32, logsumexp: forward.logsumexp, delta: query.delta },
        outputs: { dqkv: tokens * stride },
        grid: flatGrid(tokens * keyHeads),
      });
      const want = attentionBackward(dout.f64, q, k, v, packed.spans, shape);
      const part = (got: Float32Array, from: number, to: number) =>
        columns(Float64Array.from(got), stride, from, to);
      const close = { absolute: 3e-5, relative: 1e-4 };
      expectClose(part(query.dqkv, 0, queryEnd), want.dQ, 'dq', close);
      expectClose(part(keyValue.dqkv, queryEnd, keyEnd), want.dK, 'dk', close);
      expectClose(part(keyValue.dqkv, keyEnd, stride), want.dV, 'dv', close);
      // Each leaves the other's columns alone.
      expect(part(query.dqkv, queryEnd, stride).every((value) => value === POISON)).toBe(true);
      expect(part(keyValue.dqkv, 0, queryEnd).every((value) => value === POISON)).toBe(true);
    });
});

describe('the decoding kernels', () => {
  // Batch rows, the live ones among them with the position of their new token, positions in a cache.
  for (const { rows, live, cacheLength, heads, keyHeads, head } of [
    { rows: 1, live: [[0, 0]], cacheLength: 1, heads: 1, keyHeads: 1, head: 2 },
    {
      rows: 5,
      live: [
        [1, 6],
        [4, 0],
        [3, 2],
      ],
      cacheLength: 7,
      heads: 4,
      keyHeads: 2,
      head: 6,
    },
    {
      rows: 33,
      live: Array.from({ length: 33 }, (_, r) => [r, (r * 5) % 11]),
      cacheLength: 11,
      heads: 3,
      keyHeads: 1,
      head: 4,
    },
    {
      rows: 5,
      live: [
        [4, 2],
        [1, 0],
      ],
      cacheLength: 3,
      heads: 2,
      keyHeads: 2,
      head: 8,
    },
  ])
    it(`put ${live.length} new tokens of ${rows} rows into caches of ${cacheLength}, and attend to them`, async () => {
      const gpu = await openTestGpu();
      const random = generator(rows);
      const all = (heads + 2 * keyHeads) * head;
      const width = 2 * keyHeads * head;
      const qkv = random32(random, live.length * all, 2);
      const cache = random32(random, rows * cacheLength * width, 2);
      const liveRows = Uint32Array.from(live, ([row]) => row);
      const positions = Uint32Array.from(live, ([, position]) => position);
      const theta = 1000;
      const angles = angleTable(cacheLength, head, theta);
      const put = await runKernel(gpu, SHADERS.ropeCache, {
        constants: { HEAD_DIM: head, VECTOR: vectorOf(head / 2) },
        uniforms: { extent: [live.length, 0], shape: [heads, keyHeads, cacheLength] },
        inputs: { live_rows: liveRows, positions, angles },
        outputs: { qkv: qkv.f32, cache: cache.f32 },
        grid: perTile(all / 2 / vectorOf(head / 2))(live.length),
      });
      const rotated = rope(
        columns(qkv.f64, all, 0, all - keyHeads * head),
        positions,
        heads + keyHeads,
        head,
        theta,
      );
      const rotatedWidth = (heads + keyHeads) * head;
      const wantCache = cache.f64.slice();
      live.forEach(([row, position], slot) => {
        const to = (row * cacheLength + position) * width;
        for (let c = 0; c < keyHeads * head; c++) {
          wantCache[to + c] = rotated[slot * rotatedWidth + heads * head + c];
          wantCache[to + keyHeads * head + c] = qkv.f64[slot * all + rotatedWidth + c];
        }
      });
      expectClose(put.cache, wantCache, 'cache');
      const queries = columns(rotated, rotatedWidth, 0, heads * head);
      expectClose(columns(Float64Array.from(put.qkv), all, 0, heads * head), queries, 'queries');

      const attended = await runKernel(gpu, SHADERS.attentionDecode, {
        constants: { HEAD_DIM: head },
        uniforms: {
          extent: [live.length, 0],
          shape: [heads, keyHeads, f32(1 / Math.sqrt(head)), cacheLength],
        },
        inputs: { live_rows: liveRows, positions, qkv: put.qkv, cache: put.cache },
        outputs: { out: live.length * heads * head },
        grid: flatGrid(live.length * heads),
      });
      live.forEach(([row, position], slot) => {
        // The same as causal attention at the last token of a row that is the cache.
        const own = wantCache.subarray(row * cacheLength * width, (row * cacheLength + position + 1) * width);
        const q = new Float64Array((position + 1) * heads * head);
        q.set(queries.subarray(slot * heads * head, (slot + 1) * heads * head), position * heads * head);
        const { spans } = packRows([new Array<number>(position + 1).fill(0)]);
        const out = attention(
          q,
          columns(own, width, 0, keyHeads * head),
          columns(own, width, keyHeads * head, width),
          spans,
          { heads, keyHeads, headDim: head },
        ).slice(position * heads * head);
        expectClose(
          attended.out.subarray(slot * heads * head, (slot + 1) * heads * head),
          out,
          `out of ${row}`,
          {
            absolute: 1e-5,
          },
        );
      });
    });

  it('fill the caches of a group with its prompt, and of no other row', async () => {
    const gpu = await openTestGpu();
    const [rows, cacheLength, skip, width] = [5, 6, 4, 6];
    // Prompts of 4 and 1 tokens, packed; the second row is another pass's.
    const prompts = [
      [0, 4],
      [0, 0],
      [4, 1],
      [0, 4],
      [4, 1],
    ];
    const qkv = random32(generator(3), 5 * (skip + width));
    const { cache } = await runKernel(gpu, SHADERS.cacheFill, {
      uniforms: { extent: [rows, 0], shape: [width, skip, cacheLength, 4] },
      inputs: { prompts: Uint32Array.from(prompts.flat()), qkv: qkv.f32 },
      outputs: { cache: rows * cacheLength * width },
      grid: flatGrid(rows * 4 * width),
    });
    const want = new Float32Array(rows * cacheLength * width).fill(POISON);
    prompts.forEach(([first, length], row) => {
      for (let p = 0; p < length; p++)
        for (let c = 0; c < width; c++)
          want[(row * cacheLength + p) * width + c] = qkv.f32[(first + p) * (skip + width) + skip + c];
    });
    expect(cache).toEqual(want);
  });
});
