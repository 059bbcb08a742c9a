/** A quantity of several arms on one pair of axes: means with bands, and single runs where they are wanted. */

import type { ArmCurves } from '../../../report/arms';
import { short, tickText } from '../../../report/chart';
import { bandPath, dashOf, layOut, linePath } from '../../../report/chart-layout';
import { AXIS_LABELS, type CurveAxis, type Quantity } from '../../../report/quantities';
import { formatNumber } from '../../../run/format';
import { Picture } from '../../components/Picture';
import type { Cell } from '../../components/panel-offers';
import { ARM_COLOURS } from '../../theme/palette';
import styles from './Comparison.module.css';

interface Props {
  quantity: Quantity;
  axis: CurveAxis;
  curves: readonly ArmCurves[];
  /** Every run as a line of its own, in place of bands. */
  single: boolean;
}

const colourOf = (index: number): string => `var(--${ARM_COLOURS[index % ARM_COLOURS.length]})`;

export function CurveChart({ quantity, axis, curves, single }: Props) {
  const { key, label, format, range, note, from } = quantity;
  const drawn = curves.map((each, index) => ({ ...each, index })).filter(({ whole }) => whole.x.length > 0);
  const last = (y: readonly number[]) => format(y[y.length - 1]);
  const spoken = drawn.map(({ arm, whole }) => `${arm} ${last(whole.y)}`).join(', ');
  return (
    <Picture
      name={`compare-${key.replaceAll('/', '-')}`}
      title={label}
      label={`${label} against ${AXIS_LABELS[axis]}; at the end: ${spoken || 'nothing'}`}
      height={(width) => Math.round(Math.min(260, Math.max(180, width * 0.5)))}
      note={note}
      legend={
        <ul className={styles.legend}>
          {drawn.map(({ arm, whole, index }) => (
            <li key={arm} data-arm={arm} data-last={whole.y[whole.y.length - 1]}>
              <ArmMark index={index} />
              {arm} <span className="number">{last(whole.y)}</span>
            </li>
          ))}
        </ul>
      }
      table={() => ({
        columns: ['arm', AXIS_LABELS[axis], 'mean', 'low', 'high'],
        rows: drawn.flatMap(({ arm, whole: { x, y, band } }) =>
          x.map((place, i): Cell[] => [arm, place, y[i], band?.low[i] ?? null, band?.high[i] ?? null]),
        ),
      })}
    >
      {(width, height) => {
        const lines = drawn.flatMap(({ whole, runs }) =>
          single && runs.length > 1 ? [whole, ...runs.map(({ curve }) => curve)] : [whole],
        );
        const shown = single ? lines.map((line) => ({ ...line, band: null })) : lines;
        const layout = layOut(shown, width, height, range);
        if (!layout) return null;
        const { box, x, y } = layout;
        return (
          <>
            {y.ticks.map((tick) => (
              <g key={tick}>
                <line className={styles.grid} x1={box.left} x2={box.right} y1={y(tick)} y2={y(tick)} />
                <text className={styles.yTick} x={box.left - 6} y={y(tick) + 4}>
                  {tickText(format(tick))}
                </text>
              </g>
            ))}
            {x.ticks.map((tick) => (
              <text key={tick} className={styles.xTick} x={x(tick)} y={height - 8}>
                {short(tick)}
              </text>
            ))}
            {!single &&
              drawn.map(({ arm, whole, index }) => (
                <path key={arm} d={bandPath(whole, layout)} fill={colourOf(index)} opacity={0.16} />
              ))}
            {single &&
              drawn.flatMap(({ runs, index }) =>
                runs.length < 2
                  ? []
                  : runs.map(({ name, seed, curve }) => (
                      <path
                        key={`${index} ${name} ${seed}`}
                        className={styles.run}
                        d={linePath(curve, layout)}
                        stroke={colourOf(index)}
                      >
                        <title>{`${name}, seed ${seed}`}</title>
                      </path>
                    )),
              )}
            {drawn.map(({ arm, whole, index }) => (
              <g key={arm}>
                <path
                  className={styles.line}
                  d={linePath(whole, layout)}
                  stroke={colourOf(index)}
                  strokeDasharray={dashOf(index)}
                />
                {from === 'evaluations' &&
                  whole.x.map((place, i) => (
                    <circle key={place} cx={x(place)} cy={y(whole.y[i])} r={3} fill={colourOf(index)}>
                      <title>{`${arm}: ${format(whole.y[i])} at ${formatNumber(place)} ${axis}`}</title>
                    </circle>
                  ))}
              </g>
            ))}
          </>
        );
      }}
    </Picture>
  );
}

/** How an arm is drawn, beside its name. */
export function ArmMark({ index }: { index: number }) {
  return (
    <svg className={styles.mark} width="26" height="8" aria-hidden="true">
      <path className={styles.line} d="M1 4H25" stroke={colourOf(index)} strokeDasharray={dashOf(index)} />
    </svg>
  );
}
