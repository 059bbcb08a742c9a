/** Attention over a policy's heads as families to choose kernels for, with what they are tried on. Used by `families.ts`. */
import type { Gpu } from '../gpu/device';
import { attentionBackwardKeyValue, attentionBackwardQuery, attentionForward, headsOf } from './attention';
import {
  ATTENTION_PASSES,
  type AttentionPass,
  type AttentionVariant,
  attentionKey,
  attentionVariants,
  type Heads,
} from './attention-variants';
import type { LlamaConfig } from './config';
import { type Family, familyOf, type TestBench, type Trial } from './variants';

/** Rows of a usual length, one of them long and one a single token, so that blocks of tokens straddle rows. */
const LENGTHS = [65, 65, 1, 65, 190];

export const attentionFamilies = (gpu: Gpu, config: LlamaConfig): Family[] =>
  ATTENTION_PASSES.map((pass) => attentionFamily(gpu, pass, headsOf(config)));

function attentionFamily(gpu: Gpu, pass: AttentionPass, heads: Heads): Family {
  const about = { key: attentionKey(pass, heads), operation: `attention_${pass}` };
  return familyOf(about, attentionVariants(gpu, pass, heads), (bench) => bindings(bench, pass, heads));
}

/** Numbers of first and end token of each token's row. */
function spansOf(lengths: readonly number[]): Uint32Array<ArrayBuffer> {
  let first = 0;
  const spans = lengths.flatMap((length) => {
    const span = [first, first + length];
    first += length;
    return Array.from({ length }, () => span).flat();
  });
  return Uint32Array.from(spans);
}

function bindings(bench: TestBench, pass: AttentionPass, heads: Heads): (variant: AttentionVariant) => Trial {
  const { maker } = bench;
  const tokens = LENGTHS.reduce((a, b) => a + b, 0);
  const values = tokens * heads.heads;
  const width = values * heads.headDim;
  const all = tokens * (heads.heads + 2 * heads.kvHeads) * heads.headDim;
  const extent = bench.extent(tokens);
  const spans = bench.filled('spans', spansOf(LENGTHS));
  const qkv = bench.floats('qkv', all);
  if (pass === 'forward') {
    const out = bench.empty('out', width);
    const logsumexp = bench.empty('logsumexp', values);
    return (variant) => ({
      ops: [attentionForward(maker, extent, { spans, qkv, out, logsumexp }, heads, variant)],
      count: tokens,
      outputs: [out, logsumexp],
    });
  }
  // At least as large as any score of such queries and keys, so that no weight is above 1.
  const highest = new Float32Array(values).fill(Math.sqrt(heads.headDim));
  const backward = pass === 'backward_query';
  const dqkv = bench.empty('dqkv', all);
  const delta = backward ? bench.empty('delta', values) : bench.floats('delta', values);
  const buffers = {
    spans,
    qkv,
    out: bench.floats('out', width),
    dout: bench.floats('dout', width),
    logsumexp: bench.filled('logsumexp', highest),
    delta,
    dqkv,
  };
  const operation = backward ? attentionBackwardQuery : attentionBackwardKeyValue;
  return (variant) => ({
    ops: [operation(maker, extent, buffers, heads, variant)],
    count: tokens,
    outputs: backward ? [dqkv, delta] : [dqkv],
  });
}
