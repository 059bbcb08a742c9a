/**
 * The few statistics the lab reports: mean, deviation, quantile, correlation and the interval of a proportion.
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
  if (samples === 0) return { low: 0, high: 1 };
  const share = correct / samples;
  const z2 = Z_95 * Z_95;
  const scale = 1 + z2 / samples;
  const center = (share + z2 / (2 * samples)) / scale;
  const half = (Z_95 / scale) * Math.sqrt((share * (1 - share)) / samples + z2 / (4 * samples * samples));
  // The ends are exactly 0 and 1 there; rounding would leave 1e-17 or 1 + 1e-16.
  return {
    low: correct === 0 ? 0 : center - half,
    high: correct === samples ? 1 : center + half,
  };
}

/** `correct` of `samples` as evaluations report it. Without samples the accuracy is 0 and the interval [0, 1]. */
export function score(correct: number, samples: number): Score {
  const interval = wilson(correct, samples);
  return { correct, samples, accuracy: samples === 0 ? 0 : correct / samples, ...interval };
}
