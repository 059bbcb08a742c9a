/**
 * Curves of runs on shared axes: one run's own, and an arm's mean over its seeds with the 95% band. Pure numbers; what
 * they look like is `chart-layout.ts`.
 *
 * Runs are joined where they all have something to say: from the last of their first points to the first of their last,
 * at places of their own, between points by linear interpolation. The band is the bootstrap's over seeds
 * (`run/bootstrap.ts`), the same as in tables; with fewer than three runs there is none.
 */
import { bootstrapMean } from '../run/bootstrap';
import { mean } from '../run/statistics';
import type { RunDigest } from './digest';
import { type CurveAxis, type Point, placeOf, type Quantity } from './quantities';

/** Places of an arm's mean at most: each has a bootstrap of its own. */
const MOST_PLACES = 48;

export interface Curve {
  x: number[];
  y: number[];
  /** [points]; null without a band. */
  band: { low: number[]; high: number[] } | null;
}

/** A run's points in rising x. */
export function runCurve(run: RunDigest, quantity: Quantity, axis: CurveAxis): Curve {
  const points = quantity.points(run).flatMap((point): (Point & { x: number })[] => {
    const x = placeOf(point, axis);
    return x === null ? [] : [{ ...point, x }];
  });
  points.sort((a, b) => a.x - b.x);
  const banded =
    points.length > 0 && points.every(({ low, high }) => low !== undefined && high !== undefined);
  return {
    x: points.map(({ x }) => x),
    y: points.map(({ value }) => value),
    band: banded ? { low: points.map((p) => p.low ?? 0), high: points.map((p) => p.high ?? 0) } : null,
  };
}

/** What a band says of the values at a place: the 95% interval of their mean, or how far they scatter about it. */
export type BandKind = 'interval' | 'deviation';

const BANDS: Readonly<Record<BandKind, (values: readonly number[]) => { low: number; high: number } | null>> =
  {
    interval: bootstrapMean,
    deviation(values) {
      const deviation = sampleDeviation(values);
      if (deviation === null) return null;
      const center = mean(values);
      return { low: center - deviation, high: center + deviation };
    },
  };

/** Of a sample, divided by n - 1; null of a single value. */
export function sampleDeviation(values: readonly number[]): number | null {
  if (values.length < 2) return null;
  const center = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - center) ** 2, 0) / (values.length - 1));
}

/** The mean of runs' curves with its band; a single run's is its own. */
export function armCurve(curves: readonly Curve[], band: BandKind = 'interval'): Curve {
  const drawn = curves.filter(({ x }) => x.length > 0);
  if (drawn.length <= 1) return drawn[0] ?? { x: [], y: [], band: null };
  const from = Math.max(...drawn.map(({ x }) => x[0]));
  const to = Math.min(...drawn.map(({ x }) => x[x.length - 1]));
  const own = [...new Set(drawn.flatMap(({ x }) => x))].filter((x) => x >= from && x <= to);
  const places = thinned(
    own.sort((a, b) => a - b),
    MOST_PLACES,
  );
  const values = places.map((x) => drawn.map((curve) => valueAt(curve, x)));
  const bands = values.map(BANDS[band]);
  return {
    x: places,
    y: values.map(mean),
    band: bands.every((band) => band !== null)
      ? { low: bands.map(({ low }) => low), high: bands.map(({ high }) => high) }
      : null,
  };
}

/** Between points by linear interpolation; `x` lies within the curve. */
export function valueAt({ x: xs, y: ys }: Curve, x: number): number {
  const above = xs.findIndex((each) => each >= x);
  if (above <= 0) return ys[above === 0 ? 0 : ys.length - 1];
  const [from, to] = [xs[above - 1], xs[above]];
  return to === from ? ys[above] : ys[above - 1] + ((x - from) / (to - from)) * (ys[above] - ys[above - 1]);
}

/** At most `most` of the items, evenly, the first and the last among them. */
export function thinned<T>(items: readonly T[], most: number): T[] {
  if (items.length <= most) return [...items];
  return Array.from({ length: most }, (_, i) => items[Math.round((i * (items.length - 1)) / (most - 1))]);
}

/**
 * A long curve made short without losing what stands out: of every stretch its lowest and its highest point, so that
 * what is drawn has the extremes it had. At most `most` points, 4 or more.
 */
export function shortened(curve: Curve, most: number): Curve {
  const { x, y, band } = curve;
  if (x.length <= most) return curve;
  const stretches = Math.floor((most - 2) / 2);
  const keep = new Set([0, x.length - 1]);
  for (let s = 0; s < stretches; s++) {
    const from = Math.floor((s * x.length) / stretches);
    const to = Math.max(from + 1, Math.floor(((s + 1) * x.length) / stretches));
    let [low, high] = [from, from];
    for (let i = from; i < to; i++) {
      if (y[i] < y[low]) low = i;
      if (y[i] > y[high]) high = i;
    }
    keep.add(low).add(high);
  }
  const places = [...keep].sort((a, b) => a - b);
  const pick = (values: readonly number[]) => places.map((i) => values[i]);
  return { x: pick(x), y: pick(y), band: band && { low: pick(band.low), high: pick(band.high) } };
}
