/**
 * Predicted against true pass rate: every prompt or held-out problem a point, the diagonal of perfect self-knowledge,
 * and the share that came out right for each tenth of the predictions, with its interval. Which points these are is
 * the caller's.
 */
import { scaleLinear } from 'd3-scale';
import { area, line } from 'd3-shape';
import { type PointerEvent, type ReactNode, useState } from 'react';
import { formatCount, formatFixed, formatPercent } from '../../../run/format';
import { Picture } from '../../components/Picture';
import type { Table } from '../../components/panel-offers';
import { lightPrompt, litStore, unlightPrompt, useLitPrompt } from '../../history/lit';
import { type Calibration, type ScatterPoint, WINDOW } from '../../views/self-knowledge';
import styles from './Scatter.module.css';

const TICKS = [0, 0.25, 0.5, 0.75, 1];
const MARGIN = { left: 46, right: 12, top: 10, bottom: 40 };
const LARGEST = 440;
const NONE: readonly ScatterPoint[] = [];
/** Pixels below which points cover each other. */
const CROWDED = 4;
/** Pixels from a point within which it is pointed at. */
const REACH = 14;

interface Props {
  points: readonly ScatterPoint[];
  calibration: Calibration;
  /** Whose predictions these are, to head the picture. */
  whose: string;
  /** Prompts light up in the other panels too; problems are nowhere else. */
  what: 'prompts' | 'problems';
  /** The same problems earlier, drawn faintly below. */
  before?: readonly ScatterPoint[];
  legend?: ReactNode;
  table: () => Table;
}

export function Scatter({ points, calibration, whose, what, before = NONE, legend, table }: Props) {
  const label = `Predicted against true pass rate, ${whose}: ${formatCount(points.length)} ${what}, mean error ${formatPercent(calibration.error)}, correlation ${formatFixed(calibration.correlation, 2)}`;
  return (
    <Picture
      name="scatter"
      title="Predicted against true pass rate"
      label={label}
      height={(width) => Math.min(width, LARGEST)}
      legend={legend}
      table={table}
    >
      {(width, height) => (
        <Plot
          points={points}
          what={what}
          before={before}
          calibration={calibration}
          width={Math.min(width, LARGEST + 60)}
          height={height}
        />
      )}
    </Picture>
  );
}

interface PlotProps extends Pick<Props, 'points' | 'calibration' | 'what'> {
  before: readonly ScatterPoint[];
  width: number;
  height: number;
}

