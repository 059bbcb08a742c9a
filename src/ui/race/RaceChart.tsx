/**
 * Accuracy against what it cost: a line an arm, with a band over the seeds that are settled, each seed thin, and where
 * each arm first reached the target. A still picture, drawn anew after each evaluation.
 */
import { scaleLinear } from 'd3-scale';
import { area, line } from 'd3-shape';
import { ToggleGroup } from 'radix-ui';
import { type PointerEvent, useState } from 'react';
import { useStore } from 'zustand';
import type { RaceAxis } from '../../lab/race/bands';
import type { RaceBand, RaceReport } from '../../lab/race/report';
import { formatPercent } from '../../run/format';
import { Empty } from '../components/Empty';
import { Panel } from '../components/Panel';
import { Picture } from '../components/Picture';
import { useEnlarged } from '../components/panel-offers';
import { useSession } from '../state/context';
import { goalText } from './answer';
import { armStyle, MARKS } from './arm-style';
import {
  AXIS_LABELS,
  AXIS_TITLES,
  type Bounds,
  boundsOf,
  costLabel,
  curvesTable,
  meanAt,
  type Place,
  placesOf,
} from './curves';
import styles from './Race.module.css';
import type { RaceView } from './state';

const MARGIN = { left: 48, right: 14, top: 12, bottom: 42 };
const NAME_HEIGHT = 18;

export function RaceChart({ race }: { race: RaceView }) {
  const { races } = useSession();
  const axis = useStore(races.store, (page) => page.axis);
  const share = useStore(races.store, (page) => page.share);
  return (
    <Panel
      name="race-curves"
      title="Accuracy for what it cost"
      caption={`Share of held-out problems answered right${race.suite === 'mid-hard' ? ', of the tiers mid and hard, in which something can be learned' : ''}.`}
      tools={<AxisSwitch axis={axis} onChange={(next) => races.set({ axis: next })} />}
    >
      <Curves race={race} axis={axis} share={share} />
    </Panel>
  );
}

function AxisSwitch({ axis, onChange }: { axis: RaceAxis; onChange: (axis: RaceAxis) => void }) {
  return (
    <ToggleGroup.Root
      type="single"
      className={styles.switch}
      aria-label="Draw accuracy against"
      value={axis}
      onValueChange={(next) => next !== '' && onChange(next as RaceAxis)}
    >
      {(Object.keys(AXIS_LABELS) as RaceAxis[]).map((each) => (
        <ToggleGroup.Item key={each} value={each}>
          {AXIS_LABELS[each]}
        </ToggleGroup.Item>
      ))}
    </ToggleGroup.Root>
  );
}

interface CurvesProps {
  race: RaceView;
  axis: RaceAxis;
  share: number;
}

function Curves({ race, axis, share }: CurvesProps) {
  const enlarged = useEnlarged();
  const [at, setAt] = useState<number | null>(null);
  const { report, setup } = race;
  const bounds = report && boundsOf(report, axis);
  if (!report || !bounds) return <Empty>Drawn from the first evaluation on, before any step is taken.</Empty>;
  const names = setup.arms.map(({ name }) => name);
  const bandOf = (name: string) => report.bands.find((band) => band.arm === name && band.axis === axis);
  const newest = (name: string): number | null => {
    const band = bandOf(name);
    if (!band) return null;
    return at === null ? (band.points.at(-1)?.mean ?? null) : meanAt(band.points, at);
  };
  const values = names.map((name) => `${name} ${formatPercent(newest(name))}`).join(', ');
  return (
    <Picture
      name="race"
      title={at === null ? newestTitle(report) : placeTitle(axis, at)}
      label={`Held-out accuracy against ${AXIS_TITLES[axis]}; ${report.provisional ? 'so far' : 'at the end'}: ${values}`}
      height={(width) =>
        NAME_HEIGHT * names.length +
        (enlarged ? Math.min(560, 0.5 * width) : Math.max(240, Math.min(380, 0.42 * width)))
      }
      table={() => curvesTable(report)}
      note={bandNote(report)}
    >
      {(width, height) => (
        <Plot
          report={report}
          names={names}
          bounds={bounds}
          axis={axis}
          share={share}
          width={width}
          height={height}
          at={at}
          values={names.map(newest)}
          onPoint={setAt}
        />
      )}
    </Picture>
  );
}

