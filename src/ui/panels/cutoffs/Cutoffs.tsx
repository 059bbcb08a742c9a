/** The cutoff: the step's rollouts growing to their ends or to their limits, and what was saved and lost by it. */
import { useMemo, useState } from 'react';
import { formatCount, formatNumber, formatPercent } from '../../../run/format';
import type { Manifest } from '../../../run/manifest';
import { Button } from '../../components/Button';
import { Chart } from '../../components/Chart';
import { Explain } from '../../components/Explain';
import { Figure, Figures } from '../../components/Figures';
import { MetricName } from '../../components/MetricName';
import { Panel } from '../../components/Panel';
import { places } from '../../components/places';
import { TableView } from '../../components/TableView';
import { MOST_RECORDS } from '../../history/history';
import { useRecentRecords } from '../../history/hooks';
import { recordOf, shownStepNumber } from '../../history/select';
import type { StepRecord } from '../../history/step-record';
import { usePage, usePageFields } from '../../state/context';
import { candidateOfGroup, shownManifest, taskOf } from '../../state/selectors';
import type { PageState } from '../../state/store';
import { type CutoffRow, cutoffRows, cutoffSums, cutoffTable, growingRow } from '../../views/cutoffs';
import { CUT } from '../curves';
import { spanOf } from '../gate/Confusion';
import { Missing } from '../Missing';
import { useDetail } from '../useDetail';
import { CutoffCard } from './CutoffCard';
import styles from './Cutoffs.module.css';

/** Cards drawn at first. */
const FIRST = 8;
const SHARE: [number, null] = [0, null];
const percentTick = (value: number) => `${formatNumber(value * 100, 2)}%`;

export function CutoffPanel() {
  const manifest = usePage(shownManifest);
  if (!manifest.masa_cutoff) return null;
  return (
    <Panel
      name="cutoffs"
      title="When is it worth stopping?"
      caption={`A rollout that grows past ${formatNumber(manifest.masa_cutoff_multiple)} times its predicted length is stopped; a share of these run on beside the training, to see what was lost.`}
    >
      <Legend />
      <div className={styles.split}>
        <Step manifest={manifest} />
        <Sums />
      </div>
    </Panel>
  );
}

function Legend() {
  return (
    <ul className={styles.legend} aria-label="Legend">
      {[
        ['right', 'right'],
        ['wrong', 'wrong'],
        ['cut', 'cut'],
        ['growing', 'writing'],
      ].map(([state, text]) => (
        <li key={state}>
          <span className={styles.key} data-state={state} /> {text}
        </li>
      ))}
      <li>
        <span className={styles.limit}>▾</span> limit from the predicted length
      </li>
      <li>
        ┄ run on for the audit: <span className={styles.right}>●</span> right,{' '}
        <span className={styles.wrong}>✗</span> wrong
      </li>
    </ul>
  );
}

const isJudged = (record: StepRecord): boolean => record.groups.length > 0;

/** The groups of the step on screen while none of it is judged. */
function growingGroups(page: PageState) {
  const step = shownStepNumber(page);
  const newest = page.run.recent.at(-1);
  if (newest === undefined || newest.step !== step) return [];
  return (recordOf(page, step)?.groups.length ?? 0) > 0 ? [] : newest.groups;
}

function Step({ manifest }: { manifest: Manifest }) {
  const { record, missing } = useDetail(isJudged);
  const growing = usePageFields(growingGroups);
  const candidates = usePageFields((page) =>
    growingGroups(page).map((group) => candidateOfGroup(page, group)),
  );
  const judged = useMemo(() => (record ? cutoffRows(record) : []), [record]);
  const isGrowing = growing.length > 0;
  const [all, setAll] = useState(false);
  const count = isGrowing ? growing.length : judged.length;
  const shown = all ? count : Math.min(FIRST, count);
  const step = isGrowing ? growing[0].step : record?.step;
  return (
    <section className={styles.part} aria-labelledby="cutoff-step">
      <h3 id="cutoff-step">
        {step === undefined ? 'The step' : `Step ${formatCount(step)}${isGrowing ? ', being written' : ''}`}
      </h3>
      {count > 0 ? (
        <ul className={styles.cards}>
          {places(shown).map((place) => (
            <Card
              key={place}
              group={isGrowing ? growing[place] : null}
              candidate={candidates[place]}
              row={isGrowing ? null : judged[place]}
              manifest={manifest}
            />
          ))}
        </ul>
      ) : (
        <Missing why={missing} early="The rollouts of the first step grow here." />
      )}
      {count > shown && (
        <Button weight="quiet" onClick={() => setAll(true)}>
          Show all {count} prompts
        </Button>
      )}
      {judged.length > 0 && (
        <TableView name="cutoffs" title="Rollouts and limits" table={() => cutoffTable(judged)} />
      )}
    </section>
  );
}

