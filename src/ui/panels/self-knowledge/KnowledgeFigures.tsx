/** The figures beside the scatter and what they say in a sentence, whichever prompts or problems are drawn. */
import type { ReactNode } from 'react';
import { formatCount, formatFixed, formatPercent } from '../../../run/format';
import { Explain } from '../../components/Explain';
import { Figure, Figures } from '../../components/Figures';
import { type Calibration, describeCalibration } from '../../views/self-knowledge';
import styles from './Knowledge.module.css';

interface Props {
  calibration: Calibration;
  /** What is drawn, in the plural: `prompts`. */
  what: string;
  count: number;
  /** What counts as one of them. */
  counted: { definition: string; formula: string; source: string };
  /** The figures that it began with, where there are any. */
  before?: Calibration;
  children?: ReactNode;
}

export function KnowledgeFigures({ calibration, what, count, counted, before, children }: Props) {
  const { error, correlation } = calibration;
  return (
    <>
      <Figures>
        <Figure
          name="scatter-error"
          value={error}
          text={formatPercent(error)}
          detail={before && `${formatPercent(before.error)} at first`}
          label={
            <Explain
              label="Mean error"
              definition={`How far the predicted pass rate is from the true one, over the ${what} drawn.`}
              formula={`mean of |predicted − right / all| over ${formatCount(count)} ${what}`}
              value={formatPercent(error)}
              source="src/rl/masa/alignment.ts"
            />
          }
        />
        <Figure
          name="scatter-correlation"
          value={correlation}
          text={formatFixed(correlation, 2)}
          detail={before && `${formatFixed(before.correlation, 2)} at first`}
          label={
            <Explain
              label="Correlation"
              definition="Whether it expects more where it gets more right: 1 is perfect, 0 says nothing."
              formula={`Pearson’s r of predicted and true pass rate over ${formatCount(count)} ${what}`}
              value={formatFixed(correlation, 3)}
              source="src/rl/masa/alignment.ts"
            />
          }
        />
        <Figure
          name="scatter-prompts"
          value={count}
          text={formatCount(count)}
          label={
            <Explain
              label={`${what[0].toUpperCase()}${what.slice(1)} drawn`}
              value={formatCount(count)}
              {...counted}
            />
          }
        />
      </Figures>
      <p className={styles.says}>
        {describeCalibration(calibration, formatPercent)} {children}
      </p>
    </>
  );
}
