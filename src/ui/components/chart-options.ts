/** How a chart is drawn: the run's series, in the theme's colours, as options of uPlot. Used by Chart alone. */
import type uPlot from 'uplot';
import { formatNumber } from '../../run/format';
import { PALETTE, type Theme } from '../theme/palette';
import type { Series } from './chart-data';

/** Ticks of the x axis: steps and tokens are whole numbers. */
const WHOLE = [1, 2, 5]
  .flatMap((digit) => Array.from({ length: 12 }, (_, power) => digit * 10 ** power))
  .sort((a, b) => a - b);

const FONT = '11px system-ui, -apple-system, "Segoe UI", sans-serif';

const hasBand = (series: Series): boolean => series.low !== undefined && series.high !== undefined;

/** The place of each series' value among the aligned columns, behind x. */
export function firstColumns(series: readonly Series[]): number[] {
  let next = 1;
  return series.map((each) => {
    const place = next;
    next += hasBand(each) ? 3 : 1;
    return place;
  });
}

interface OptionsInput {
  series: readonly Series[];
  theme: Theme;
  format: (value: number) => string;
  range?: [number | null, number | null];
  leastSpan: number;
  /** The newest x of the whole run, so that all charts end at the same place. */
  end: () => number;
  /** The x of the step on screen, null while that is the newest: marked, and what comes after it faded. */
  held: () => number | null;
  width: number;
  height: number;
  onCursor: () => void;
}

export function chartOptions({
  series,
  theme,
  format,
  range,
  leastSpan,
  end,
  held,
  width,
  height,
  onCursor,
}: OptionsInput): uPlot.Options {
  const colours = PALETTE[theme];
  const places = firstColumns(series);
  const columnColours: string[] = [];
  series.forEach((each, i) => {
    columnColours[places[i]] = colours[each.colour];
  });
  const hidden: uPlot.Series = { stroke: 'transparent', points: { show: false }, spanGaps: true };
  const axis = {
    stroke: colours['ink-3'],
    font: FONT,
    ticks: { show: false },
    grid: { stroke: colours.line, width: 1 },
  } satisfies uPlot.Axis;
  return {
    width,
    height,
    padding: [8, 10, 0, 0],
    legend: { show: false },
    cursor: {
      sync: { key: 'history', setSeries: false },
      drag: { x: false, y: false },
      points: { size: 7, width: 0, fill: (_plot, column) => columnColours[column] ?? 'transparent' },
      y: false,
    },
    scales: {
      x: {
        time: false,
        range: (_plot, low) => [low ?? 0, Math.max(end(), (low ?? 0) + 1)],
      },
      y: { range: (_plot, low, high) => yRange(low, high, range, leastSpan) },
    },
    axes: [
      {
        ...axis,
        size: 26,
        gap: 4,
        space: 56,
        incrs: WHOLE,
        grid: { show: false },
        values: (_plot, ticks) => ticks.map((value) => tick(value)),
      },
      { ...axis, size: 46, gap: 6, space: 34, values: (_plot, ticks) => ticks.map((value) => format(value)) },
    ],
    series: [
      {},
      ...series.flatMap((each): uPlot.Series[] => {
        const line: uPlot.Series = {
          stroke: colours[each.colour],
          width: each.width ?? 1.75,
          dash: each.dash,
          spanGaps: true,
          points: {
            // The first value of a curve would not be seen without: a line begins with the second.
            show: (plot: uPlot, column: number) => each.from === 'evaluations' || isAlone(plot.data[column]),
            size: 5,
            width: 1.5,
            stroke: colours[each.colour],
            fill: colours.surface,
          },
        };
        return hasBand(each) ? [line, hidden, hidden] : [line];
      }),
    ],
    bands: series.flatMap((each, i) =>
      hasBand(each)
        ? [
            {
              series: [places[i] + 2, places[i] + 1] as [number, number],
              fill: colours[each.band ?? 'line-band'],
            },
          ]
        : [],
    ),
    hooks: {
      setCursor: [onCursor],
      draw: [
        (plot) => {
          const x = held();
          if (x === null) return;
          const { ctx, bbox } = plot;
          const at = Math.round(plot.valToPos(x, 'x', true));
          ctx.save();
          ctx.fillStyle = `${colours.surface}b8`;
          ctx.fillRect(at, bbox.top, Math.max(0, bbox.left + bbox.width - at), bbox.height);
          ctx.fillStyle = colours.accent;
          ctx.fillRect(at - devicePixelRatio / 2, bbox.top, devicePixelRatio, bbox.height);
          ctx.restore();
        },
      ],
    },
  };
}

export function yRange(
  low: number | null,
  high: number | null,
  wanted: [number | null, number | null] = [null, null],
  leastSpan = 0,
): [number, number] {
  const [from, to] = [wanted[0] ?? low ?? 0, wanted[1] ?? high ?? 1];
  const short = Math.max(0, leastSpan - (to - from));
  const below = wanted[0] === null ? (wanted[1] === null ? short / 2 : short) : 0;
  const room = (to - from + short || Math.abs(to) || 1) * 0.08;
  return [wanted[0] ?? from - below - room, wanted[1] ?? to + short - below + room];
}

/** Axis numbers: 1.2k, 350k, 2M, so that they fit. */
function tick(value: number): string {
  if (Math.abs(value) >= 1e6) return `${formatNumber(value / 1e6, 3)}M`;
  if (Math.abs(value) >= 1e4) return `${formatNumber(value / 1e3, 3)}k`;
  return formatNumber(value);
}

const isAlone = (values: ArrayLike<number | null | undefined>): boolean => {
  let count = 0;
  for (let i = 0; i < values.length && count < 2; i++) if (values[i] != null) count++;
  return count === 1;
};
