/**
 * The few statistics the lab reports: mean, deviation, quantile, correlation, the interval of a proportion, and
 * the mean@k and pass@k of benchmark tables.
 * Plain doubles on the host; nothing here is differentiated or runs on the device.
 * Used by the trainer's metrics, by evaluations and by reports.
 */
import type { Score } from './events';

/** 97.5% quantile of the standard normal distribution: two-sided 95%. */
export const Z_95 = 1.959964;

function requireValues(where: string, values: ArrayLike<number>): void {
  if (values.length === 0) throw new Error(`${where}: expected at least one value, got none`);
}

/** Arithmetic mean of `values` [n], n >= 1. */
export function mean(values: ArrayLike<number>): number {
  requireValues('mean', values);
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum / values.length;
}

/**
 * Population standard deviation of `values` [n], n >= 1: divided by n, not n - 1, because the rollouts of a
 * group are all there is of the group (DeepSeekMath, arXiv 2402.03300, section 4.1).
 */
export function standardDeviation(values: ArrayLike<number>): number {
  requireValues('standardDeviation', values);
  const center = mean(values);
  let squares = 0;
  for (let i = 0; i < values.length; i++) squares += (values[i] - center) ** 2;
  return Math.sqrt(squares / values.length);
}

/**
 * The value below which a share `q` of `values` lies, between neighbours by linear interpolation
 * (type 7 of Hyndman and Fan 1996, the default of R and NumPy). `values` need not be sorted and stay as they are.
 */
export function quantile(values: ArrayLike<number>, q: number): number {
  requireValues('quantile', values);
  if (!(q >= 0 && q <= 1)) throw new Error(`quantile: expected a share from 0 to 1, got ${q}`);
  const sorted = Float64Array.from(values).sort();
  const place = q * (sorted.length - 1);
  const below = Math.floor(place);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (place - below) * (sorted[above] - sorted[below]);
}

/**
 * Pearson's correlation of pairs `x` [n] and `y` [n]; null where it is undefined: fewer than two pairs, or one
 * side constant.
 */
export function pearson(x: ArrayLike<number>, y: ArrayLike<number>): number | null {
  if (x.length !== y.length)
    throw new Error(`pearson: expected as many y as x, got ${x.length} x and ${y.length} y`);
  if (x.length < 2) return null;
  const meanX = mean(x);
  const meanY = mean(y);
  let xx = 0;
  let yy = 0;
  let xy = 0;
  for (let i = 0; i < x.length; i++) {
    const dx = x[i] - meanX;
    const dy = y[i] - meanY;
    xx += dx * dx;
    yy += dy * dy;
    xy += dx * dy;
  }
  // A constant side can leave rounding dust in its sum of squares (the mean of 0.1, 0.1, 0.1 is not 0.1), so
  // "constant" is decided on the values themselves.
  if (isConstant(x) || isConstant(y) || xx === 0 || yy === 0) return null;
  return Math.max(-1, Math.min(1, xy / (Math.sqrt(xx) * Math.sqrt(yy))));
}

function isConstant(values: ArrayLike<number>): boolean {
  for (let i = 1; i < values.length; i++) if (values[i] !== values[0]) return false;
  return true;
}

/**
 * Wilson's 95% score interval of a proportion (Wilson 1927): it stays inside [0, 1] and has a width even when
 * all or none were correct. Without samples nothing is known: [0, 1].
 */
export function wilson(correct: number, samples: number): { low: number; high: number } {
  if (!Number.isInteger(samples) || samples < 0)
    throw new Error(`wilson: expected a whole number of samples, got ${samples}`);
  if (!Number.isInteger(correct) || correct < 0 || correct > samples)
    throw new Error(`wilson: expected correct to be a whole number from 0 to ${samples}, got ${correct}`);
  return wilsonOfShare(samples === 0 ? 0 : correct / samples, samples);
}

/**
 * Wilson's interval about the mean `share` of `samples` values from 0 to 1 that need not be 0 or 1, such as
 * estimates of pass@k. Their variance is at most a proportion's of the same mean, so it is, if anything, too wide.
 */
