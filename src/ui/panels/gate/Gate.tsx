/** The gate: each prompt of the step before it, and what the audit says of it over the latest steps. */
import { useMemo } from 'react';
import { formatCount, formatNumber } from '../../../run/format';
import type { Manifest } from '../../../run/manifest';
import { Chart } from '../../components/Chart';
import { MetricName } from '../../components/MetricName';
import { Panel } from '../../components/Panel';
import { TableView } from '../../components/TableView';
import { useRecentRecords } from '../../history/hooks';
import type { StepRecord } from '../../history/step-record';
import { usePage } from '../../state/context';
import { shownManifest, shownTask } from '../../state/selectors';
import { gateConfusion, gateRows, gateTable, TALLY_WINDOW } from '../../views/gate';
import { GATED } from '../curves';
import { Missing } from '../Missing';
import { useDetail } from '../useDetail';
import { Candidates } from './Candidates';
import { Confusion } from './Confusion';
import styles from './Gate.module.css';

export function GatePanel() {
  const manifest = usePage(shownManifest);
  if (!manifest.masa_gate) return null;
  return (
    <Panel
      name="gate"
      title="Which prompts are worth trying?"
      caption={`A group that is all right or all wrong teaches nothing; the gate skips prompts it expects that of. ${ruleInWords(manifest)}`}
    >
      <div className={styles.split}>
        <Step />
        <Window />
      </div>
    </Panel>
  );
}

/** The rule with its numbers, in a sentence. */
function ruleInWords(m: Manifest): string {
  if (m.masa_gate_rule === 'paper')
    return `It closes where the mean prediction is below ${formatNumber(m.masa_gate_low)} or above ${formatNumber(m.masa_gate_high)} (shaded) and the predictions’ spread is below ${formatNumber(m.masa_gate_spread)}.`;
  const from =
    m.masa_gate_rule === 'classifier'
      ? 'a classifier of the prompt alone'
      : 'its predictions and past outcomes';
  return `It closes where the probability of that, from ${from}, is above ${formatNumber(m.masa_gate_threshold)} (the line).`;
}

const hasDecisions = (record: StepRecord): boolean => record.decisions.length > 0;

function Step() {
  const { record, missing } = useDetail(hasDecisions);
  const task = usePage(shownTask);
  const rows = useMemo(() => (record ? gateRows(record) : []), [record]);
  const plan = record?.plan;
  return (
    <section className={styles.part} aria-labelledby="gate-step">
      <h3 id="gate-step">
        {record ? `Step ${formatCount(record.step)}` : 'The step'}
        {plan && (
          <span className={`${styles.plan} number`} data-testid="gate-plan">
            {formatCount(plan.kept.length)} let through, {formatCount(plan.gated.length)} skipped
            {plan.audited.length > 0 && `, ${formatCount(plan.audited.length)} of them checked`}
            {plan.tries > 0 && `; ${formatCount(plan.tries)} rounds of replacements`}
          </span>
        )}
      </h3>
      {plan?.reason && <p className={styles.reason}>{sentence(plan.reason)}</p>}
      {rows.length > 0 ? (
        <>
          <Candidates rows={rows} task={task} />
          <TableView name="gate" title="Prompts before the gate" table={() => gateTable(rows)} />
        </>
      ) : (
        <Missing
          why={missing}
          early="The prompts of the first step appear here as soon as they are predicted."
        />
      )}
    </section>
  );
}

const sentence = (text: string): string => `${text[0].toUpperCase()}${text.slice(1)}.`;

function Window() {
  const prompts = usePage((page) => shownManifest(page).prompts_per_step);
  const range = useMemo((): [number, number] => [0, prompts], [prompts]);
  const records = useRecentRecords(TALLY_WINDOW + 1);
  const confusion = useMemo(() => gateConfusion(records), [records]);
  return (
    <section className={styles.part} aria-labelledby="gate-right">
      <h3 id="gate-right">Was it right?</h3>
      <Confusion confusion={confusion} />
      <Chart
        name="gated"
        title={<MetricName name="masa/gate/gated" />}
        label="Prompts the gate skipped"
        series={GATED}
        range={range}
        height={110}
      />
    </section>
  );
}
