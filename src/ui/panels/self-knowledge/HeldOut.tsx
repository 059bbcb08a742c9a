/**
 * What the policy predicts of problems it never trains on: the evaluation where the page looks, over the points of the
 * first one. No gate chooses among them, so self-knowledge shows here where the prompts of a step no longer have it.
 */
import { useMemo } from 'react';
import { formatCount } from '../../../run/format';
import { Empty } from '../../components/Empty';
import { usePage } from '../../state/context';
import { firstEvaluation, shownHeldOut } from '../../state/selectors';
import { heldOutDrawing, heldOutTable, whenOf } from '../../views/held-out';
import { KnowledgeFigures } from './KnowledgeFigures';
import { Scatter } from './Scatter';
import styles from './Scatter.module.css';

export function HeldOut() {
  const shown = usePage(shownHeldOut);
  const first = usePage(firstEvaluation);
  const now = useMemo(() => heldOutDrawing(shown), [shown]);
  const start = useMemo(() => (first === shown ? null : heldOutDrawing(first)), [first, shown]);
  if (!now)
    return <Empty>Points appear with the first evaluation, which is made before the first step.</Empty>;
  const { points, calibration, rated, asked } = now;
  const when = whenOf(now.step, formatCount);
  return (
    <>
      <Scatter
        points={points}
        calibration={calibration}
        whose={`held-out problems ${when}`}
        what="problems"
        before={start?.points}
        legend={
          <span className={styles.legend}>
            {start && (
              <>
                <i className={styles.atFirst} /> {whenOf(start.step, formatCount)}{' '}
              </>
            )}
            <i className={styles.now} /> <span data-testid="held-out-when">{when}</span>
          </span>
        }
        table={() => heldOutTable(start ? [start, now] : [now])}
      />
      <KnowledgeFigures
        calibration={calibration}
        before={start?.calibration}
        what="problems"
        count={points.length}
        counted={{
          definition:
            'Held-out problems whose prediction could be read; the same ones at every evaluation. They are never trained on, and no gate skips any.',
          formula: `${formatCount(points.length)} drawn of ${formatCount(rated)} with a prediction, of ${formatCount(asked)} asked`,
          source: 'src/rl/evaluate-alignment.ts',
        }}
      />
    </>
  );
}