function Plot({ points, calibration, what, before, width, height }: PlotProps) {
  const lit = useLitPrompt();
  const [problem, setProblem] = useState<number | null>(null);
  const x = scaleLinear([0, 1], [MARGIN.left, width - MARGIN.right]);
  const y = scaleLinear([0, 1], [height - MARGIN.bottom, MARGIN.top]);
  const { bins } = calibration;
  const at = (bin: (typeof bins)[number]) => x(bin.predicted ?? 0);
  const band = area<(typeof bins)[number]>(
    at,
    (bin) => y(bin.actualLow),
    (bin) => y(bin.actualHigh),
  )(bins);
  const curve = line<(typeof bins)[number]>(at, (bin) => y(bin.actual ?? 0))(bins);

  const nearest = (event: PointerEvent<SVGRectElement>): ScatterPoint | null => {
    const box = event.currentTarget.getBoundingClientRect();
    const [px, py] = [event.clientX - box.left + MARGIN.left, event.clientY - box.top + MARGIN.top];
    let found: ScatterPoint | null = null;
    let least = REACH;
    for (const point of points) {
      const distance = Math.hypot(x(point.predicted) - px, y(point.actual) - py);
      // Of points in one place the newest, which is the last.
      if (distance <= least) [found, least] = [point, distance];
    }
    return found;
  };
  const putOut = () => {
    setProblem(null);
    const { lit } = litStore.getState();
    if (lit) unlightPrompt(lit);
  };
  const point = (event: PointerEvent<SVGRectElement>) => {
    const found = nearest(event);
    if (!found) putOut();
    else if (what === 'problems') setProblem(found.index);
    else lightPrompt({ step: found.step, candidate: found.index });
  };
  const pointed =
    what === 'problems'
      ? points.find((each) => each.index === problem)
      : lit && points.find((each) => each.step === lit.step && each.index === lit.candidate);

  // Prompts are told apart by age, which halos would hide.
  const halos = what === 'problems' ? crowds(points.map((each) => [x(each.predicted), y(each.actual)])) : [];

  return (
    <g className={styles.plot}>
      <rect
        x={MARGIN.left}
        y={MARGIN.top}
        width={width - MARGIN.left - MARGIN.right}
        height={height - MARGIN.top - MARGIN.bottom}
        className={styles.ground}
      />
      {TICKS.map((tick) => (
        <g key={tick} className={styles.tick}>
          <line x1={x(0)} x2={x(1)} y1={y(tick)} y2={y(tick)} />
          <text x={MARGIN.left - 8} y={y(tick)} dy="0.34em" textAnchor="end">
            {Math.round(tick * 100)}%
          </text>
          <text x={x(tick)} y={height - MARGIN.bottom + 16} textAnchor={tick === 1 ? 'end' : 'middle'}>
            {Math.round(tick * 100)}%
          </text>
        </g>
      ))}
      <text className={styles.axis} x={x(0.5)} y={height - 4} textAnchor="middle">
        it predicted to get right
      </text>
      <text className={styles.axis} transform={`translate(11 ${y(0.5)}) rotate(-90)`} textAnchor="middle">
        it got right
      </text>
      <line className={styles.diagonal} data-testid="diagonal" x1={x(0)} y1={y(0)} x2={x(1)} y2={y(1)} />
      {bins.length > 1 && <path className={styles.band} d={band ?? ''} />}
      {before.map((each) => (
        <circle
          key={`${each.step} ${each.index}`}
          className={styles.before}
          data-testid="scatter-before"
          data-prompt={each.index}
          data-predicted={each.predicted}
          data-actual={each.actual}
          cx={x(each.predicted)}
          cy={y(each.actual)}
          r={3.2}
        />
      ))}
      {halos.map(({ at: [cx, cy], count }) => (
        <circle
          key={`${cx} ${cy}`}
          className={styles.crowd}
          data-testid="scatter-crowd"
          data-count={count}
          cx={cx}
          cy={cy}
          r={4.5 * Math.sqrt(count)}
        />
      ))}
      {points.map((each) => (
        <circle
          key={`${each.step} ${each.index}`}
          className={styles.point}
          data-testid="scatter-point"
          data-step={each.step}
          data-prompt={each.index}
          data-predicted={each.predicted}
          data-actual={each.actual}
          cx={x(each.predicted)}
          cy={y(each.actual)}
          r={each.age === 0 ? 4.5 : 3.2}
          opacity={0.75 * (1 - (0.8 * Math.min(each.age, WINDOW)) / WINDOW)}
        />
      ))}
      {bins.length > 1 && <path className={styles.curve} d={curve ?? ''} />}
      {bins.map((bin) => (
        <g
          key={bin.low}
          data-testid="calibration-bin"
          data-predicted={bin.predicted}
          data-actual={bin.actual}
        >
          <line
            className={styles.interval}
            x1={at(bin)}
            x2={at(bin)}
            y1={y(bin.actualLow)}
            y2={y(bin.actualHigh)}
          />
          <rect className={styles.knot} x={at(bin) - 3.5} y={y(bin.actual ?? 0) - 3.5} width={7} height={7} />
        </g>
      ))}
      <text className={styles.side} x={x(0.03)} y={y(0.95)}>
        better than it thought
      </text>
      <text className={styles.side} x={x(0.97)} y={y(0.03)} textAnchor="end">
        worse than it thought
      </text>
      {pointed && (
        <Pointed
          point={pointed}
          before={before.find((each) => each.index === pointed.index)}
          name={what === 'problems' ? `problem ${pointed.index + 1}` : `step ${pointed.step}`}
          place={(each) => [x(each.predicted), y(each.actual)]}
          width={width}
        />
      )}
      <rect
        x={MARGIN.left}
        y={MARGIN.top}
        width={width - MARGIN.left - MARGIN.right}
        height={height - MARGIN.top - MARGIN.bottom}
        fill="transparent"
        onPointerMove={point}
        onPointerLeave={putOut}
      />
    </g>
  );
}

/** Where several points are one to the eye, and how many they are: drawn as a halo of their area. */
function crowds(places: readonly (readonly [number, number])[]) {
  const found: { at: readonly [number, number]; count: number }[] = [];
  for (const place of places) {
    const near = found.find(({ at }) => Math.hypot(at[0] - place[0], at[1] - place[1]) <= CROWDED);
    if (near) near.count++;
    else found.push({ at: place, count: 1 });
  }
  return found.filter(({ count }) => count > 1);
}

interface PointedProps {
  point: ScatterPoint;
  before: ScatterPoint | undefined;
  name: string;
  place: (point: ScatterPoint) => [number, number];
  width: number;
}

/** What is pointed at, here or (a prompt) in another panel, and where it came from. */
function Pointed({ point, before, name, place, width }: PointedProps) {
  const [cx, cy] = place(point);
  const right = cx > width / 2;
  const [fromX, fromY] = before ? place(before) : [cx, cy];
  return (
    <g className={styles.lit} data-testid="scatter-lit">
      {before && <line x1={fromX} y1={fromY} x2={cx} y2={cy} />}
      <circle cx={cx} cy={cy} r={7.5} />
      <text x={cx + (right ? -12 : 12)} y={cy} dy="0.34em" textAnchor={right ? 'end' : 'start'}>
        {`${name}: said ${formatPercent(point.predicted)}, ${point.correct} of ${point.total} right`}
      </text>
    </g>
  );
}
