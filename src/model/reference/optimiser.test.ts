import { describe, expect, it } from 'vitest';
import { adamW, zeroMoments } from './adamw';
import { clipFactor, clipGradients, globalNorm } from './clip';
import { learningRateFactor } from './schedule';

describe('gradient clip', () => {
  const gradients = new Map([
    ['a', new Float64Array([3])],
    ['b', new Float64Array([0, -4])],
  ]);

  it('takes one norm over all gradients and scales them by max / (norm + 1e-6)', () => {
    expect(globalNorm(gradients)).toBe(5);
    const { clipped, norm } = clipGradients(gradients, 1);
    expect(norm).toBe(5);
    expect(clipped.get('b')?.[1]).toBeCloseTo(-4 / 5.000001, 14);
  });

  it('leaves gradients below the norm alone', () => {
    expect(clipFactor(0.5, 1)).toBe(1);
    expect(clipGradients(gradients, 10).clipped).toEqual(gradients);
  });
});

describe('adamW', () => {
  const settings = { learningRate: 0.1, beta1: 0.9, beta2: 0.99, epsilon: 0, weightDecay: 0 };

  it('moves by the learning rate against the gradient sign at the first step, whatever its size', () => {
    const weight = new Float64Array([1, 1, 1]);
    adamW(weight, new Float64Array([1e-6, -100, 3]), zeroMoments(3), 1, settings);
    expect([...weight].map((w) => Number(w.toFixed(12)))).toEqual([0.9, 1.1, 0.9]);
  });

  it('decays the weight apart from the gradient: 2 becomes 2 (1 - 0.1 * 0.5) - 0.1', () => {
    const weight = new Float64Array([2]);
    adamW(weight, new Float64Array([7]), zeroMoments(1), 1, { ...settings, weightDecay: 0.5 });
    expect(weight[0]).toBeCloseTo(1.8, 14);
  });

  it('carries its moments on: gradients 1 then 0 leave means 0.09 and 0.0099', () => {
    const weight = new Float64Array([0]);
    const moments = zeroMoments(1);
    adamW(weight, new Float64Array([1]), moments, 1, settings);
    adamW(weight, new Float64Array([0]), moments, 2, settings);
    expect(moments.first[0]).toBeCloseTo(0.09, 14);
    expect(moments.second[0]).toBeCloseTo(0.0099, 14);
    // Second step: (0.09 / (1 - 0.81)) / sqrt(0.0099 / (1 - 0.9801)).
    expect(weight[0]).toBeCloseTo(-0.1 - (0.1 * (0.09 / 0.19)) / Math.sqrt(0.0099 / 0.0199), 12);
  });
});

describe('learningRateFactor', () => {
  it('rises to the peak over the warm-up, never from 0', () => {
    const rise = [0, 1, 2, 3, 4].map((step) => learningRateFactor('constant', step, 4, 100));
    expect(rise).toEqual([0.25, 0.5, 0.75, 1, 1]);
  });

  it('falls linearly, or by half a cosine, from the end of the warm-up to the last step', () => {
    expect(learningRateFactor('linear', 10, 10, 110)).toBe(1);
    expect(learningRateFactor('linear', 60, 10, 110)).toBe(0.5);
    expect(learningRateFactor('linear', 110, 10, 110)).toBe(0);
    expect(learningRateFactor('cosine', 35, 10, 110)).toBeCloseTo((1 + Math.SQRT1_2) / 2, 14);
    expect(learningRateFactor('cosine', 110, 10, 110)).toBeCloseTo(0, 14);
    expect(learningRateFactor('cosine', 500, 10, 110)).toBeCloseTo(0, 14);
  });

  it('stands still at a constant schedule, warm-up of 0 and one step included', () => {
    expect(learningRateFactor('constant', 0, 0, 1)).toBe(1);
    expect(learningRateFactor('linear', 0, 0, 1)).toBe(1);
    expect(learningRateFactor('constant', 99, 0, 100)).toBe(1);
  });
});
