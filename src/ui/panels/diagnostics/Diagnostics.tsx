/**
 * What is happening, in words: what goes wrong in this run just now with the numbers it shows in, what to do about it,
 * and what only looks wrong. Follows the timeline: at an earlier step it says what was to be said then.
 */
import { useMemo } from 'react';
import { formatCount } from '../../../run/format';
import { Button } from '../../components/Button';
import { Panel } from '../../components/Panel';
import { TableView } from '../../components/TableView';
import { useRecentRecords, useShownStep } from '../../history/hooks';
import { usePage } from '../../state/context';
import { mainSuite, shownManifest } from '../../state/selectors';
import { diagnose, findingsTable } from '../../views/diagnostics';
import { LEAST_STEPS, type RunSoFar } from '../../views/diagnostics-input';
import type { Finding } from '../../views/findings';
import styles from './Diagnostics.module.css';

/** Steps in full that findings look at: those of the gate's and the cutoff's sums. */
const RECORDS = 20;

interface Props {
  /** The states of the run that are kept, as finished steps in rising order. */
  kept: readonly number[];
  /** Prepares to go on from one of them. */
  onRollBack: (step: number) => void;
}

export function DiagnosticsPanel({ kept, onRollBack }: Props) {
  const run = useRunSoFar(kept);
  const findings = useMemo(() => diagnose(run), [run]);
  const problems = findings.filter((each) => each.kind === 'problem');
  const odd = findings.filter((each) => each.kind === 'odd');
  return (
    <Panel name="diagnostics" title="What is happening?">
      {problems.length === 0 && (
        <p className={styles.calm} data-testid="calm" data-early={run.steps.length < LEAST_STEPS}>
          {run.steps.length < LEAST_STEPS
            ? `Too early to say: the first ${LEAST_STEPS} steps are under way.`
            : 'Nothing stands out: rewards, entropy, lengths and groups look as they should.'}
        </p>
      )}
      {problems.length > 0 && (
        <ul className={styles.findings}>
          {problems.map((finding) => (
            <Problem key={finding.code} finding={finding} onRollBack={onRollBack} />
          ))}
        </ul>
      )}
      {odd.length > 0 && (
        <ul className={styles.odd} aria-label="Looks odd, and is not">
          {odd.map((finding) => (
            <li key={finding.code} data-testid={`finding-${finding.code}`}>
              <details>
                <summary>{finding.title}</summary>
                <p className="number">{finding.evidence}</p>
                <p>
                  {finding.why} {finding.suggestion}
                </p>
              </details>
            </li>
          ))}
        </ul>
      )}
      {findings.length > 0 && (
        <TableView name="diagnostics" title="Findings" table={() => findingsTable(findings)} />
      )}
    </Panel>
  );
}

function Problem({ finding, onRollBack }: Pick<Props, 'onRollBack'> & { finding: Finding }) {
  const { code, title, evidence, why, suggestion, rollBackTo } = finding;
  return (
    <li className={styles.finding} data-testid={`finding-${code}`}>
      <h3>{title}</h3>
      <p className="number">{evidence}</p>
      <p className={styles.why}>{why}</p>
      <p>
        <strong>What helps:</strong> {suggestion}
      </p>
      {rollBackTo !== null && (
        <p className={styles.back}>
          <Button onClick={() => onRollBack(rollBackTo)} data-testid="roll-back" data-step={rollBackTo}>
            Go back to step {formatCount(rollBackTo)}…
          </Button>
          <span>Opens its settings first. This run stays as it is, among the runs.</span>
        </p>
      )}
    </li>
  );
}

/** Up to and with the step on screen; the step under way has no metrics yet and is not among it. */
function useRunSoFar(kept: readonly number[]): RunSoFar {
  const shown = useShownStep();
  const manifest = usePage(shownManifest);
  const steps = usePage((page) => page.run.steps);
  const evaluations = usePage((page) => page.run.evaluations);
  const suite = usePage(mainSuite);
  const records = useRecentRecords(RECORDS);
  return useMemo(
    () => ({
      manifest,
      steps: steps.filter((point) => shown === null || point.step <= shown),
      evaluations: evaluations.filter(
        (point) => point.suite === suite && (shown === null || point.step <= shown + 1),
      ),
      records,
      kept,
    }),
    [manifest, steps, evaluations, suite, shown, records, kept],
  );
}