/** What the legend's numbers are of. */
const newestTitle = ({ bands }: RaceReport): string =>
  bands.some(({ seeds }) => seeds > 1) ? 'As far as every seed has come' : 'At the newest evaluation';

const placeTitle = (axis: RaceAxis, at: number): string =>
  `At ${costLabel(axis, at)}${axis === 'flops' ? ' GFLOP' : axis === 'seconds' ? '' : ` ${axis}`}`;

function bandNote({ bands, seeds, provisional, curves }: RaceReport): string {
  const most = Math.max(0, ...bands.map((band) => band.seeds));
  const more =
    curves.some(({ settled }) => !settled) && !provisional
      ? ' Thin lines without a mark are the seed under way.'
      : '';
  if (provisional) return `Seed ${seeds.join(', ')}, under way. Marks are evaluations.`;
  if (most >= 3)
    return `Thick lines are means over ${most} seeds, bands their bootstrap 95% intervals, thin lines the seeds.${more}`;
  if (most === 2) return `Thick lines are means over two seeds, bands their range.${more}`;
  return `One seed. Marks are evaluations.${more}`;
}

interface PlotProps {
  report: RaceReport;
  names: readonly string[];
  bounds: Bounds;
  axis: RaceAxis;
  share: number;
  width: number;
  height: number;
  at: number | null;
  /** Of each arm, where the pointer is or the newest. */
  values: readonly (number | null)[];
  onPoint: (x: number | null) => void;
}

