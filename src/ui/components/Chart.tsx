/**
 * A streaming line chart by uPlot. The points never pass through React: the chart subscribes to the store and
 * draws at most once a frame, only when the history or the axis changed, and only while it is on screen. Its legend is text, with the newest
 * values or those under the cursor, which all charts share; its picture has a name that says what it shows.
 */
import { type ReactNode, useEffect, useId, useMemo, useRef } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { formatCount, formatNumber } from '../../run/format';
import { useSession, useTheme } from '../state/context';
import type { PageState } from '../state/store';
import { PALETTE } from '../theme/palette';
import styles from './Chart.module.css';
import { alignSeries, lastValue, type Series, seriesTable, valueAt } from './chart-data';
import { chartOptions, firstColumns } from './chart-options';
import { type Offer, useEnlarged, useOffer } from './panel-offers';

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
  /** The smallest span of y worth drawing: below it, noise would look like a curve. */
  leastSpan?: number;
  height?: number;
  /** A row of its own for the legend, where charts side by side should line up. */
  legendBelow?: boolean;
  /** Under the legend: what the numbers mean just now. */
  note?: ReactNode;
}

const ENLARGED_HEIGHT = 360;
const NO_DATA = '–';

export function Chart({
  name,
  title,
  label,
  series,
  format = formatNumber,
  tickFormat = format,
  range,
  leastSpan = 0,
  height: wanted = 170,
  legendBelow = false,
  note,
}: Props) {
  const { store } = useSession();
  const { theme } = useTheme();
  const titleId = useId();
  const enlarged = useEnlarged();
  const height = enlarged ? Math.max(wanted, ENLARGED_HEIGHT) : wanted;
  const box = useRef<HTMLDivElement>(null);
  const legend = useRef<HTMLUListElement>(null);
  const empty = useRef<HTMLParagraphElement>(null);
  /** Draws what waits for the chart to be on screen. */
  const catchUp = useRef(() => {});

  useEffect(() => {
    const target = box.current;
    if (!target) return;
    const firstColumn = firstColumns(series);
    let end = 1;
    /** On screen, or about to be; else only its numbers follow the run. */
    let near = false;
    let stale = false;
    /** Where the step on screen lies, while it is not simply the newest. */
    let held: number | null = null;
    // Made when there is something to draw where it can be seen: a canvas with its axes takes a dozen milliseconds.
    let plot: uPlot | null = null;
    let data: uPlot.AlignedData = [[]];
    const makePlot = () =>
      new uPlot(
        chartOptions({
          series,
          theme,
          format: tickFormat,
          range,
          leastSpan,
          end: () => end,
          held: () => held,
          height,
          width: target.clientWidth,
          onCursor: () => showValues(),
        }),
        data,
        target,
      );
    let drawn: Pick<PageState['run'], 'steps' | 'evaluations'> & { axis: string; heldStep: number | null } = {
      steps: [],
      evaluations: [],
      axis: '',
      heldStep: null,
    };

    const showValues = () => {
      const cells = legend.current?.querySelectorAll('[data-value]');
      const at = held;
      const heldIndex = at === null ? -1 : data[0].findLastIndex((x) => x <= at);
      const index = plot?.cursor.idx ?? (at === null ? null : heldIndex);
      const place = legend.current?.querySelector<HTMLElement>('[data-place]');
      if (place) {
        place.hidden = index == null;
        const axis = store.getState().looking.xAxis;
        if (index != null && index >= 0)
          place.textContent = `${axis === 'step' ? 'step' : 'tokens'} ${formatCount(data[0][index])}`;
      }
      series.forEach((each, i) => {
        const column = data[firstColumn[i]] as (number | null)[] | undefined;
        const value = !column ? null : index == null ? lastValue(column) : valueAt(column, index);
        const cell = cells?.[i];
        if (cell) cell.textContent = value === null ? NO_DATA : format(value);
        const newest = column ? lastValue(column) : null;
        cell?.setAttribute('data-last', newest === null ? '' : String(newest));
        cell?.setAttribute('data-now', value === null ? '' : String(value));
        target.dataset[`now${i}`] = value === null ? '' : `${each.label} ${format(value)}`;
      });
    };

    const isDrawn = ({ run, looking }: PageState) =>
      drawn.steps === run.steps && drawn.evaluations === run.evaluations && drawn.axis === looking.xAxis;

    const draw = () => {
      const page = store.getState();
      const { run, looking } = page;
      const { heldStep, xAxis } = looking;
      const same = isDrawn(page);
      if (same && drawn.heldStep === heldStep) return;
      drawn = { steps: run.steps, evaluations: run.evaluations, axis: xAxis, heldStep };
      end = newestX(run, xAxis);
      held = heldStep === null ? null : heldX(run, xAxis, heldStep);
      if (!same) data = alignSeries(series, run, xAxis) as uPlot.AlignedData;
      stale = true;
      if (near) catchUp.current();
      showValues();
      const count = data[0].length;
      if (empty.current) empty.current.hidden = count > 0;
      const values = series.map((_, i) => target.dataset[`now${i}`]).filter(Boolean);
      target.setAttribute(
        'aria-label',
        count === 0
          ? `${label}: no points yet`
          : `${label} against ${xAxis === 'step' ? 'steps' : 'tokens'}, ${formatCount(count)} points; ${heldStep === null ? 'newest' : `at step ${heldStep}`}: ${values.join(', ')}`,
      );
    };

    let frame = 0;
    const schedule = (page: PageState) => {
      // Rollouts grow many times a second, which no chart shows.
      if (isDrawn(page) && drawn.heldStep === page.looking.heldStep) return;
      if (frame === 0)
        frame = requestAnimationFrame(() => {
          frame = 0;
          draw();
        });
    };
    catchUp.current = () => {
      if (!stale || (plot === null && data[0].length === 0)) return;
      stale = false;
      if (plot === null) plot = makePlot();
      else if (plot.data === data) plot.redraw(false);
      else plot.setData(data);
    };
    draw();
    const sight = new IntersectionObserver(
      (entries) => {
        near = entries.some((entry) => entry.isIntersecting);
        if (near) catchUp.current();
      },
      { rootMargin: '50% 0px' },
    );
    sight.observe(target);
    const unsubscribe = store.subscribe(schedule);
    const observer = new ResizeObserver(() => plot?.setSize({ width: target.clientWidth, height }));
    observer.observe(target);
    return () => {
      cancelAnimationFrame(frame);
      unsubscribe();
      observer.disconnect();
      sight.disconnect();
      catchUp.current = () => {};
      plot?.destroy();
    };
  }, [store, series, theme, format, tickFormat, range, leastSpan, height, label]);

  const offer = useMemo(
    (): Offer => ({
      title: label,
      table: () => seriesTable(label, series, store.getState().run),
      picture: () => {
        catchUp.current();
        return empty.current?.hidden ? (box.current?.querySelector('canvas') ?? null) : null;
      },
      legend: series.map((each) => ({ label: each.label, colour: PALETTE[theme][each.colour] })),
    }),
    [label, series, store, theme],
  );
  useOffer(offer);

  return (
    <figure className={styles.chart} data-testid={`chart-${name}`} aria-labelledby={titleId}>
      <figcaption className={styles.caption} data-rows={legendBelow ? 2 : 1}>
        <span id={titleId} className={styles.title}>
          {title}
        </span>
        <ul className={styles.legend} ref={legend}>
          <li className={`${styles.place} number`} data-place hidden />
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

/** Where a step lies on the axis. */
function heldX({ steps }: PageState['run'], axis: PageState['looking']['xAxis'], step: number): number {
  if (axis === 'step') return step;
  return steps.findLast((point) => point.step <= step)?.numTokens ?? 0;
}

/** Where the run is on the axis, so that all charts end at the same place. */
function newestX({ steps, evaluations }: PageState['run'], axis: PageState['looking']['xAxis']): number {
  const ends = [steps.at(-1), evaluations.at(-1)].map((point) =>
    axis === 'step' ? point?.step : point?.numTokens,
  );
  return Math.max(1, ...ends.map((end) => end ?? 0));
}
