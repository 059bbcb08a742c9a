/**
 * What predictions teach beside their rewards: those collected as experts with what each was rewritten to, the loss of
 * the updates on them, and what notions are worth as hints.
 */
import { scaleLinear } from 'd3-scale';
import { line } from 'd3-shape';
import { useMemo } from 'react';
import type { Score } from '../../../run/events';
import {
  formatCount,
  formatFixed,
  formatNumber,
  formatPercent,
  formatPercentInterval,
} from '../../../run/format';
import type { Task } from '../../../tasks/task';
import { Empty } from '../../components/Empty';
import { Explain } from '../../components/Explain';
import { MetricName } from '../../components/MetricName';
import { Panel } from '../../components/Panel';
import { Picture } from '../../components/Picture';
import { places } from '../../components/places';
import { TableView } from '../../components/TableView';
import { MOST_RECORDS } from '../../history/history';
import { useRecentRecords } from '../../history/hooks';
import { usePage } from '../../state/context';
import { shownManifest, shownTask } from '../../state/selectors';
import { tokenText } from '../../state/wording';
import {
  type Change,
  type ExpertsView,
  expertsView,
  type Rewrite,
  rewritesTable,
  type SupervisedUpdate,
  updatesTable,
} from '../../views/experts';
import { hintComparison, hintTable } from '../../views/hints';
import styles from './Experts.module.css';

/** Rewrites listed. */
const MOST_LISTED = 8;

export function ExpertsPanel() {
  const manifest = usePage(shownManifest);
  const clones = manifest.masa_experts || manifest.meta_adapter !== 'none';
  const hints = manifest.masa_hint_share > 0;
  if (!clones && !hints) return null;
  return (
    <Panel
      name="experts"
      title="What do its predictions teach?"
      caption={
        manifest.meta_adapter !== 'none'
          ? 'What prompts came to is kept, and the adapter that predicts learns from it after each step.'
          : clones
            ? 'Predictions with good notions are made true, kept, and imitated now and then.'
            : 'Notions it predicted are given to some of its rollouts as a hint.'
      }
    >
      <div className={styles.split}>
        {clones && <Clones />}
        {hints && <Hints />}
      </div>
    </Panel>
  );
}

function Clones() {
  const records = useRecentRecords(MOST_RECORDS);
  const task = usePage(shownTask);
  const view = useMemo(() => task.meta && expertsView(records, task.meta), [records, task]);
  if (!view?.newest)
    return <Empty>The first examples appear here once a step’s predictions are judged.</Empty>;
  return (
    <>
      <Collected view={view} task={task} />
      <section className={styles.part} aria-label="Supervised loss">
        {view.updates.length > 0 ? (
          <Loss updates={view.updates} />
        ) : (
          <Empty>No update on them yet: {view.newest.reason}.</Empty>
        )}
      </section>
    </>
  );
}

function Collected({ view, task }: { view: ExpertsView; task: Task }) {
  const { rewrites, collected, buffered, newest } = view;
  return (
    <section className={styles.part} aria-labelledby="experts-collected">
      <h3 id="experts-collected">
        <Explain
          label={newest?.kind === 'outcomes' ? 'Outcomes collected' : 'Experts collected'}
          definition={
            newest?.kind === 'outcomes'
              ? 'What prompts came to, kept as examples for the adapter that predicts.'
              : 'The prediction of a prompt with the best notions, its length and pass rate replaced by the true ones.'
          }
          value={formatCount(collected)}
          source={newest?.kind === 'outcomes' ? 'src/rl/step/learn-meta.ts' : 'src/rl/masa/experts.ts'}
        />
      </h3>
      <p className={`${styles.hint} number`} data-testid="experts-collected" data-value={collected}>
        {formatCount(collected)} in the steps kept here, {formatCount(buffered)} to learn from; step{' '}
        {formatCount(newest?.step)}:{' '}
        {newest?.updates
          ? `${formatCount(newest.updates)} ${newest.updates === 1 ? 'update' : 'updates'}`
          : `no update, ${newest?.reason}`}
        .
      </p>
      {rewrites.length > 0 && (
        <ol className={styles.rewrites}>
          {places(Math.min(MOST_LISTED, rewrites.length)).map((place) => (
            <Rewritten key={place} rewrite={rewrites[place]} task={task} />
          ))}
        </ol>
      )}
      {rewrites.length > 0 && (
        <TableView
          name="experts"
          title="Experts"
          table={() => rewritesTable(rewrites, (id) => tokenText(task, id))}
        />
      )}
    </section>
  );
}

function Rewritten({ rewrite, task }: { rewrite: Rewrite; task: Task }) {
  const { step, index, notions, length, passes, of } = rewrite;
  return (
    <li className="number" data-testid="rewrite">
      <span className={styles.where}>
        step {formatCount(step)}, prompt {index + 1}
      </span>
      <span>{notions.map((id) => tokenText(task, id)).join(', ')}</span>
      <span>
        length <Changed change={length} text={(range) => rangeText(range)} />
      </span>
      <span>
        passes <Changed change={passes} text={(count) => (count === null ? 'unread' : String(count))} /> of{' '}
        {of}
      </span>
    </li>
  );
}