interface CardProps {
  /** While its rollouts grow; then its row. */
  group: ReturnType<typeof growingGroups>[number] | null;
  candidate: number | undefined;
  row: CutoffRow | null;
  manifest: Manifest;
}

/** A place in the list stays what it is from step to step: only its picture changes. */
function Card({ group, candidate, row, manifest }: CardProps) {
  const task = taskOf(manifest);
  const { eos } = task.vocabulary;
  const growing = useMemo(() => group && growingRow(group, candidate ?? 0, eos), [group, candidate, eos]);
  const drawn = growing ?? row;
  return drawn && <CutoffCard row={drawn} task={task} longest={manifest.max_completion_length} />;
}

function Sums() {
  const records = useRecentRecords(MOST_RECORDS);
  const sums = useMemo(() => cutoffSums(records), [records]);
  const { tally, figures } = sums;
  return (
    <section className={styles.part} aria-labelledby="cutoff-sums">
      <h3 id="cutoff-sums">What it saved and what it lost</h3>
      <p className={styles.hint}>
        {sums.steps === 0 ? 'Added up from the first step on.' : `Over ${spanOf(sums)}.`}
      </p>
      <Figures column>
        <Figure
          name="cutoff-rollouts-cut"
          value={tally.cut}
          text={formatCount(tally.cut)}
          detail={`of ${formatCount(tally.rollouts)} rollouts (${formatPercent(figures.cut)})`}
          label={
            <Explain
              label="Rollouts cut"
              definition="Those that were still going at their limit."
              formula={`${tally.cut} / ${tally.rollouts}`}
              value={formatPercent(figures.cut)}
              source="src/rl/masa/audit.ts"
            />
          }
        />
        <Figure
          name="cutoff-tokens-saved"
          value={figures.tokensSaved}
          text={formatCount(figures.tokensSaved)}
          detail={`about ${formatPercent(figures.tokensSavedShare)} of all tokens`}
          label={
            <Explain
              label="Tokens saved"
              definition="The tokens that cut rollouts did not write, estimated by those that ran on."
              formula={`${formatCount(tally.cut - tally.audited)} cut and not run on * ${formatCount(tally.auditedTokensBeyond)} tokens beyond / ${formatCount(tally.audited)} run on`}
              value={formatCount(figures.tokensSaved)}
              source="src/rl/masa/audit.ts"
            />
          }
        />
        <Figure
          name="cutoff-correct-lost"
          value={figures.correctLost}
          text={formatNumber(figures.correctLost, 3)}
          detail={`estimated: ${formatCount(tally.auditedCorrect)} of ${formatCount(tally.audited)} that ran on came out right`}
          label={
            <Explain
              label="Right answers lost"
              definition="The right answers among all cut rollouts, estimated by those that ran on."
              formula={`${formatCount(tally.cut)} cut * ${formatCount(tally.auditedCorrect)} right / ${formatCount(tally.audited)} run on`}
              value={formatNumber(figures.correctLost, 3)}
              source="src/rl/masa/audit.ts"
            />
          }
        />
      </Figures>
      <Chart
        name="cut"
        title={<MetricName name="masa/cutoff/cut" />}
        label="Rollouts cut short"
        series={CUT}
        format={formatPercent}
        tickFormat={percentTick}
        range={SHARE}
        height={110}
      />
    </section>
  );
}