export function wilsonOfShare(share: number, samples: number): { low: number; high: number } {
  if (!(share >= 0 && share <= 1))
    throw new Error(`wilsonOfShare: expected a share from 0 to 1, got ${share}`);
  if (samples === 0) return { low: 0, high: 1 };
  const z2 = Z_95 * Z_95;
  const scale = 1 + z2 / samples;
  const center = (share + z2 / (2 * samples)) / scale;
  const half = (Z_95 / scale) * Math.sqrt((share * (1 - share)) / samples + z2 / (4 * samples * samples));
  // The ends are exactly 0 and 1 there; rounding would leave 1e-17 or 1 + 1e-16.
  return {
    low: share === 0 ? 0 : center - half,
    high: share === 1 ? 1 : center + half,
  };
}

/** `correct` of `samples` as evaluations report it. Without samples the accuracy is 0 and the interval [0, 1]. */
export function score(correct: number, samples: number): Score {
  const interval = wilson(correct, samples);
  return { correct, samples, accuracy: samples === 0 ? 0 : correct / samples, ...interval };
}

/** How often a problem was answered, and how often rightly. */
export interface AnswerCount {
  samples: number;
  correct: number;
}

/** A quantity with its 95% interval. */
export interface Estimate {
  value: number;
  low: number;
  high: number;
}

/**
 * Probability that at least one of `k` answers is right, estimated without bias from `correct` of `samples`
 * answers, k <= samples: 1 - C(samples - correct, k) / C(samples, k), as a product that cannot overflow
 * (Chen et al. 2021, arXiv 2107.03374, section 2.1).
 */
export function passAtK({ samples, correct }: AnswerCount, k: number): number {
  if (!Number.isInteger(correct) || correct < 0 || correct > samples)
    throw new Error(`passAtK: expected correct to be a whole number from 0 to ${samples}, got ${correct}`);
  if (!Number.isInteger(k) || k < 1 || k > samples)
    throw new Error(
      `passAtK: expected k to be a whole number from 1 to the ${samples} samples, got ${k}; draw more samples`,
    );
  if (samples - correct < k) return 1;
  let allWrong = 1;
  for (let i = samples - correct + 1; i <= samples; i++) allWrong *= 1 - k / i;
  return 1 - allWrong;
}

/**
 * mean@k of a set: the share of right answers where every problem, n >= 1, has k. Wilson's interval over all the
 * answers says what other answers to these same problems would give.
 */
export function meanAtK(problems: readonly AnswerCount[]): Score {
  const k = problems[0]?.samples ?? 0;
  if (k < 1 || problems.some(({ samples }) => samples !== k))
    throw new Error(
      `meanAtK: expected problems with as many answers each, one or more, got [${problems.map(({ samples }) => samples).join(', ')}]`,
    );
  return score(
    problems.reduce((sum, { correct }) => sum + correct, 0),
    problems.length * k,
  );
}

/** pass@k of a set: the mean over its problems, with Wilson's interval over problems. */
export function meanPassAtK(problems: readonly AnswerCount[], k: number): Estimate {
  const value = mean(problems.map((each) => passAtK(each, k)));
  return { value, ...wilsonOfShare(value, problems.length) };
}

/**
 * The unweighted mean of independent estimates [n], n >= 1. Its interval is made from theirs: with d the
 * distances of the low ends, the low end is the mean less sqrt(sum of d^2) / n, and so for the high ends
 * (the variance recovery of Zou and Donner 2008). It keeps a width where all were right, as Wilson's does.
 */
export function averageEstimate(estimates: readonly Estimate[]): Estimate {
  const value = mean(estimates.map((each) => each.value));
  const reach = (distance: (each: Estimate) => number): number =>
    Math.hypot(...estimates.map(distance)) / estimates.length;
  return {
    value,
    low: Math.max(0, value - reach((each) => each.value - each.low)),
    high: Math.min(1, value + reach((each) => each.high - each.value)),
  };
}
