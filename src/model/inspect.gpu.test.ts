import { describe, expect, it } from 'vitest';
import { flatGrid } from '../gpu/kernel';
import { openTestGpu } from '../gpu/testing';
import { initialAdapter } from './adapter-layout';
import { positionsFrom } from './batch';
import { likeliest } from './inspect';
import { attentionWeights } from './reference/attention';
import { logSoftmaxGather } from './reference/log-softmax';
import { rowLogits } from './reference/policy';
import { packRows } from './reference/rows';
import { generator } from './reference/testing';
import { SHADERS } from './shaders';
import { expectClose, makePolicy, random32, randomWeights, runKernel, tinyConfig } from './testing';
import { f32 } from './workspace';

/** Columns from .. to of each row of x [rows, width]. */
const columns = (x: Float64Array, width: number, from: number, to: number) =>
  Float64Array.from(
    { length: (x.length / width) * (to - from) },
    (_, i) => x[Math.floor(i / (to - from)) * width + from + (i % (to - from))],
  );

describe('the kernel of attention weights', () => {
  for (const [lengths, heads, keyHeads, headDim] of [
    [[1], 1, 1, 2],
    [[5, 1, 7], 2, 1, 6],
    [[13, 33], 6, 2, 10],
    [[64, 3], 3, 3, 4],
  ] as const)
    it(`writes each of ${heads} heads of ${headDim} over ${keyHeads}, in rows of ${lengths}`, async () => {
      const gpu = await openTestGpu();
      const packed = packRows(lengths.map((n) => new Array<number>(n).fill(0)));
      const tokens = packed.ids.length;
      const stride = (heads + 2 * keyHeads) * headDim;
      const qkv = random32(generator(heads * 10 + headDim), tokens * stride, 2);
      const q = columns(qkv.f64, stride, 0, heads * headDim);
      const k = columns(qkv.f64, stride, heads * headDim, (heads + keyHeads) * headDim);
      const spans = Uint32Array.from(packed.spans.flatMap(({ start, end }) => [start, end]));
      const scale = f32(1 / Math.sqrt(headDim));
      const { logsumexp } = await runKernel(gpu, SHADERS.attention, {
        constants: { HEAD_DIM: headDim },
        uniforms: { extent: [tokens, 0], shape: [heads, keyHeads, scale, headDim] },
        inputs: { spans, qkv: qkv.f32 },
        outputs: { out: tokens * heads * headDim, logsumexp: tokens * heads },
        grid: flatGrid(tokens * heads),
      });
      for (let head = 0; head < heads; head++) {
        const { weights } = await runKernel(gpu, SHADERS.attentionWeights, {
          constants: { HEAD_DIM: headDim },
          uniforms: { extent: [tokens, 0], shape: [heads, keyHeads, scale, head] },
          inputs: { spans, qkv: qkv.f32, logsumexp },
          outputs: { weights: tokens * tokens },
          grid: flatGrid(tokens * tokens),
        });
        const want = attentionWeights(q, k, packed.spans, { heads, keyHeads, headDim }, head);
        expectClose(weights, want, `weights of head ${head}`, { absolute: 3e-6, relative: 1e-4 });
      }
    });
});

