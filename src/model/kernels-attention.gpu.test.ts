import { describe, expect, it } from 'vitest';
import { flatGrid } from '../gpu/kernel';
import { openTestGpu } from '../gpu/testing';
import { attention, attentionBackward } from './reference/attention';
import { packRows } from './reference/rows';
import { generator } from './reference/testing';
import { SHADERS } from './shaders';
import { expectClose, POISON, random32, runKernel } from './testing';
import { f32 } from './workspace';

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
