/**
 * A streaming line chart by uPlot. The points never pass through React: the chart subscribes to the store and
 * draws at most once a frame, only when the history or the axis changed. Its legend is text, with the newest
 * values or those under the cursor, which all charts share; its picture has a name that says what it shows.
 */
import { type ReactNode, useEffect, useId, useRef } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { formatCount, formatNumber } from '../../run/format';
import { useSession, useTheme } from '../state/context';
import type { PageState } from '../state/store';
import { PALETTE, type Theme } from '../theme/palette';
import styles from './Chart.module.css';
import { alignSeries, lastValue, type Series, valueAt } from './chart-data';

interface Props {
  /** Stable name: `reward`. */
  name: string;
  title: ReactNode;
  /** The title as text, for the picture's name. */
  label: string;
  series: readonly Series[];
  format?: (value: number) => string;
  /** The axis' numbers, where they should be shorter than the legend's. */
  tickFormat?: (value: number) => string;
  /** Bounds of y; null lets the data decide. */
  range?: [number | null, number | null];
  height?: number;
  /** Under the legend: what the numbers mean just now. */
  note?: ReactNode;
}

const NO_DATA = '–';
const FONT = '11px system-ui, -apple-system, "Segoe UI", sans-serif';

export function Chart({
  name,
  title,
  label,
  series,
  format = formatNumber,
  tickFormat = format,
  range,
  height = 170,
  note,
}: Props) {
  const { store } = useSession();
  const { theme } = useTheme();
  const titleId = useId();
  const box = useRef<HTMLDivElement>(null);
  const legend = useRef<HTMLUListElement>(null);
  const empty = useRef<HTMLParagraphElement>(null);

  useEffect(() => {
    const target = box.current;
    if (!target) return;
    const firstColumn = firstColumns(series);
    const plot = new uPlot(
      options({ series, theme, format: tickFormat, range, height, width: target.clientWidth, onCursor: () => showValues() }),
      [[]],
      target,
    );
    let drawn: Pick<PageState['run'], 'steps' | 'evaluations'> & { axis: string } = {
      steps: [],
      evaluations: [],
      axis: '',
    };

    const showValues = () => {
      const cells = legend.current?.querySelectorAll('[data-value]');
      const index = plot.cursor.idx;
      series.forEach((each, i) => {
        const column = plot.data[firstColumn[i]] as (number | null)[] | undefined;
        const value = !column ? null : index == null ? lastValue(column) : valueAt(column, index);
        const cell = cells?.[i];
        if (cell) cell.textContent = value === null ? NO_DATA : format(value);
        if (index == null) cell?.setAttribute('data-last', value === null ? '' : String(value));
        if (index == null) target.dataset[`last${i}`] = value === null ? '' : `${each.label} ${format(value)}`;
      });
    };

    const draw = () => {
      const { run, looking } = store.getState();
      if (drawn.steps === run.steps && drawn.evaluations === run.evaluations && drawn.axis === looking.xAxis)
        return;
      drawn = { steps: run.steps, evaluations: run.evaluations, axis: looking.xAxis };
      const data = alignSeries(series, run, looking.xAxis);
      plot.setData(data as uPlot.AlignedData);
      showValues();
      const count = data[0].length;
      if (empty.current) empty.current.hidden = count > 0;
      const newest = series.map((_, i) => target.dataset[`last${i}`]).filter(Boolean);
      target.setAttribute(
        'aria-label',
        count === 0
          ? `${label}: no points yet`
          : `${label} against ${looking.xAxis === 'step' ? 'steps' : 'tokens'}, ${formatCount(count)} points; newest: ${newest.join(', ')}`,
      );
    };

    let frame = 0;
    const schedule = () => {
      if (frame === 0)
        frame = requestAnimationFrame(() => {
          frame = 0;
          draw();
        });
    };
    draw();
    const unsubscribe = store.subscribe(schedule);
    const observer = new ResizeObserver(() => plot.setSize({ width: target.clientWidth, height }));
    observer.observe(target);
    return () => {
      cancelAnimationFrame(frame);
      unsubscribe();
      observer.disconnect();
      plot.destroy();
    };
  }, [store, series, theme, format, tickFormat, range, height, label]);

  return (
    <figure className={styles.chart} data-testid={`chart-${name}`} aria-labelledby={titleId}>
      <figcaption className={styles.caption}>
        <span id={titleId} className={styles.title}>
          {title}
        </span>
        <ul className={styles.legend} ref={legend}>
          {series.map((each) => (
            <li key={each.key}>
              <span
                className={styles.swatch}
                data-dash={each.dash !== undefined}
                style={{ borderColor: `var(--${each.colour})` }}
                aria-hidden="true"
              />
              {series.length > 1 && <span className={styles.name}>{each.label}</span>}
              <span className={`${styles.value} number`} data-value={each.key}>
                {NO_DATA}
              </span>
            </li>
          ))}
        </ul>
      </figcaption>
      <div className={styles.frame}>
        <div ref={box} role="img" aria-label={label} style={{ height }} />
        <p ref={empty} className={styles.empty}>
          Drawn from the first step on
        </p>
      </div>
      {note && <div className={styles.note}>{note}</div>}
    </figure>
  );
}

const hasBand = (series: Series): boolean => series.low !== undefined && series.high !== undefined;

/** The place of each series' value among the aligned columns, behind x. */
function firstColumns(series: readonly Series[]): number[] {
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
  width: number;
  height: number;
  onCursor: () => void;
}

function options({ series, theme, format: tickFormat, range, width, height, onCursor }: OptionsInput): uPlot.Options {
  const colours = PALETTE[theme];
  const places = firstColumns(series);
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
      points: { size: 6 },
      y: false,
    },
    scales: {
      x: {
        time: false,
        range: (_plot, low, high) => (low == null || high == null ? [0, 1] : [low, Math.max(high, low + 1)]),
      },
      y: { range: (_plot, low, high) => yRange(low, high, range) },
    },
    axes: [
      { ...axis, size: 26, gap: 4, space: 56, grid: { show: false }, values: (_plot, ticks) => ticks.map(tick) },
      { ...axis, size: 46, gap: 6, space: 34, values: (_plot, ticks) => ticks.map(format) },
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
            show: each.from === 'evaluations',
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
    hooks: { setCursor: [onCursor] },
  };
}

function yRange(
  low: number | null,
  high: number | null,
  wanted: [number | null, number | null] = [null, null],
): [number, number] {
  const [from, to] = [wanted[0] ?? low ?? 0, wanted[1] ?? high ?? 1];
  const room = (to - from || Math.abs(to) || 1) * 0.08;
  return [wanted[0] ?? from - room, wanted[1] ?? to + room];
}

/** Axis numbers: 1.2k, 350k, 2M, so that they fit. */
function tick(value: number): string {
  if (Math.abs(value) >= 1e6) return `${formatNumber(value / 1e6, 3)}M`;
  if (Math.abs(value) >= 1e4) return `${formatNumber(value / 1e3, 3)}k`;
  return formatNumber(value);
}
