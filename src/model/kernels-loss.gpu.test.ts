import { describe, expect, it } from 'vitest';
import { flatGrid } from '../gpu/kernel';
import { openTestGpu } from '../gpu/testing';
import { logSoftmaxGather, logSoftmaxGatherBackward } from './reference/log-softmax';
import { generator } from './reference/testing';
import { tokenLoss } from './reference/token-loss';
import { SHADERS } from './shaders';
import { expectClose, POISON, REFERENCE_LOSS, random32, runKernel } from './testing';
import { f32, perTile, vectorOf } from './workspace';

describe('the log-softmax kernels', () => {
  for (const [rows, vocabulary, temperature, scale, start] of [
    [1, 13, 1, 3, 0],
    [65, 13, 0.7, 80, 0],
    [31, 1, 1, 5, 2],
    [7, 1000, 1.5, 80, 5],
    [33, 65, 1, 20, 0],
    // Four at a time, fewer and more than a workgroup's 64 parts.
    [66, 20, 1, 20, 1],
    [5, 1004, 0.9, 40, 0],
  ])
    it(`gather ${rows} rows of ${vocabulary} at temperature ${temperature}, logits to ±${scale}, from entry ${start}`, async () => {
      const gpu = await openTestGpu();
      const random = generator(rows * vocabulary);
      const logits = random32(random, rows * vocabulary, scale);
      const entries = start + rows;
      const targets = Uint32Array.from({ length: entries }, () => Math.floor(random() * vocabulary));
      const coefficient = random32(random, entries);
      const uniforms = { extent: [rows, start], shape: [vocabulary, f32(1 / temperature)] };
      const gather = (SHARE: number) =>
        runKernel(gpu, SHADERS.logSoftmaxGather, {
          constants: { SHARE, VECTOR: vectorOf(vocabulary) },
          uniforms,
          inputs: { logits: logits.f32, targets },
          outputs: { logp: entries, entropy: entries, normaliser: entries },
          grid: flatGrid(rows * SHARE),
        });
      const forward = await gather(1);
      const own = targets.slice(start);
      const want = logSoftmaxGather(logits.f64, own, vocabulary, temperature);
      // Log-probabilities to -230 lie this close in single precision.
      const close = { absolute: 2e-5, relative: 1e-6 };
      expectClose(forward.logp.slice(start), want.logp, 'logp', close);
      expectClose(forward.entropy.slice(start), want.entropy, 'entropy', close);
      expectClose(forward.normaliser.slice(start), want.lse, 'normaliser', close);
      // The entries of other chunks stay.
      for (const values of Object.values(forward))
        expect(values.slice(0, start).every((value) => value === POISON)).toBe(true);
      expect(await gather(64)).toEqual(forward);

      const backward = await runKernel(gpu, SHADERS.logitsBackward, {
        uniforms,
        inputs: { targets, normaliser: forward.normaliser, coefficient: coefficient.f32 },
        outputs: { logits: logits.f32 },
        grid: perTile(vocabulary)(rows),
      });
      const gradient = logSoftmaxGatherBackward(
        coefficient.f64.slice(start),
        logits.f64,
        own,
        want.lse,
        vocabulary,
        temperature,
      );
      expectClose(backward.logits, gradient, 'dlogits', { absolute: 3e-5, relative: 1e-4 });
    });
});

/** Rollouts with 0 and more active tokens, and what their tokens bring along. */
function rollouts(counts: readonly number[], seed: number) {
  const random = generator(seed);
  const active = counts.reduce((a, b) => a + b, 0);
  const rowOf = Uint32Array.from(counts.flatMap((n, r) => new Array<number>(n).fill(r)));
  let first = 0;
  const ranges = Uint32Array.from(
    counts.flatMap((n) => {
      first += n;
      return [first - n, n];
    }),
  );
  return {
    active,
    rowOf,
    ranges,
    logp: random32(random, active, 0.6, -2),
    old: random32(random, active, 0.6, -2),
    reference: random32(random, active, 0.6, -2),
    // Both signs and an exact zero.
    advantages: random32(random, counts.length, 2).f32.map((a, r) => (r === 2 ? 0 : a)),
    entropy: random32(random, active, 1, 1.5),
  };
}

// Rows around a workgroup's edge, one row, rows without tokens.
const COUNTS = [
  [1],
  [5, 0, 7, 3],
  Array.from({ length: 65 }, (_, r) => (r * 3) % 5),
  Array.from({ length: 31 }, (_, r) => 1 + (r % 4)),
];

