/**
 * What the gate went by for one prompt, as a small picture. Rule `paper`: the sampled pass rates on the line from 0 to
 * 1, with the parts outside of the band marked in which the gate closes. The other rules: the probability of no
 * variance against its threshold, over the predicted distribution where there is one. Told in words by its row.
 */
import { scaleLinear } from 'd3-scale';
import { places } from '../../components/places';
import { useWidth } from '../../components/useWidth';
import type { GateRow } from '../../views/gate';
import styles from './Evidence.module.css';

const HEIGHT = 34;
const FLOOR = 26;

export function Evidence({ row }: { row: GateRow }) {
  const [box, width] = useWidth<HTMLSpanElement>();
  return (
    <span ref={box} className={styles.evidence}>
      {width > 0 && (
        <svg width={width} height={HEIGHT} aria-hidden="true">
          {row.decision.rule === 'paper' ? (
            <Band row={row} width={width} />
          ) : (
            <Threshold row={row} width={width} />
          )}
        </svg>
      )}
    </span>
  );
}

interface Props {
  row: GateRow;
  width: number;
}

function Band({ row, width }: Props) {
  const { low, high, mean, spread, spread_limit } = row.decision;
  const x = scaleLinear([0, 1], [5, width - 5]);
  const seen = new Map<number, number>();
  return (
    <>
      <rect className={styles.closes} x={0} width={x(low)} y={2} height={FLOOR - 2} />
      <rect className={styles.closes} x={x(high)} width={width - x(high)} y={2} height={FLOOR - 2} />
      <line className={styles.floor} x1={0} x2={width} y1={FLOOR} y2={FLOOR} />
      {places(row.samples.length).map((place) => {
        const sample = row.samples[place];
        const level = seen.get(sample) ?? 0;
        seen.set(sample, level + 1);
        return (
          <circle
            key={place}
            className={styles.sample}
            data-testid="gate-sample"
            data-value={sample}
            cx={x(sample)}
            cy={FLOOR - 3 - Math.min(level, 6) * 3.4}
            r={2.4}
          />
        );
      })}
      {mean !== null && spread !== null && (
        <g className={styles.mean} data-agree={spread < spread_limit}>
          <line
            x1={x(Math.max(0, mean - spread))}
            x2={x(Math.min(1, mean + spread))}
            y1={FLOOR + 4}
            y2={FLOOR + 4}
          />
          <path d={`M${x(mean)} ${FLOOR + 1}l3.5 6h-7z`} />
        </g>
      )}
    </>
  );
}

function Threshold({ row, width }: Props) {
  const { zero_variance: probability, threshold, pass_distribution: distribution } = row.decision;
  const x = scaleLinear([0, 1], [0, width]);
  const most = Math.max(...(distribution ?? [1]));
  const step = width / (distribution?.length ?? 1);
  return (
    <>
      {places(distribution?.length ?? 0).map((count) => {
        const height = ((FLOOR - 12) * (distribution?.[count] ?? 0)) / most;
        return (
          <rect
            key={count}
            className={styles.likely}
            x={count * step + 1}
            width={Math.max(1, step - 2)}
            y={FLOOR - 10 - height}
            height={height}
          />
        );
      })}
      <rect className={styles.track} x={0} width={width} y={FLOOR - 8} height={8} />
      <rect className={styles.probability} x={0} width={x(probability ?? 0)} y={FLOOR - 8} height={8} />
      <line className={styles.threshold} x1={x(threshold)} x2={x(threshold)} y1={FLOOR - 12} y2={FLOOR + 6} />
    </>
  );
}
