import { describe, expect, it } from 'vitest';
import { attention, attentionBackward } from './attention';
import { embedding, embeddingBackward } from './embedding';
import { linear, linearBackwardInput, linearBackwardWeight } from './linear';
import { logSoftmaxGather, logSoftmaxGatherBackward } from './log-softmax';
import { nll } from './nll';
import { rmsNorm, rmsNormBackward } from './rms-norm';
import { rope, ropeBackward } from './rope';
import { NO_TARGET, packEntries, packRows } from './rows';
import { swiglu, swigluBackward } from './swiglu';
import { centralDifferences, dot, generator, randomArray, relativeError } from './testing';

/** Checks each analytic gradient against central differences of `dot(forward(), upstream)`. */
function expectGradients(
  forward: () => Float64Array,
  upstream: Float64Array,
  pairs: [Float64Array, Float64Array][],
) {
  for (const [input, analytic] of pairs) {
    const numeric = centralDifferences(() => dot(forward(), upstream), input);
    expect(relativeError(analytic, numeric)).toBeLessThan(1e-6);
  }
}

describe('embedding', () => {
  it('copies rows of the table', () => {
    expect(embedding(new Float64Array([1, 2, 3, 4, 5, 6]), [2, 0], 2)).toEqual(
      new Float64Array([5, 6, 1, 2]),
    );
  });

  it('has the gradient of central differences, a repeated token summing over its places', () => {
    const random = generator(1);
    const table = randomArray(random, 5 * 3);
    const ids = [4, 0, 4, 4, 2];
    const up = randomArray(random, ids.length * 3);
    expectGradients(() => embedding(table, ids, 3), up, [[table, embeddingBackward(up, ids, 5, 3)]]);
  });
});

describe('rmsNorm', () => {
  it('divides 3, 4 by their root mean square sqrt(12.5)', () => {
    const y = rmsNorm(new Float64Array([3, 4]), new Float64Array([1, 10]), 0);
    expect(relativeError(y, [3 / Math.sqrt(12.5), 40 / Math.sqrt(12.5)])).toBeLessThan(1e-15);
  });

  it.each([
    [1, 1],
    [3, 7],
    [5, 13],
  ])('has the gradients of central differences at %i rows of %i', (rows, width) => {
    const random = generator(rows);
    const x = randomArray(random, rows * width);
    const weight = randomArray(random, width, 0.3, 1);
    const up = randomArray(random, rows * width);
    // A large eps, so that its part in the gradient is tested too (at width 1 it is all there is).
    const { dX, dWeight } = rmsNormBackward(up, x, weight, 0.1);
    expectGradients(() => rmsNorm(x, weight, 0.1), up, [
      [x, dX],
      [weight, dWeight],
    ]);
  });
});

describe('linear', () => {
  it('multiplies by the transposed weight', () => {
    const y = linear(new Float64Array([1, 2]), new Float64Array([3, 4, 5, 6, 7, 8]), 2, 3);
    expect(y).toEqual(new Float64Array([11, 17, 23]));
  });

  it('has the gradients of central differences at odd sizes', () => {
    const random = generator(3);
    const [rows, inputs, outputs] = [3, 5, 7];
    const x = randomArray(random, rows * inputs);
    const w = randomArray(random, outputs * inputs);
    const up = randomArray(random, rows * outputs);
    expectGradients(() => linear(x, w, inputs, outputs), up, [
      [x, linearBackwardInput(up, w, inputs, outputs)],
      [w, linearBackwardWeight(up, x, inputs, outputs)],
    ]);
  });
});

describe('rope', () => {
  it('leaves position 0 alone and turns channel 0 with channel h/2 by one radian at position 1', () => {
    const x = new Float64Array([1, 0, 0, 0, 1, 0, 0, 0]);
    const y = rope(x, [0, 1], 1, 4, 10000);
    expect(relativeError(y, [1, 0, 0, 0, Math.cos(1), 0, Math.sin(1), 0])).toBeLessThan(1e-15);
  });

  it('turns the second pair by theta^(-1/2) at four channels', () => {
    const y = rope(new Float64Array([0, 1, 0, 0]), [3], 1, 4, 100);
    expect(relativeError(y, [0, Math.cos(0.3), 0, Math.sin(0.3)])).toBeLessThan(1e-15);
  });

  it('has the gradient of central differences', () => {
    const random = generator(4);
    const positions = [0, 1, 2, 0, 5];
    const x = randomArray(random, positions.length * 3 * 6);
    const up = randomArray(random, x.length);
    expectGradients(() => rope(x, positions, 3, 6, 50), up, [[x, ropeBackward(up, positions, 3, 6, 50)]]);
  });
});

