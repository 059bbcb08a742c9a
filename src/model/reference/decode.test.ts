import { describe, expect, it } from 'vitest';
import { type SamplingOptions, sampleToken, samplingThreshold } from './decode';

/** Probabilities 0.1, 0.4, 0.2, 0.2, 0.1: two ties. */
const probabilities = [0.1, 0.4, 0.2, 0.2, 0.1];
const logits = probabilities.map(Math.log);
const options = (change: Partial<SamplingOptions> = {}): SamplingOptions => ({
  temperature: 1,
  topK: 0,
  topP: 1,
  ...change,
});
const kept = (change: Partial<SamplingOptions>) => {
  const threshold = samplingThreshold(Float64Array.from(logits), options(change));
  return logits.flatMap((z, id) => (z >= threshold ? [id] : []));
};

describe('sampleToken', () => {
  it.each([
    [0, 0],
    [0.099, 0],
    [0.101, 1],
    [0.499, 1],
    [0.501, 2],
    [0.899, 3],
    [0.901, 4],
    [0.999999999, 4],
  ])('takes u = %f through the cumulative distribution in the order of ids to token %i', (u, token) => {
    const sample = sampleToken(logits, u, options());
    expect(sample.token).toBe(token);
    expect(sample.logp).toBeCloseTo(Math.log(probabilities[token]), 14);
  });

  it('divides by the temperature, in the draw and in the log-probability', () => {
    // At temperature 1/2 the probabilities are squared: 1, 16, 4, 4, 1 of 26.
    const sample = sampleToken(logits, 16.9 / 26, options({ temperature: 0.5 }));
    expect(sample.token).toBe(1);
    expect(sample.logp).toBeCloseTo(Math.log(16 / 26), 14);
    expect(sampleToken(logits, 17.1 / 26, options({ temperature: 0.5 })).token).toBe(2);
  });

  it('keeps all ties of the k-th largest', () => {
    expect(kept({ topK: 1 })).toEqual([1]);
    expect(kept({ topK: 2 })).toEqual([1, 2, 3]);
    expect(kept({ topK: 3 })).toEqual([1, 2, 3]);
    expect(kept({ topK: 4 })).toEqual([0, 1, 2, 3, 4]);
    expect(kept({ topK: 50 })).toEqual([0, 1, 2, 3, 4]);
  });

  it('keeps the smallest likeliest set that reaches p, with all ties of the last', () => {
    expect(kept({ topP: 0.39 })).toEqual([1]);
    expect(kept({ topP: 0.41 })).toEqual([1, 2, 3]);
    expect(kept({ topP: 0.79 })).toEqual([1, 2, 3]);
    expect(kept({ topP: 0.81 })).toEqual([0, 1, 2, 3, 4]);
    expect(kept({ topP: 0.01 })).toEqual([1]);
  });

  it('applies top-p to what top-k left: 0.4 of 0.8 is a half', () => {
    expect(kept({ topK: 2, topP: 0.49 })).toEqual([1]);
    expect(kept({ topK: 2, topP: 0.51 })).toEqual([1, 2, 3]);
  });

  it('draws among the kept alone and reports the log-probability of the full distribution', () => {
    const filtered = options({ topK: 2 });
    expect(sampleToken(logits, 0, filtered).token).toBe(1);
    expect(sampleToken(logits, 0.51, filtered).token).toBe(2);
    const last = sampleToken(logits, 0.99, filtered);
    expect(last.token).toBe(3);
    expect(last.logp).toBeCloseTo(Math.log(0.2), 14);
  });

  it('is greedy without a draw: the lowest id among the largest', () => {
    const sample = sampleToken([1, 3, 3, 2], 0.9, options({ greedy: true }));
    expect(sample.token).toBe(1);
    expect(sample.logp).toBeCloseTo(-Math.log(2 + Math.exp(-2) + Math.exp(-1)), 14);
  });

  it('never draws a token whose probability underflows to 0', () => {
    expect(sampleToken([-2000, 0, -2000], 0, options()).token).toBe(1);
    expect(sampleToken([-2000, 0, -2000], 1 - 2 ** -32, options()).token).toBe(1);
  });

  it('draws each token as often as its probability over an even grid of u', () => {
    const counts = [0, 0, 0, 0, 0];
    for (let i = 0; i < 1000; i++) counts[sampleToken(logits, (i + 0.5) / 1000, options()).token]++;
    expect(counts).toEqual([100, 400, 200, 200, 100]);
  });
});