describe('a row that is inspected', () => {
  const config = tinyConfig({
    hidden_size: 10,
    num_hidden_layers: 3,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    head_dim: 6,
  });
  const V = config.vocab_size;
  const random = generator(4);
  const row = Array.from({ length: 23 }, () => Math.floor(random() * V));
  const T = row.length;
  const weights = randomWeights(config, 9);
  const settings = { temperature: 0.8, top: 4, layer: 1, head: 3 };

  it('has the reference’s log-probabilities, entropies and alternatives, with or without training', async () => {
    const gpu = await openTestGpu();
    const logits = rowLogits(config, weights.f64, [row])[0].slice(0, (T - 1) * V);
    const want = logSoftmaxGather(logits, row.slice(1), V, settings.temperature);
    const seen = [];
    for (const trained of [true, false]) {
      const policy = await makePolicy(gpu, config, weights.f32, { trained, batchRows: trained ? 8 : 0 });
      const found = await policy.inspect(row, settings);
      policy.destroy();
      expectClose(found.logps, want.logp, 'logps', { absolute: 2e-5 });
      expectClose(found.entropies, want.entropy, 'entropies', { absolute: 2e-5 });
      for (let place = 0; place < T - 1; place++) {
        const all = Array.from({ length: V }, (_, v) => logits[place * V + v] / settings.temperature);
        const order = all.map((_, v) => v).sort((a, b) => all[b] - all[a]);
        const best = order.slice(0, settings.top);
        expect([...found.topTokens.subarray(place * settings.top, (place + 1) * settings.top)]).toEqual(best);
        expectClose(
          found.topLogps.subarray(place * settings.top, (place + 1) * settings.top),
          best.map((v) => all[v] - want.lse[place]),
          `alternatives at ${place}`,
          { absolute: 2e-5 },
        );
      }
      seen.push(found);
    }
    expectClose(seen[1].attention, seen[0].attention, 'attention without training');
  });

  it('shows weights of every layer and head that add up to 1 and look only back', async () => {
    const policy = await makePolicy(await openTestGpu(), config, weights.f32);
    const all: Float32Array[] = [];
    for (let layer = 0; layer < 3; layer++)
      for (let head = 0; head < 4; head++) {
        const { attention } = await policy.inspect(row, { ...settings, layer, head });
        for (let t = 0; t < T; t++) {
          const of = attention.subarray(t * T, (t + 1) * T);
          expect(of.reduce((sum, w) => sum + w, 0)).toBeCloseTo(1, 5);
          expect(of.subarray(t + 1).every((w) => w === 0)).toBe(true);
          expect(of.subarray(0, t + 1).every((w) => w > 0)).toBe(true);
        }
        all.push(attention);
      }
    policy.destroy();
    // Each is a head of its own.
    expect(new Set(all.map((attention) => attention[T * T - T])).size).toBe(12);
  });

  it('costs nothing that is counted, keeps no buffer, and sees an adapter only where it is asked to', async () => {
    const adapter = { rank: 2, alpha: 4, targets: ['q_proj', 'v_proj', 'o_proj'] as const, norms: false };
    const policy = await makePolicy(await openTestGpu(), config, weights.f32, { adapter });
    const factors = initialAdapter(config, adapter, () => 0.5 * random());
    for (const values of factors.values()) for (let i = 0; i < values.length; i++) values[i] += 0.3;
    policy.adapter!.parameters.upload(factors);
    const before = { ...policy.spent };
    const made = policy.buffersCreated;
    const plain = await policy.inspect(row, settings);
    const through = await policy.inspect(row, settings, 'adapter');
    expect(policy.spent).toEqual(before);
    expect(policy.buffersCreated).toBe(made);
    const rows = [{ tokens: row, active: positionsFrom(1, T) }];
    const { temperature } = settings;
    const [scored] = await policy.score(rows, { temperature });
    const [adapted] = await policy.score(rows, { temperature, through: 'adapter' });
    policy.destroy();
    expect(plain.logps).toEqual(scored.logps);
    expect(through.logps).toEqual(adapted.logps);
    expect(plain.logps).not.toEqual(through.logps);
  });

  it('refuses rows and heads that there are not, and says what there is', async () => {
    const policy = await makePolicy(await openTestGpu(), config, weights.f32);
    await expect(policy.inspect([1], settings)).rejects.toThrow('expected a row of 2 to 128 tokens, got 1');
    await expect(policy.inspect(new Array(129).fill(1), settings)).rejects.toThrow('got 129');
    await expect(policy.inspect(row, { ...settings, layer: 3 })).rejects.toThrow(
      'a layer from 0 to 2, got 3',
    );
    await expect(policy.inspect(row, { ...settings, head: -1 })).rejects.toThrow(
      'a head from 0 to 3, got -1',
    );
    await expect(policy.inspect([1, V], settings)).rejects.toThrow(`expected a token below ${V}, got ${V}`);
    policy.destroy();
  });
});

describe('the likeliest tokens of a place', () => {
  it('come in falling order, equals in the vocabulary’s, with log-probabilities at the temperature', () => {
    // exp(0), exp(2 / 2), exp(2 / 2), exp(-2 / 2): sum 1 + 2e + 1/e.
    const total = 1 + 2 * Math.E + 1 / Math.E;
    const { tokens, logps } = likeliest(Float32Array.of(0, 2, 2, -2), 3, 2);
    expect(tokens).toEqual([1, 2, 0]);
    expectClose(logps, [1 - Math.log(total), 1 - Math.log(total), -Math.log(total)], 'logps');
  });

  it('are all of them where more are asked for than there are', () => {
    const { tokens, logps } = likeliest(Float32Array.of(1, 3), 5, 1);
    expect(tokens).toEqual([1, 0]);
    expect(logps.reduce((sum, logp) => sum + Math.exp(logp), 0)).toBeCloseTo(1, 12);
  });
});
