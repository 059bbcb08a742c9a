import { describe, expect, test } from 'vitest';
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatFixed,
  formatNumber,
  formatPercent,
  formatPercentInterval,
  formatRate,
  formatShare,
} from './format';

describe('what is no number', () => {
  test('NaN, null and undefined are a dash in every form', () => {
    for (const nothing of [Number.NaN, null, undefined]) {
      expect(formatCount(nothing)).toBe('–');
      expect(formatFixed(nothing, 2)).toBe('–');
      expect(formatNumber(nothing)).toBe('–');
      expect(formatPercent(nothing)).toBe('–');
      expect(formatDuration(nothing)).toBe('–');
      expect(formatBytes(nothing)).toBe('–');
      expect(formatRate(nothing, 'tokens')).toBe('–');
    }
  });

  test('infinities keep their sign', () => {
    expect(formatNumber(Number.POSITIVE_INFINITY)).toBe('∞');
    expect(formatDuration(Number.NEGATIVE_INFINITY)).toBe('−∞');
  });

  test('zero has no sign, nor has what rounds to it', () => {
    expect(formatNumber(-0)).toBe('0');
    expect(formatCount(-0.4)).toBe('0');
    expect(formatFixed(-0.0004, 2)).toBe('0.00');
    expect(formatPercent(-0)).toBe('0%');
    expect(formatDuration(-0)).toBe('0 s');
  });
});

test.each([
  [0, '0'],
  [999, '999'],
  [1000, '1,000'],
  [1234567, '1,234,567'],
  [-1234, '−1,234'],
  [999.5, '1,000'],
])('the count %d is written %s', (value, text) => {
  expect(formatCount(value)).toBe(text);
});

test.each([
  [0.5, '0.5'],
  [0.51234, '0.5123'],
  [-0.51236, '−0.5124'],
  [2e-4, '0.0002'],
  [1e-4, '0.0001'],
  [9.99999e-5, '0.0001'],
  [9.99e-5, '9.99e−5'],
  [2e-5, '2e−5'],
  [-1.2346e-8, '−1.235e−8'],
  [5e-324, '4.941e−324'],
  [9.99951, '10'],
  [9.9994, '9.999'],
  [999.94, '999.9'],
  [999.95, '1,000'],
  [12345.6, '12,346'],
  [999999999.4, '1e9'],
  [123456789, '123,456,789'],
  [1.5e9, '1.5e9'],
  [1.7976931348623157e308, '1.798e308'],
])('the number %d is written %s', (value, text) => {
  expect(formatNumber(value)).toBe(text);
});

test('a fixed number of decimals keeps its zeros and is grouped', () => {
  expect(formatFixed(0.5, 3)).toBe('0.500');
  expect(formatFixed(12345.678, 1)).toBe('12,345.7');
  expect(formatFixed(-999.96, 1)).toBe('−1,000.0');
});

test.each([
  [0, '0%'],
  [1, '100%'],
  [0.5, '50.0%'],
  [0.388, '38.8%'],
  [0.0123, '1.2%'],
  [0.0099, '0.99%'],
  [0.0001, '0.01%'],
  [0.000012, '0.0012%'],
  [1e-6, '0.0001%'],
  [1e-15, '1e−13%'],
  [0.9994, '99.94%'],
  [0.99999, '99.999%'],
  [-0.05, '−5.0%'],
  [12.5, '1,250.0%'],
])('the share %d is written %s', (value, text) => {
  expect(formatPercent(value)).toBe(text);
});

test.each([
  [0, '0%'],
  [1.3e-5, '<0.1%'],
  [0.0012, '0.1%'],
  [0.3876, '38.8%'],
  [0.9994, '>99.9%'],
  [1, '100%'],
])('the share %d is written %s where a tenth of a percent is enough', (value, text) => {
  expect(formatShare(value)).toBe(text);
});

test('no share strictly between 0 and 1 reads as never or always', () => {
  for (let exponent = 1; exponent <= 11; exponent++) {
    expect(Number.parseFloat(formatPercent(10 ** -exponent))).toBeGreaterThan(0);
    expect(Number.parseFloat(formatPercent(1 - 10 ** -exponent))).toBeLessThan(100);
  }
});

test('an interval of shares has one percent sign', () => {
  expect(formatPercentInterval(0.531, 0.672)).toBe('53.1–67.2%');
});

test.each([
  [0, '0 s'],
  [0.05, '50 µs'],
  [0.9994, '999 µs'],
  [0.9996, '1 ms'],
  [820.4, '820 ms'],
  [999.4, '999 ms'],
  [999.6, '1 s'],
  [1234, '1.23 s'],
  [9994, '9.99 s'],
  [9996, '10 s'],
  [12340, '12.3 s'],
  [59949, '59.9 s'],
  [59951, '1 min'],
  [245_000, '4 min 5 s'],
  [3_599_400, '59 min 59 s'],
  [3_599_600, '1 h'],
  [3_720_000, '1 h 2 min'],
  [86_400_000, '1 d'],
  [273_600_000, '3 d 4 h'],
  [-1500, '−1.5 s'],
])('%d milliseconds are written %s', (value, text) => {
  expect(formatDuration(value)).toBe(text);
});

test.each([
  [0, '0 B'],
  [512, '512 B'],
  [1023, '1,023 B'],
  [1024, '1 KiB'],
  [1_835_008, '1.75 MiB'],
  [1_048_566, '1 MiB'],
  [1_047_552, '1,023 KiB'],
  [134_217_728, '128 MiB'],
  [2 ** 50 * 3, '3,072 TiB'],
])('%d bytes are written %s', (value, text) => {
  expect(formatBytes(value)).toBe(text);
});

test.each([
  [1234.4, '1,234 tokens/s'],
  [99.96, '100 tokens/s'],
  [0.25, '0.25 tokens/s'],
  [0, '0 tokens/s'],
])('the rate %d is written %s', (value, text) => {
  expect(formatRate(value, 'tokens')).toBe(text);
});