function Plot({ report, names, bounds, axis, share, width, height, at, values, onPoint }: PlotProps) {
  const x = scaleLinear(bounds.x, [MARGIN.left, width - MARGIN.right]);
  // Below the arms' names, which are in the picture so that a saved one has them too.
  const top = MARGIN.top + NAME_HEIGHT * names.length;
  const y = scaleLinear(bounds.y, [height - MARGIN.bottom, top]);
  const point = (event: PointerEvent<SVGRectElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    const value = x.invert(event.clientX - box.left + MARGIN.left);
    onPoint(Math.max(bounds.x[0], Math.min(bounds.x[1], value)));
  };
  const curve = line<Place>(
    (place) => x(place.x),
    (place) => y(place.y),
  );
  const band = area<RaceBand['points'][number]>(
    (each) => x(each.x),
    (each) => y(each.low ?? each.mean),
    (each) => y(each.high ?? each.mean),
  );
  const mean = line<RaceBand['points'][number]>(
    (each) => x(each.x),
    (each) => y(each.mean),
  );
  const goal = report.comparison?.arms[0]?.targets.find((target) => target.share === share);
  const ticks = x.ticks(Math.max(3, Math.floor(width / 110)));
  return (
    <g className={styles.plot}>
      {y.ticks(5).map((tick) => (
        <g key={tick} className={styles.tick}>
          <line x1={MARGIN.left} x2={width - MARGIN.right} y1={y(tick)} y2={y(tick)} />
          <text x={MARGIN.left - 8} y={y(tick)} dy="0.34em" textAnchor="end">
            {Math.round(100 * tick)}%
          </text>
        </g>
      ))}
      {ticks.map((tick) => (
        <text
          key={tick}
          className={styles.tickText}
          x={x(tick)}
          y={height - MARGIN.bottom + 17}
          textAnchor="middle"
        >
          {costLabel(axis, tick)}
        </text>
      ))}
      <text
        className={styles.axisTitle}
        x={(MARGIN.left + width - MARGIN.right) / 2}
        y={height - 5}
        textAnchor="middle"
      >
        {AXIS_TITLES[axis]}
      </text>
      {goal && goal.accuracy >= bounds.y[0] && goal.accuracy <= bounds.y[1] && (
        <g className={styles.goal}>
          <line x1={MARGIN.left} x2={width - MARGIN.right} y1={y(goal.accuracy)} y2={y(goal.accuracy)} />
          <text x={width - MARGIN.right} y={y(goal.accuracy) - 5} textAnchor="end">
            {goalText(report.baseline, share)}
          </text>
        </g>
      )}
      {names.map((name, place) => {
        const style = armStyle(place);
        const stroke = `var(--${style.colour})`;
        const own = report.bands.find((each) => each.arm === name && each.axis === axis);
        const single = own?.seeds === 1;
        const reached = report.comparison?.arms
          .find((arm) => arm.name === name)
          ?.targets.find((target) => target.share === share)?.costs[axis];
        return (
          <g key={name} data-arm={name}>
            {own && own.seeds > 1 && <path d={band(own.points) ?? ''} fill={stroke} fillOpacity={0.13} />}
            {goal && reached && (
              <line
                className={styles.crossing}
                stroke={stroke}
                x1={x(reached.mean)}
                x2={x(reached.mean)}
                y1={y(goal.accuracy)}
                y2={height - MARGIN.bottom}
              />
            )}
            {report.curves
              .filter(({ arm }) => arm === name)
              .map((each) => {
                const marked = single && report.seeds.includes(each.seed);
                return (
                  <g key={each.seed} data-seed={each.seed}>
                    <path
                      d={curve(placesOf(each, axis)) ?? ''}
                      fill="none"
                      stroke={stroke}
                      strokeDasharray={style.dash}
                      strokeWidth={marked ? 2.2 : 0.9}
                      strokeOpacity={marked ? 1 : 0.55}
                    />
                    {placesOf(each, axis).map((spot) => (
                      <path
                        key={spot.steps}
                        data-testid="race-point"
                        data-x={spot.x}
                        data-y={spot.y}
                        data-step={spot.steps}
                        d={MARKS[style.mark]}
                        transform={`translate(${x(spot.x)} ${y(spot.y)})${marked ? '' : ' scale(0.45)'}`}
                        fill={stroke}
                      />
                    ))}
                  </g>
                );
              })}
            {own && !single && (
              <path
                data-testid="race-mean"
                d={mean(own.points) ?? ''}
                fill="none"
                stroke={stroke}
                strokeDasharray={style.dash}
                strokeWidth={2.4}
              />
            )}
          </g>
        );
      })}
      {names.map((name, place) => {
        const { colour, dash, mark } = armStyle(place);
        const middle = NAME_HEIGHT * (place + 0.5);
        return (
          <g key={name} className={styles.inset} data-testid="race-legend" data-arm={name}>
            <line
              x1={MARGIN.left + 8}
              x2={MARGIN.left + 38}
              y1={middle}
              y2={middle}
              stroke={`var(--${colour})`}
              strokeWidth={2}
              strokeDasharray={dash}
            />
            <path
              d={MARKS[mark]}
              transform={`translate(${MARGIN.left + 23} ${middle})`}
              fill={`var(--${colour})`}
            />
            <text x={MARGIN.left + 46} y={middle} dy="0.34em">
              {name} {formatPercent(values[place])}
            </text>
          </g>
        );
      })}
      {at !== null && (
        <line className={styles.cursor} x1={x(at)} x2={x(at)} y1={top} y2={height - MARGIN.bottom} />
      )}
      <rect
        x={MARGIN.left}
        y={MARGIN.top}
        width={Math.max(0, width - MARGIN.left - MARGIN.right)}
        height={height - MARGIN.top - MARGIN.bottom}
        fill="transparent"
        onPointerMove={point}
        onPointerLeave={() => onPoint(null)}
      />
    </g>
  );
}