describe('attention', () => {
  const shape = { heads: 6, keyHeads: 2, headDim: 3 };
  const lengths = [5, 1, 7];
  const { spans, rows } = packRows(lengths.map((n) => new Int32Array(n)));
  const inputs = (seed: number) => {
    const random = generator(seed);
    const kv = spans.length * shape.keyHeads * shape.headDim;
    const query = spans.length * shape.heads * shape.headDim;
    return {
      q: randomArray(random, query, 2),
      k: randomArray(random, kv, 2),
      v: randomArray(random, kv),
      up: randomArray(random, query),
    };
  };

  it('gives the first token of a row its own value, and two equal keys the mean of their values', () => {
    const two = packRows([[0, 0]]).spans;
    const [q, k, v] = [new Float64Array([1, 2]), new Float64Array([5, 5]), new Float64Array([1, 4])];
    expect(attention(q, k, v, two, { heads: 1, keyHeads: 1, headDim: 1 })).toEqual(
      new Float64Array([1, 2.5]),
    );
  });

  it('has the gradients of central differences, with grouped heads and rows of different lengths', () => {
    const { q, k, v, up } = inputs(5);
    const { dQ, dK, dV } = attentionBackward(up, q, k, v, spans, shape);
    expectGradients(() => attention(q, k, v, spans, shape), up, [
      [q, dQ],
      [k, dK],
      [v, dV],
    ]);
  });

  it('never crosses rows: packed rows give what each row gives alone', () => {
    const { q, k, v } = inputs(6);
    const packed = attention(q, k, v, spans, shape);
    for (const { start, end } of rows) {
      const part = (x: Float64Array) => {
        const stride = x.length / spans.length;
        return x.slice(start * stride, end * stride);
      };
      const alone = attention(
        part(q),
        part(k),
        part(v),
        packRows([new Int32Array(end - start)]).spans,
        shape,
      );
      expect(part(packed)).toEqual(alone);
    }
  });

  it('is causal: a later key or value changes nothing before it', () => {
    const { q, k, v } = inputs(7);
    const before = attention(q, k, v, spans, shape);
    const stride = shape.keyHeads * shape.headDim;
    k.fill(9, 3 * stride, 4 * stride);
    v.fill(9, 3 * stride, 4 * stride);
    const after = attention(q, k, v, spans, shape);
    const token = shape.heads * shape.headDim;
    expect(after.slice(0, 3 * token)).toEqual(before.slice(0, 3 * token));
    expect(after.slice(3 * token, 4 * token)).not.toEqual(before.slice(3 * token, 4 * token));
    expect(after.slice(5 * token)).toEqual(before.slice(5 * token));
  });
});

describe('swiglu', () => {
  it('has the gradients of central differences', () => {
    const random = generator(8);
    const [gate, up, dOut] = [randomArray(random, 11, 4), randomArray(random, 11), randomArray(random, 11)];
    const { dGate, dUp } = swigluBackward(dOut, gate, up);
    expectGradients(() => swiglu(gate, up), dOut, [
      [gate, dGate],
      [up, dUp],
    ]);
  });
});

describe('logSoftmaxGather', () => {
  it('knows the distribution 1/2, 1/4, 1/4: entropy 1.5 ln 2, at temperature 2 the square roots', () => {
    const logits = new Float64Array([Math.log(2), 0, 0]);
    const plain = logSoftmaxGather(logits, [1], 3);
    expect(plain.logp[0]).toBeCloseTo(Math.log(1 / 4), 14);
    expect(plain.entropy[0]).toBeCloseTo(1.5 * Math.LN2, 14);
    expect(plain.lse[0]).toBeCloseTo(Math.log(4), 14);
    expect(logSoftmaxGather(logits, [0], 3, 2).logp[0]).toBeCloseTo(
      Math.log(Math.SQRT2 / (Math.SQRT2 + 2)),
      14,
    );
  });

  it('holds logits of a thousand without overflow, and gives 0 where there is no target', () => {
    const { logp, entropy } = logSoftmaxGather(
      new Float64Array([1000, 0, -1000, 5, 6, 7]),
      [0, NO_TARGET],
      3,
    );
    expect(logp).toEqual(new Float64Array([0, 0]));
    expect(entropy).toEqual(new Float64Array([0, 0]));
  });

  it.each([1, 0.7])('has the gradient of central differences at temperature %f', (temperature) => {
    const random = generator(9);
    const targets = [3, NO_TARGET, 12, 0];
    const logits = randomArray(random, targets.length * 13, 3);
    const up = randomArray(random, targets.length);
    const { lse } = logSoftmaxGather(logits, targets, 13, temperature);
    expectGradients(() => logSoftmaxGather(logits, targets, 13, temperature).logp, up, [
      [logits, logSoftmaxGatherBackward(up, logits, targets, lse, 13, temperature)],
    ]);
  });
});

describe('nll', () => {
  it('is the mean over trained tokens: (1 + 3) / 2, each with the gradient -1/2', () => {
    const { loss, dLogp } = nll([-1, -2, -3], [1, 0, 1]);
    expect(loss).toBe(2);
    expect([...dLogp]).toEqual([-0.5, -0, -0.5]);
  });

  it('adds up over micro-batches that are told the tokens of the whole batch', () => {
    expect(nll([-1, -2], [1, 0], 3).loss + nll([-3, -5], [1, 1], 3).loss).toBeCloseTo(3, 14);
  });

  it('is 0 when nothing is trained on', () => {
    expect(nll([-1], [0]).loss).toBe(0);
  });
});

describe('packed rows', () => {
  it('knows bounds, positions, owners and next tokens, empty rows included', () => {
    const packed = packRows([[7, 8, 9], [], [4]]);
    expect([...packed.ids]).toEqual([7, 8, 9, 4]);
    expect([...packed.positions]).toEqual([0, 1, 2, 0]);
    expect([...packed.rowOf]).toEqual([0, 0, 0, 2]);
    expect([...packed.targets]).toEqual([8, 9, NO_TARGET, NO_TARGET]);
    expect(packed.rows).toEqual([
      { start: 0, end: 3 },
      { start: 3, end: 3 },
      { start: 3, end: 4 },
    ]);
    expect([...packEntries(packed.rows, [[0.5, 0.25], [], []])]).toEqual([0.5, 0.25, 0, 0]);
  });

  it('refuses entries that do not fit the rows', () => {
    const { rows } = packRows([[7, 8, 9]]);
    expect(() => packEntries(rows, [[1, 2, 3]])).toThrow(/expected 2 values for row 0, got 3/);
    expect(() => packEntries(rows, [])).toThrow(/expected 1 rows/);
  });
});
