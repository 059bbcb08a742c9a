/** The prompts of a step as they arrive before the gate: what was predicted, what was decided and why, what came of it. */
import { useState } from 'react';
import { formatShare } from '../../../run/format';
import type { Task } from '../../../tasks/task';
import { Button } from '../../components/Button';
import { useLight } from '../../history/lit';
import { unbrokenTerms } from '../../state/wording';
import { type GateRow, outcomeInWords, roleInWords, whyInWords } from '../../views/gate';
import styles from './Candidates.module.css';
import { Evidence } from './Evidence';

/** Rows drawn at first. */
const FIRST = 10;

export function Candidates({ rows, task }: { rows: readonly GateRow[]; task: Task }) {
  const [all, setAll] = useState(false);
  const shown = all ? rows : rows.slice(0, FIRST);
  return (
    <>
      <ol className={styles.rows} aria-label="Prompts before the gate">
        {shown.map((row) => (
          <Candidate key={row.index} row={row} task={task} />
        ))}
      </ol>
      {rows.length > shown.length && (
        <Button weight="quiet" onClick={() => setAll(true)}>
          Show all {rows.length} prompts
        </Button>
      )}
    </>
  );
}

function Candidate({ row, task }: { row: GateRow; task: Task }) {
  const light = useLight(row.step, row.index);
  const text = task.vocabulary.readable(row.prompt);
  return (
    <li
      className={styles.row}
      data-testid={`candidate-${row.index}`}
      data-role={row.decision.role}
      data-kept={row.kept}
      {...light}
    >
      <span className={styles.prompt} title={text}>
        {unbrokenTerms(text)}
      </span>
      <Evidence row={row} />
      <span className={styles.verdict}>
        <strong data-kept={row.kept}>
          <i aria-hidden="true">{row.kept ? '→' : '⊘'}</i> {roleInWords(row.decision.role)}
        </strong>
        <span className={styles.why} data-testid="gate-why" title={row.decision.reason}>
          {whyInWords(row.decision, formatShare)}
        </span>
      </span>
      <span className={styles.outcome} data-right={row.right ?? ''}>
        {row.right !== null && <i aria-hidden="true">{row.right ? '✓' : '✗'}</i>} {outcomeInWords(row)}
        {row.right !== null && (
          <span className="visually-hidden">: the gate was {row.right ? 'right' : 'wrong'}</span>
        )}
      </span>
    </li>
  );
}