const rangeText = (range: Rewrite['length']['to']): string =>
  range === null ? 'unread' : range.high === null ? `${range.low} or more` : `${range.low}–${range.high}`;

function Changed<T>({ change, text }: { change: Change<T>; text: (value: T) => string }) {
  if (!change.changed) return <span>{text(change.to)}</span>;
  return (
    <>
      <del>{text(change.from)}</del> <ins>{text(change.to)}</ins>
    </>
  );
}

const MARGIN = { left: 44, right: 8, top: 8, bottom: 22 };

/** Updates one after the other: several of a step stand side by side. */
function Loss({ updates }: { updates: readonly SupervisedUpdate[] }) {
  const last = updates.at(-1);
  return (
    <Picture
      name="supervised-loss"
      title="Supervised loss, update by update"
      label={`Mean negative log-likelihood of ${updates.length} updates, newest ${formatNumber(last?.nll, 3)} nats a token`}
      height={() => 150}
      legend={
        <span className={`${styles.newest} number`}>
          <MetricName name="masa/expert/nll" label="newest" /> {formatNumber(last?.nll, 3)}
        </span>
      }
      table={() => updatesTable(updates)}
    >
      {(width, height) => {
        const most = Math.max(...updates.map((each) => each.nll));
        const x = scaleLinear([0, Math.max(1, updates.length - 1)], [MARGIN.left, width - MARGIN.right]);
        const y = scaleLinear([0, most], [height - MARGIN.bottom, MARGIN.top]).nice(3);
        const places = updates.map((each, i): [number, number] => [x(i), y(each.nll)]);
        return (
          <g className={styles.loss}>
            {y.ticks(3).map((tick) => (
              <g key={tick}>
                <line
                  className={styles.grid}
                  x1={MARGIN.left}
                  x2={width - MARGIN.right}
                  y1={y(tick)}
                  y2={y(tick)}
                />
                <text x={MARGIN.left - 6} y={y(tick)} dy="0.34em" textAnchor="end">
                  {formatNumber(tick, 3)}
                </text>
              </g>
            ))}
            <path className={styles.curve} d={line()(places) ?? ''} />
            {updates.length < 60 &&
              places.map(([cx, cy], i) => (
                <circle
                  key={`${updates[i].kind} ${updates[i].step} ${updates[i].place}`}
                  data-testid="nll"
                  data-value={updates[i].nll}
                  cx={cx}
                  cy={cy}
                  r={2.5}
                />
              ))}
            <text x={MARGIN.left} y={height - 5}>
              step {formatCount(updates[0].step)}
            </text>
            <text x={width - MARGIN.right} y={height - 5} textAnchor="end">
              step {formatCount(last?.step)}
            </text>
          </g>
        );
      }}
    </Picture>
  );
}

function Hints() {
  const records = useRecentRecords(MOST_RECORDS);
  const found = useMemo(() => hintComparison(records), [records]);
  return (
    <section className={styles.part} aria-labelledby="hints">
      <h3 id="hints">Hinted against unhinted</h3>
      {found ? (
        <>
          <Side name="hinted" label="hinted" score={found.hinted} />
          <Side name="plain" label="not hinted" score={found.plain} />
          <p className={styles.hint}>
            <MetricName name="masa/hint/lift" label="Lift inside groups" />{' '}
            <span className="number" data-testid="hint-lift" data-value={found.lift ?? ''}>
              {found.lift === null
                ? 'not known yet'
                : `${found.lift >= 0 ? '+' : '−'}${formatFixed(Math.abs(found.lift), 3)}`}
            </span>
            , over {formatCount(found.groups)} groups with both.
          </p>
          <TableView name="hints" title="Hinted against unhinted" table={() => hintTable(found)} />
        </>
      ) : (
        <Empty>No rollout has been given a hint yet.</Empty>
      )}
    </section>
  );
}

function Side({ name, label, score }: { name: string; label: string; score: Score }) {
  const { correct, samples, accuracy, low, high } = score;
  return (
    <div className={styles.side}>
      <span>{label}</span>
      <span className={styles.track}>
        <i className={styles.bar} style={{ width: `${100 * accuracy}%` }} />
        <i className={styles.interval} style={{ left: `${100 * low}%`, width: `${100 * (high - low)}%` }} />
      </span>
      <span className="number" data-testid={`hint-${name}`} data-right={correct} data-of={samples}>
        {formatPercent(accuracy)} <small>[{formatPercentInterval(low, high)}]</small> {formatCount(correct)}{' '}
        of {formatCount(samples)}
      </span>
    </div>
  );
}
