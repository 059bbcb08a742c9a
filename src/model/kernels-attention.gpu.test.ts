import { describe, expect, it } from 'vitest';
import type { Gpu } from '../gpu/device';
import { openTestGpu } from '../gpu/testing';
import {
  type AttentionPass,
  type AttentionVariant,
  attentionKernels,
  type Heads,
} from './attention-variants';
import { attention, attentionBackward } from './reference/attention';
import { packRows } from './reference/rows';
import { generator } from './reference/testing';
import { expectClose, type KernelRun, POISON, random32, runKernel, unsigned } from './testing';

/** Columns from .. to of each row of x [rows, width]. */
const columns = (x: Float64Array, width: number, from: number, to: number) =>
  Float64Array.from(
    { length: (x.length / width) * (to - from) },
    (_, i) => x[Math.floor(i / (to - from)) * width + from + (i % (to - from))],
  );

/** Rows of these lengths over such heads: inputs, and what the reference makes of them. */
function attentionCase(lengths: readonly number[], heads: Heads, seed: number) {
  const random = generator(seed);
  const packed = packRows(lengths.map((n) => new Array<number>(n).fill(0)));
  const tokens = packed.ids.length;
  const { headDim } = heads;
  const stride = (heads.heads + 2 * heads.kvHeads) * headDim;
  const [queryEnd, keyEnd] = [heads.heads * headDim, (heads.heads + heads.kvHeads) * headDim];
  // Scores of some size, so that the running maximum moves.
  const qkv = random32(random, tokens * stride, 3);
  const dout = random32(random, tokens * queryEnd);
  const q = columns(qkv.f64, stride, 0, queryEnd);
  const k = columns(qkv.f64, stride, queryEnd, keyEnd);
  const v = columns(qkv.f64, stride, keyEnd, stride);
  const shape = { heads: heads.heads, keyHeads: heads.kvHeads, headDim };
  return {
    tokens,
    stride,
    queryEnd,
    keyEnd,
    spans: Uint32Array.from(packed.spans.flatMap(({ start, end }) => [start, end])),
    qkv: qkv.f32,
    dout: dout.f32,
    out: attention(q, k, v, packed.spans, shape),
    gradient: attentionBackward(dout.f64, q, k, v, packed.spans, shape),
  };
}

type Case = ReturnType<typeof attentionCase>;

/** Where two results' bits first differ, or -1. */
function firstDifference(a: Float32Array, b: Float32Array): number {
  const [x, y] = [unsigned(a), unsigned(b)];
  return x.findIndex((bits, i) => bits !== y[i]);
}

/** One pass by one kernel. */
function runPass(
  gpu: Gpu,
  { tokens }: Case,
  variant: AttentionVariant,
  run: Pick<KernelRun, 'inputs' | 'outputs'>,
) {
  return runKernel(gpu, variant.file, {
    constants: variant.constants,
    uniforms: { extent: [tokens, 0], shape: variant.shape },
    grid: variant.grid(tokens),
    ...run,
  });
}

/** Every pass by every kernel for it: the first held to the reference, the others to the bits of the first. */
async function checkAttention(gpu: Gpu, heads: Heads, c: Case): Promise<void> {
  const { tokens, stride, queryEnd, keyEnd, spans, qkv, dout } = c;
  const values = tokens * heads.heads;
  const passes = async (pass: AttentionPass, run: Pick<KernelRun, 'inputs' | 'outputs'>) => {
    const [simple, ...others] = attentionKernels(pass, heads, gpu.subgroupSize);
    const results = await runPass(gpu, c, simple, run);
    for (const variant of others)
      for (const [name, got] of Object.entries(await runPass(gpu, c, variant, run)))
        expect(firstDifference(got, results[name]), `${name} by ${variant.name}`).toBe(-1);
    return results;
  };
  const { out, logsumexp } = await passes('forward', {
    inputs: { spans, qkv },
    outputs: { out: tokens * queryEnd, logsumexp: values },
  });
  expectClose(out, c.out, 'out', { absolute: 1e-5 });
  const query = await passes('backward_query', {
    inputs: { spans, qkv, out, dout, logsumexp },
    outputs: { delta: values, dqkv: tokens * stride },
  });
  const keyValue = await passes('backward_key_value', {
    inputs: { spans, qkv, dout, logsumexp, delta: query.delta },
    outputs: { dqkv: tokens * stride },
  });
  const part = (got: Float32Array, from: number, to: number) =>
    columns(Float64Array.from(got), stride, from, to);
  const close = { absolute: 3e-5, relative: 1e-4 };
  expectClose(part(query.dqkv, 0, queryEnd), c.gradient.dQ, 'dq', close);
  expectClose(part(keyValue.dqkv, queryEnd, keyEnd), c.gradient.dK, 'dk', close);
  expectClose(part(keyValue.dqkv, keyEnd, stride), c.gradient.dV, 'dv', close);
  // Each leaves the other's columns alone.
  expect(part(query.dqkv, queryEnd, stride).every((value) => value === POISON)).toBe(true);
  expect(part(keyValue.dqkv, 0, queryEnd).every((value) => value === POISON)).toBe(true);
}

describe('the attention kernels over packed rows', () => {
  for (const [lengths, heads, kvHeads, headDim] of [
    [[1], 1, 1, 2],
    [[5, 1, 7], 1, 1, 6],
    [[31, 33], 2, 1, 4],
    [[1, 40, 2, 22], 3, 3, 2],
    [[3, 17, 13], 6, 2, 10],
    [[64, 1], 1, 1, 4],
    // Blocks of tokens over three rows, blocks of keys that end within a row, and rows longer than a tile.
    [[1], 1, 1, 4],
    [[3, 1, 2, 1, 70, 13], 4, 2, 16],
    [[65, 65, 9], 3, 1, 16],
  ] as const)
    it(`attend in rows of ${lengths} with ${heads} heads of ${headDim} over ${kvHeads}, and go back`, async () => {
      const shape = { heads, kvHeads, headDim };
      await checkAttention(await openTestGpu(), shape, attentionCase(lengths, shape, heads * 100 + headDim));
    });

  it('attend in a row of 2,048 tokens beside a short one, and go back', async () => {
    const shape = { heads: 2, kvHeads: 2, headDim: 16 };
    await checkAttention(await openTestGpu(), shape, attentionCase([5, 2048], shape, 1));
  });
});
