/**
 * Numbers as people read them: the one module that turns a number into text, for the page, the command line
 * and the report alike. Not for files: what is stored keeps every digit.
 *
 * English grouping whatever the locale, so that two screenshots compare. Anything that is not a number, or not
 * there, is shown as an en dash; a zero has no sign, and a negative number a minus sign (U+2212), not a hyphen.
 */

/** What is shown where there is no number. */
export const NO_VALUE = '–';

const MINUS = '−';

export type MaybeNumber = number | null | undefined;

/** `text` for an ordinary number; the dash for none or NaN; the infinity sign for an infinity. */
function guarded(value: MaybeNumber, text: (value: number) => string): string {
  if (value === null || value === undefined || Number.isNaN(value)) return NO_VALUE;
  if (!Number.isFinite(value)) return value > 0 ? '∞' : `${MINUS}∞`;
  return text(value);
}

function group(digits: string): string {
  const [whole, fraction] = digits.split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}

/** `toFixed` with grouping, its minus sign typeset, and without "-0.00". */
function fixed(value: number, decimals: number): string {
  const text = group(value.toFixed(decimals));
  return text.replace('-', /[1-9]/.test(text) ? MINUS : '');
}

function withoutTrailingZeros(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

/** A whole number in full: 1,234,567. A fraction is rounded. */
export function formatCount(value: MaybeNumber): string {
  return guarded(value, (v) => fixed(v, 0));
}

/** A number in a fixed number of decimals, for columns that have to line up: 0.500. */
export function formatFixed(value: MaybeNumber, decimals: number): string {
  return guarded(value, (v) => fixed(v, decimals));
}

/**
 * Any number in four significant digits, without trailing zeros: 0.0002, 1.235, 12,346; below 1e-4 and from
 * 1e9 on as 2e−5 and 1.5e9. Whole parts are never cut: 12,346 rather than 12,350.
 */
export function formatNumber(value: MaybeNumber, significant = 4): string {
  return guarded(value, (v) => {
    if (v === 0) return '0';
    // Decide on the rounded value: 999.95 has four digits before the point once rounded, 9.99999e-5 is 1e-4.
    const rounded = Number(v.toPrecision(significant));
    const size = Math.abs(rounded);
    if (size < 1e-4 || size >= 1e9) {
      const [mantissa, exponent] = v.toExponential(significant - 1).split('e');
      return `${withoutTrailingZeros(mantissa)}e${Number(exponent)}`.replaceAll('-', MINUS);
    }
    const decimals = Math.max(0, significant - 1 - Math.floor(Math.log10(size)));
    return withoutTrailingZeros(fixed(v, decimals));
  });
}

/**
 * A share as a percentage with as many digits as it needs: 38.8%, 0.012%, 99.98%. It is 0% or 100% only
 * when the share is exactly 0 or 1, so that "one in a million" does not read as "never".
 */
export function formatPercent(share: MaybeNumber): string {
  return guarded(share, (v) => {
    const percent = v * 100;
    if (v === 0) return '0%';
    // Digits that the distance to the nearer end needs: two significant ones, at least one decimal.
    const distance = Math.min(Math.abs(percent), Math.abs(100 - percent));
    if (distance === 0) return `${fixed(percent, 0)}%`;
    if (distance < 1e-9) return percent < 50 ? `${formatNumber(percent, 2)}%` : `${fixed(percent, 9)}%`;
    const decimals = Math.max(1, 1 - Math.floor(Math.log10(distance)));
    return `${fixed(percent, decimals).replace(/(\.\d+?)0+$/, '$1')}%`;
  });
}

/** A share in running text or a column, to a tenth of a percent: <0.1%, 38.8%, >99.9%; 0% and 100% only when exact. */
export function formatShare(share: MaybeNumber): string {
  return guarded(share, (v) => {
    if (v > 0 && v < 0.001) return '<0.1%';
    if (v > 0.999 && v < 1) return '>99.9%';
    return v === 0 || v === 1 ? formatPercent(v) : `${fixed(100 * v, 1)}%`;
  });
}

/** An interval of shares: 53.1–67.2%. */
export function formatPercentInterval(low: MaybeNumber, high: MaybeNumber): string {
  return `${formatPercent(low).replace('%', '')}–${formatPercent(high)}`;
}

const TIME_UNITS: readonly { below: number; text: (ms: number) => string }[] = [
  { below: 0.9995, text: (ms) => `${formatNumber(ms * 1000, 3)} µs` },
  { below: 999.5, text: (ms) => `${formatNumber(ms, 3)} ms` },
  { below: 59_950, text: (ms) => `${withoutTrailingZeros(fixed(ms / 1000, ms < 9_995 ? 2 : 1))} s` },
];

/** A length of time given in milliseconds: 820 ms, 12.3 s, 4 min 5 s, 1 h 2 min, 3 d 4 h. */
export function formatDuration(ms: MaybeNumber): string {
  return guarded(ms, (v) => {
    if (v < 0) return `${MINUS}${formatDuration(-v)}`;
    if (v === 0) return '0 s';
    const unit = TIME_UNITS.find((u) => v < u.below);
    if (unit) return unit.text(v);
    const seconds = Math.round(v / 1000);
    if (seconds < 3600) return pair(seconds, 60, 'min', 's');
    const minutes = Math.round(seconds / 60);
    if (minutes < 24 * 60) return pair(minutes, 60, 'h', 'min');
    return pair(Math.round(minutes / 60), 24, 'd', 'h');
  });
}

function pair(total: number, size: number, large: string, small: string): string {
  const rest = total % size;
  const whole = `${formatCount((total - rest) / size)} ${large}`;
  return rest === 0 ? whole : `${whole} ${rest} ${small}`;
}

const BYTE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** Bytes in units of 1,024: 512 B, 1.75 MiB, 128 MiB. */
export function formatBytes(bytes: MaybeNumber): string {
  return guarded(bytes, (v) => {
    let size = v;
    let unit = 0;
    // 1,023.99 KiB would round to 1,024 KiB: it is 1 MiB.
    while (Math.abs(Number(size.toPrecision(4))) >= 1024 && unit < BYTE_UNITS.length - 1) {
      size /= 1024;
      unit++;
    }
    return `${formatNumber(size, unit === 0 ? 4 : Math.abs(size) >= 999.5 ? 4 : 3)} ${BYTE_UNITS[unit]}`;
  });
}

/** A rate: 1,234 tokens/s, 0.25 steps/s. */
export function formatRate(perSecond: MaybeNumber, what: string): string {
  const text = guarded(perSecond, (v) => (Math.abs(v) >= 100 ? fixed(v, 0) : formatNumber(v, 3)));
  return text === NO_VALUE ? text : `${text} ${what}/s`;
}
