/**
 * Spreads as text, for tables and claims: the mean, and the interval behind it in brackets where there is one. Every
 * kind of figure has one way of being written; numbers themselves are formatted by `run/format.ts`.
 */
import { formatCount, formatFixed, formatNumber } from '../../run/format';
import type { Spread } from './spread';

export const NOT_MEASURED = 'not measured';

type Maybe = Spread | null | undefined;

const written = (spread: Maybe, text: (value: number) => string): string => {
  if (!spread) return NOT_MEASURED;
  const { mean, interval } = spread;
  return interval ? `${text(mean)} [${text(interval[0])},${text(interval[1])}]` : text(mean);
};

const signed = (value: number, text: (value: number) => string): string => {
  const shown = text(value);
  return value > 0 && /[1-9]/.test(shown) ? `+${shown}` : shown;
};

/** A share without the sign: 63.1. */
export const inPercent = (value: number): string => formatFixed(100 * value, 1);

/** Of a share, without the sign: 63.1 [62.0,64.2]. */
export const percent = (spread: Maybe): string => written(spread, inPercent);

/** Of a difference of shares, in percentage points: +1.2 [−0.3,+2.4]. */
export const points = (spread: Maybe): string => written(spread, (value) => signed(value, inPercent));

/** Of a ratio: 1.62 [1.49,1.68]. */
export const times = (spread: Maybe): string => written(spread, (value) => formatFixed(value, 2));

/** Of a correlation or an error. */
export const figure = (spread: Maybe): string => written(spread, (value) => formatFixed(value, 2));

/** Of a difference of correlations. */
export const change = (spread: Maybe): string =>
  written(spread, (value) => signed(value, (v) => formatFixed(v, 2)));

/** The mean alone. */
export const meanCount = (spread: Maybe): string => (spread ? formatCount(spread.mean) : NOT_MEASURED);

/** The mean alone, in units of `size`. */
export const meanIn = (spread: Maybe, size: number): string =>
  spread ? formatNumber(spread.mean / size) : NOT_MEASURED;
