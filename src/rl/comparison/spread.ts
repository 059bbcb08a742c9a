/**
 * A figure over seeds: its mean, the bootstrap 95% interval of the mean, and every value behind it. Two arms are
 * compared seed by seed, over the seeds both have. Used by everything in this folder.
 */
import { bootstrapMean, bootstrapRatio } from '../../run/bootstrap';
import { mean } from '../../run/statistics';

/** A figure by seed; a seed without it is left out. */
export type BySeed = ReadonlyMap<number, number>;

export interface Spread {
  /** Arithmetic; of ratios geometric. */
  mean: number;
  /** Bootstrap 95%, percentile; null with fewer than three seeds. */
  interval: [low: number, high: number] | null;
  values: { seed: number; value: number }[];
}

/** @returns null without a value */
export function spreadOf(figure: BySeed): Spread | null {
  if (figure.size === 0) return null;
  const values = listed(figure);
  const numbers = values.map(({ value }) => value);
  const interval = bootstrapMean(numbers);
  return { mean: mean(numbers), interval: interval && [interval.low, interval.high], values };
}

/** Of ratios, above 0. @returns null without a value */
export function ratioSpreadOf(figure: BySeed): Spread | null {
  if (figure.size === 0) return null;
  const values = listed(figure);
  const { mean, interval } = bootstrapRatio(values.map(({ value }) => value));
  return { mean, interval: interval && [interval.low, interval.high], values };
}

const listed = (figure: BySeed): Spread['values'] =>
  [...figure].sort(([a], [b]) => a - b).map(([seed, value]) => ({ seed, value }));

/** A figure of each item; those where it is null are left out. */
export function bySeed<T>(items: ReadonlyMap<number, T>, of: (item: T) => number | null): BySeed {
  const figure = new Map<number, number>();
  for (const [seed, item] of items) {
    const value = of(item);
    if (value !== null) figure.set(seed, value);
  }
  return figure;
}

/** `of` the two figures of each seed that has both; a pair for which it is null is left out. */
export function paired(a: BySeed, b: BySeed, of: (a: number, b: number) => number | null): BySeed {
  return bySeed(
    new Map([...a].flatMap(([seed, value]) => (b.has(seed) ? [[seed, [value, b.get(seed)!] as const]] : []))),
    ([first, second]) => of(first, second),
  );
}

export const difference = (a: number, b: number): number => a - b;

/** null where one side is 0: reached before the first step, there is nothing to divide. */
export const ratio = (a: number, b: number): number | null => (a > 0 && b > 0 ? a / b : null);
