/**
 * Where lines, bands and ticks of a chart lie: from numbers to places and path texts. Draws nothing itself; the report
 * writes it out as SVG (`chart.ts`), the page as elements.
 */
import type { Curve } from './curves';

export interface Box {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

export interface Scale {
  (value: number): number;
  /** Round numbers inside, in rising order. */
  ticks: number[];
}

export interface Layout {
  box: Box;
  x: Scale;
  y: Scale;
}

/**
 * @param range bounds of y; null lets the curves decide.
 * @returns null without a point.
 */
export function layOut(
  curves: readonly Curve[],
  width: number,
  height: number,
  range: readonly [number | null, number | null],
): Layout | null {
  const xs = extent(curves.flatMap(({ x }) => extentOf(x)));
  const ys = extent(
    curves.flatMap(({ y, band }) => [
      ...extentOf(y),
      ...(band ? [...extentOf(band.low), ...extentOf(band.high)] : []),
    ]),
  );
  if (!xs || !ys) return null;
  const [low, high] = [range[0] ?? ys[0], range[1] ?? ys[1]];
  const room = (high - low || Math.abs(high) || 1) * 0.06;
  const box = { left: 52, right: width - 12, top: 10, bottom: height - 28 };
  return {
    box,
    x: scale(xs[0], xs[1] === xs[0] ? xs[0] + 1 : xs[1], box.left, box.right, 6),
    y: scale(range[0] ?? low - room, range[1] ?? high + room, box.bottom, box.top, 5),
  };
}

/** Two numbers a list, so that long ones need no spreading into arguments. */
function extentOf(values: readonly number[]): number[] {
  if (values.length === 0) return [];
  let [low, high] = [values[0], values[0]];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}

const extent = (values: readonly number[]): [number, number] | null => {
  const [low, high] = extentOf(values);
  return low === undefined ? null : [low, high];
};

function scale(low: number, high: number, from: number, to: number, wanted: number): Scale {
  const span = high - low || 1;
  const place = (value: number) => from + ((value - low) / span) * (to - from);
  return Object.assign(place, { ticks: ticksOf(low, high, wanted) });
}

/** Multiples of 1, 2 or 5 times a power of ten between the bounds, about `wanted` of them. */
export function ticksOf(low: number, high: number, wanted: number): number[] {
  const rough = (high - low) / wanted;
  if (!(rough > 0) || !Number.isFinite(rough)) return [low];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((times) => times * power >= rough) ?? 10);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  // A product rather than a sum, rounded to the step's own digits: 0.3 and not 0.30000000000000004.
  const digits = Math.max(0, Math.min(20, 1 - Math.floor(Math.log10(step))));
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toFixed(digits)));
}

const at = (value: number): string => String(Math.round(value * 10) / 10);

export const linePath = ({ x, y }: Curve, layout: Layout): string =>
  x.map((value, i) => `${i === 0 ? 'M' : 'L'}${at(layout.x(value))} ${at(layout.y(y[i]))}`).join('');

/** The band as an area, along its upper edge and back along the lower; empty without one. */
export function bandPath({ x, band }: Curve, layout: Layout): string {
  if (!band || x.length === 0) return '';
  const edge = (values: readonly number[]) =>
    x.map((value, i) => `${at(layout.x(value))} ${at(layout.y(values[i]))}`);
  return `M${[...edge(band.high), ...edge(band.low).reverse()].join('L')}Z`;
}

/** How lines are told apart beside their colour, in turn. */
export const DASHES = ['', '7 4', '2 3', '9 3 2 3'] as const;
/** Colours there are for arms; after that they come again with another dash. */
export const COLOURS = 6;

export const dashOf = (index: number): string =>
  DASHES[(index + Math.floor(index / COLOURS)) % DASHES.length];
