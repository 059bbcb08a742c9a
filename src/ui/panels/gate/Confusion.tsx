/** Whether the gate was right, over the latest steps: counted prompts in a two by two table, and what follows from it. */
import type { ReactNode } from 'react';
import { formatCount, formatPercent, NO_VALUE } from '../../../run/format';
import { Explain } from '../../components/Explain';
import { Figure, Figures } from '../../components/Figures';
import { TableView } from '../../components/TableView';
import { confusionTable, type GateConfusion } from '../../views/gate';
import styles from './Confusion.module.css';

export function Confusion({ confusion }: { confusion: GateConfusion }) {
  const { skippedZero, skippedInformative, keptZero, keptInformative, unknown, figures, tally } = confusion;
  const sampled = skippedZero + skippedInformative;
  return (
    <div className={styles.confusion}>
      <table className={styles.matrix} data-testid="confusion">
        <caption>
          Counted over {confusion.from === null ? 'no step yet' : spanOf(confusion)}. Of the prompts it closed
          on, only those that were rolled out all the same are known.
        </caption>
        <thead>
          <tr>
            <td />
            <th scope="col">nothing to learn</th>
            <th scope="col">something to learn</th>
          </tr>
        </thead>
        <tbody>
          <tr>
            <th scope="row">closed</th>
            <Cell name="skipped-zero" good count={skippedZero}>
              skipped, and rightly
            </Cell>
            <Cell name="skipped-informative" good={false} count={skippedInformative}>
              skipped, and it would have taught something
            </Cell>
          </tr>
          <tr>
            <th scope="row">let through</th>
            <Cell name="kept-zero" good={false} count={keptZero}>
              rolled out for nothing
            </Cell>
            <Cell name="kept-informative" good count={keptInformative}>
              rolled out and learned from
            </Cell>
          </tr>
        </tbody>
      </table>
      <p className={styles.unknown} data-testid="unknown" data-value={unknown}>
        {tally.gated === 0
          ? 'No prompt was skipped.'
          : unknown === 0
            ? 'Every skipped prompt was checked.'
            : `${formatCount(unknown)} more ${unknown === 1 ? 'was' : 'were'} skipped and never checked.`}
      </p>
      <Figures>
        <Figure
          name="gate-precision"
          text={formatPercent(figures.precision)}
          value={figures.precision}
          label={
            <Explain
              label="Precision"
              definition="Of what the gate closes, the share that had nothing to teach, by the prompts that were rolled out all the same."
              formula={`${skippedZero} / ${sampled}`}
              value={formatPercent(figures.precision)}
              source="src/rl/masa/audit.ts"
            />
          }
        />
        <Figure
          name="gate-recall"
          text={formatPercent(figures.recall)}
          value={figures.recall}
          label={
            <Explain
              label="Recall"
              definition="Of the prompts with nothing to teach, the estimated share that was skipped; the checked ones stand for all that were."
              formula={
                figures.confusion
                  ? `${formatCount(figures.confusion.truePositive)} / (${formatCount(figures.confusion.truePositive)} + ${formatCount(keptZero)})`
                  : 'skipped without variance / all without variance'
              }
              value={formatPercent(figures.recall)}
              source="src/rl/masa/audit.ts"
            />
          }
        />
        <Figure
          name="gate-tokens-saved"
          text={formatCount(confusion.tokensSaved)}
          value={confusion.tokensSaved}
          label={
            <Explain
              label="Tokens saved"
              definition="The estimated solution tokens not generated for skipped prompts in these steps, what the audit generated deducted."
              formula={`tokens of ${formatCount(tally.gated)} skipped prompts, scaled up from ${formatCount(sampled)}, − ${formatCount(tally.auditTokens)} audited`}
              value={formatCount(confusion.tokensSaved)}
              source="src/rl/masa/audit.ts"
            />
          }
        />
        <Figure
          name="gate-tokens-net"
          text={formatCount(confusion.tokensSavedNet)}
          value={confusion.tokensSavedNet}
          label={
            <Explain
              label="Net of predictions"
              definition="The same after paying for the predictions that the gate reads. Below 0 the gate costs more than it saves."
              formula={`${formatCount(confusion.tokensSaved)} − ${formatCount(tally.metaTokens)}`}
              value={formatCount(confusion.tokensSavedNet)}
              source="src/rl/masa/audit.ts"
            />
          }
        />
      </Figures>
      {figures.precision === null && tally.gated > 0 && (
        <p className={styles.unknown}>
          {NO_VALUE} until a skipped prompt is checked: each has a chance of masa_audit_share.
        </p>
      )}
      <TableView
        name="gate-confusion"
        title="Gate against outcomes"
        table={() => confusionTable(confusion)}
      />
    </div>
  );
}

export const spanOf = ({ from, to }: { from: number | null; to: number | null }): string =>
  from === to ? `step ${formatCount(from)}` : `steps ${formatCount(from)} to ${formatCount(to)}`;

function Cell({
  name,
  good,
  count,
  children,
}: {
  name: string;
  good: boolean;
  count: number;
  children: ReactNode;
}) {
  return (
    <td data-good={good}>
      <span className={`${styles.count} number`} data-testid={`confusion-${name}`} data-value={count}>
        <i aria-hidden="true">{good ? '✓' : '✗'}</i> {formatCount(count)}
      </span>
      <span className={styles.means}>{children}</span>
    </td>
  );
}
