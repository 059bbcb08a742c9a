/**
 * From the run's history to what uPlot draws: aligned columns over one x axis. Pure; knows no canvas.
 *
 * Steps and evaluations lie at x of their own, so the columns are joined over all of them, with null where a
 * series has no point (the line then spans the gap).
 */
import type { EvaluationPoint, StepPoint } from '../state/run-view';
import type { XAxis } from '../state/store';
import type { ColourRole } from '../theme/palette';
import type { Cell, Table } from './panel-offers';

interface SeriesBase {
  /** Stable name: a metric's, or a tier's. */
  key: string;
  label: string;
  colour: ColourRole;
  width?: number;
  dash?: number[];
}

export interface StepSeries extends SeriesBase {
  from: 'steps';
  value: (point: StepPoint) => number | undefined;
  low?: (point: StepPoint) => number | undefined;
  high?: (point: StepPoint) => number | undefined;
  band?: ColourRole;
}

export interface EvaluationSeries extends SeriesBase {
  from: 'evaluations';
  suite: string;
  value: (point: EvaluationPoint) => number | undefined;
  low?: (point: EvaluationPoint) => number | undefined;
  high?: (point: EvaluationPoint) => number | undefined;
  band?: ColourRole;
}

export type Series = StepSeries | EvaluationSeries;

export interface History {
  steps: readonly StepPoint[];
  evaluations: readonly EvaluationPoint[];
}

export type Column = (number | null)[];

/** One series' points in rising x: its value and, where it has a band, the band's bounds. */
interface Points {
  x: number[];
  columns: Column[];
}

const orNull = (value: number | undefined): number | null =>
  value === undefined || !Number.isFinite(value) ? null : value;

function pointsOf(series: Series, history: History, axis: XAxis): Points {
  if (series.from === 'steps') return read(series, history.steps, axis);
  return read(
    series,
    history.evaluations.filter((point) => point.suite === series.suite),
    axis,
  );
}

type Reader<P> = {
  value: (point: P) => number | undefined;
  low?: (point: P) => number | undefined;
  high?: (point: P) => number | undefined;
};

function read<P extends { step: number; numTokens: number }>(
  reader: Reader<P>,
  points: readonly P[],
  axis: XAxis,
): Points {
  const { value, low, high } = reader;
  const x = points.map((point) => (axis === 'step' ? point.step : point.numTokens));
  const columns = [points.map((point) => orNull(value(point)))];
  if (low && high)
    columns.push(
      points.map((point) => orNull(low(point))),
      points.map((point) => orNull(high(point))),
    );
  return { x, columns };
}

/** `[x, value, (low, high)?, value, ...]`, all of the length of the joined x. */
export function alignSeries(
  series: readonly Series[],
  history: History,
  axis: XAxis,
): [number[], ...Column[]] {
  const parts = series.map((each) => pointsOf(each, history, axis));
  const x = [...new Set(parts.flatMap((part) => part.x))].sort((a, b) => a - b);
  const place = new Map(x.map((value, i) => [value, i]));
  const columns = parts.flatMap((part) =>
    part.columns.map((column) => {
      const aligned: Column = new Array(x.length).fill(null);
      part.x.forEach((value, i) => {
        aligned[place.get(value)!] = column[i];
      });
      return aligned;
    }),
  );
  return [x, ...columns];
}

/** The points of all series one by one, in full precision: what a chart is saved as. */
export function seriesTable(chart: string, series: readonly Series[], history: History): Table {
  const rows = series.flatMap((each): Cell[][] => {
    const row = (point: { step: number; numTokens: number }, parts: (number | undefined)[]): Cell[] => [
      chart,
      each.label,
      point.step,
      point.numTokens,
      ...parts.map(orNull),
    ];
    if (each.from === 'steps')
      return history.steps.map((p) => row(p, [each.value(p), each.low?.(p), each.high?.(p)]));
    return history.evaluations
      .filter((point) => point.suite === each.suite)
      .map((p) => row(p, [each.value(p), each.low?.(p), each.high?.(p)]));
  });
  return {
    columns: ['chart', 'series', 'step', 'tokens', 'value', 'low', 'high'],
    // A series without a point there has no row, rather than an empty one.
    rows: rows.filter((row) => row[4] !== null),
  };
}

/** The last value of a column that is there. */
export function lastValue(column: Column): number | null {
  return column.findLast((value) => value !== null) ?? null;
}

/** The value at `index`, or the newest before it: evaluations are rarer than steps. */
export function valueAt(column: Column, index: number): number | null {
  for (let i = index; i >= 0; i--) if (column[i] !== null) return column[i];
  return null;
}
