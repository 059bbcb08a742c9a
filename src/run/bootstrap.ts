/**
 * Bootstrap intervals over a few independent values, such as one a seed: the values are drawn with replacement many
 * times, and the interval lies between the 2.5% and the 97.5% quantile of the means (the percentile interval of
 * Efron 1979). Differences and ratios are taken within pairs first, so that what the two of a pair share drops out.
 *
 * The draws are the same every time: a table made twice says the same. With three or four values the interval is
 * narrower than its name; with fewer than three it would say next to nothing and there is none.
 */
import { Purpose, Stream } from './random';
import { mean, quantile } from './statistics';

export const BOOTSTRAP_RESAMPLES = 10_000;

/** Fewest values that give an interval. */
export const BOOTSTRAP_MINIMUM = 3;

const SEED = 0;

/** [resamples x n] places, by n: the same for every quantity of as many values. */
const places = new Map<number, Uint32Array>();

function placesFor(n: number): Uint32Array {
  const known = places.get(n);
  if (known) return known;
  const stream = new Stream(SEED, Purpose.bootstrap, n);
  const drawn = Uint32Array.from({ length: BOOTSTRAP_RESAMPLES * n }, () => stream.integer(0, n - 1));
  places.set(n, drawn);
  return drawn;
}

/** 95% interval of the mean of `values` [n]; null when n is below BOOTSTRAP_MINIMUM. */
export function bootstrapMean(values: readonly number[]): { low: number; high: number } | null {
  const n = values.length;
  if (n < BOOTSTRAP_MINIMUM) return null;
  const drawn = placesFor(n);
  const means = new Float64Array(BOOTSTRAP_RESAMPLES);
  for (let i = 0; i < means.length; i++) {
    let sum = 0;
    for (let j = 0; j < n; j++) sum += values[drawn[i * n + j]];
    means[i] = sum / n;
  }
  return { low: quantile(means, 0.025), high: quantile(means, 0.975) };
}

/**
 * The same for ratios: their geometric mean and its interval, so that a ratio and its inverse say the same thing.
 * @param ratios above 0, n >= 1
 */
export function bootstrapRatio(ratios: readonly number[]): {
  mean: number;
  interval: { low: number; high: number } | null;
} {
  const wrong = ratios.find((ratio) => !(ratio > 0 && Number.isFinite(ratio)));
  if (wrong !== undefined) throw new Error(`bootstrapRatio: expected ratios above 0, got ${wrong}`);
  const logs = ratios.map(Math.log);
  const interval = bootstrapMean(logs);
  return {
    mean: Math.exp(mean(logs)),
    interval: interval && { low: Math.exp(interval.low), high: Math.exp(interval.high) },
  };
}