describe('the loss kernels', () => {
  for (const counts of COUNTS)
    for (const level of ['token', 'sequence'] as const)
      for (const beta of [0, 0.04])
        it(`give the ${level}-level loss of ${counts.length} rollouts with beta ${beta}`, async () => {
          const gpu = await openTestGpu();
          const all = rollouts(counts, counts.length);
          const { active, ranges, rowOf, logp, old, reference, advantages, entropy } = all;
          const options = { ...REFERENCE_LOSS, beta, importanceSamplingLevel: level };
          const want = tokenLoss(
            {
              logp: logp.f64,
              oldLogp: old.f64,
              refLogp: reference.f64,
              mask: new Uint8Array(active).fill(1),
              rowOf,
              advantages,
            },
            options,
          );
          // Weights as `grpo` has them.
          const weights = counts.map((n) => 1 / (Math.max(1, n) * counts.length));
          const rowExtent = [counts.length, 0];
          const { log_ratio } = await runKernel(gpu, SHADERS.sequenceRatio, {
            uniforms: { extent: rowExtent },
            inputs: { ranges, logp: logp.f32, old_logp: old.f32 },
            outputs: { log_ratio: counts.length },
            grid: flatGrid(counts.length),
          });
          const ratios = counts.map((n, r) => {
            let sum = 0;
            rowOf.forEach((row, a) => {
              if (row === r) sum += logp.f64[a] - old.f64[a];
            });
            return sum / Math.max(1, n);
          });
          expectClose(log_ratio, ratios, 'log_ratio');

          const lossOf = (count: number, start: number) =>
            runKernel(gpu, SHADERS.tokenLoss, {
              uniforms: {
                extent: [count, start],
                loss: [
                  level === 'token' ? 1 : 2,
                  1,
                  f32(options.epsilon),
                  f32(options.epsilonHigh),
                  f32(options.beta),
                ],
              },
              inputs: {
                rollout: rowOf,
                rollout_values: Float32Array.from(weights.flatMap((w, r) => [advantages[r], w])),
                logp: logp.f32,
                old_logp: old.f32,
                // Not to be read without beta.
                reference_logp: beta > 0 ? reference.f32 : new Float32Array(0),
                log_ratio: level === 'sequence' ? log_ratio : new Float32Array(0),
              },
              outputs: { coefficient: active, detail: 4 * active },
              grid: flatGrid(count),
            });
          const got = await lossOf(active, 0);
          expectClose(got.coefficient, want.dLogp, 'coefficient');
          // A chunk of the head's tokens, and no others.
          const [from, to] = [Math.floor(active / 3), Math.ceil((2 * active) / 3)];
          const chunk = await lossOf(to - from, from);
          expect(chunk.coefficient).toEqual(
            got.coefficient.map((value, a) => (a >= from && a < to ? value : POISON)),
          );
          expect(chunk.detail).toEqual(
            got.detail.map((value, i) => (i >= 4 * from && i < 4 * to ? value : POISON)),
          );
          const ratioOf = (a: number) =>
            Math.exp(level === 'token' ? logp.f64[a] - old.f64[a] : ratios[rowOf[a]]);
          const detail = Array.from(rowOf).flatMap((row, a) => {
            const gap = reference.f64[a] - logp.f64[a];
            return [
              want.perToken[a] * weights[row],
              beta > 0 ? Math.exp(gap) - gap - 1 : 0,
              ratioOf(a) < 0.8 && advantages[row] < 0 ? 1 : 0,
              ratioOf(a) > 1.28 && advantages[row] > 0 ? 1 : 0,
            ];
          });
          expectClose(got.detail, detail, 'detail');
          if (counts.length === 65 && level === 'token')
            for (const clipped of [2, 3])
              expect(detail.filter((value, i) => i % 4 === clipped && value === 1).length).toBeGreaterThan(3);

          // The first rollout of this micro-batch is the third of the batch.
          const { statistics } = await runKernel(gpu, SHADERS.rolloutStatistics, {
            uniforms: { extent: [counts.length, 2] },
            inputs: {
              ranges,
              logp: logp.f32,
              old_logp: old.f32,
              entropy: entropy.f32,
              detail: got.detail,
            },
            outputs: { statistics: (counts.length + 2) * 8 },
            grid: flatGrid(counts.length),
          });
          expect(statistics.slice(0, 16).every((value) => value === POISON)).toBe(true);
          const sums = counts.flatMap((n, r) => {
            const tokens = Array.from({ length: n }, (_, j) => ranges[2 * r] + j);
            const sum = (of: (a: number) => number) => tokens.reduce((total, a) => total + of(a), 0);
            const off = (a: number) => Math.abs(logp.f64[a] - old.f64[a]);
            return [
              ...[0, 1, 2, 3].map((i) => sum((a) => detail[4 * a + i])),
              sum((a) => entropy.f64[a]),
              sum((a) => logp.f64[a]),
              sum(off),
              Math.max(0, ...tokens.map(off)),
            ];
          });
          expectClose(statistics.slice(16), sums, 'statistics');
          expect(sums.reduce((total, value, i) => (i % 8 ? total : total + value), 0)).toBeCloseTo(
            want.loss,
            9,
          );
        });

  for (const kind of ['supervised', 'token', 'sequence'] as const)
    it(`give the ${kind} loss with the policy itself as the old one`, async () => {
      const gpu = await openTestGpu();
      const counts = [3, 1, 64];
      const { active, rowOf, logp } = rollouts(counts, 5);
      const values = Float32Array.from([-1.5, 0.25, 0, 0.125, 2, 0.5]);
      const got = await runKernel(gpu, SHADERS.tokenLoss, {
        uniforms: {
          extent: [active, 0],
          loss: [{ supervised: 0, token: 1, sequence: 2 }[kind], 0, f32(0.2), f32(0.28), f32(0)],
        },
        inputs: {
          rollout: rowOf,
          rollout_values: values,
          logp: logp.f32,
          // Neither these nor the sequence's ratio are to be read.
          old_logp: new Float32Array(active).fill(9),
          reference_logp: new Float32Array(active).fill(9),
          log_ratio: new Float32Array(3).fill(9),
        },
        outputs: { coefficient: active, detail: 4 * active },
        grid: flatGrid(active),
      });
      // A ratio of exactly 1: loss and slope are -A; supervised: the loss is -logp and its slope -1.
      const factor = (a: number) => (kind === 'supervised' ? 1 : values[2 * rowOf[a]]);
      const weight = (a: number) => values[2 * rowOf[a] + 1];
      const tokens = Array.from({ length: active }, (_, a) => a);
      expectClose(
        got.coefficient,
        tokens.map((a) => -weight(a) * factor(a)),
        'coefficient',
        { absolute: 0 },
      );
      const loss = (a: number) => -weight(a) * factor(a) * (kind === 'supervised' ? logp.f64[a] : 1);
      expectClose(
        got.detail,
        tokens.flatMap((a) => [loss(a), 0, 0, 0]),
        'detail',
        { absolute: 0 },
      );
    });
});
