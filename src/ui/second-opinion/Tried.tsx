/** What came of a try: the policy's forecast beside what then happened, and every answer as it was written. */
import {
  formatCount,
  formatDuration,
  formatFixed,
  formatPercent,
  formatPercentInterval,
} from '../../run/format';
import { wilson } from '../../run/statistics';
import { getTask } from '../../tasks';
import type { Task } from '../../tasks/task';
import { Empty } from '../components/Empty';
import { places } from '../components/places';
import { TableView } from '../components/TableView';
import { Tokens } from '../panels/Tokens';
import { tokenText } from '../state/wording';
import { useOpinion } from './hooks';
import styles from './SecondOpinion.module.css';
import type { Attempt, TriedRollout } from './state';

export function Tried() {
  const attempt = useOpinion((state) => state.attempt);
  const busy = useOpinion((state) => state.busy?.kind === 'attempt');
  if (!attempt)
    return (
      <Empty>
        Nothing was tried yet. Choose a problem and press “Try it”: its answers are written here, each with
        the verifier’s word.
      </Empty>
    );
  const written = attempt.rollouts.some(({ tokens }) => tokens.length > 0);
  if (!written && !attempt.forecast && !busy)
    return <Empty>Nothing was written: the try ended before its first token.</Empty>;
  const task = getTask(attempt.policy?.task ?? 'ladder');
  return (
    <section aria-label="What came of it" data-testid="tried" data-done={attempt.seconds !== null}>
      <h3 className={styles.heading}>
        <code>{task.vocabulary.readable(attempt.request.problem.prompt)}</code>
      </h3>
      <p className={styles.hint}>{circumstances(attempt)}</p>
      {attempt.request.predictions > 0 && <Comparison attempt={attempt} task={task} />}
      <ol className={styles.rollouts} data-testid="tried-rollouts">
        {places(attempt.rollouts.length).map((place) => (
          <Rollout key={place} place={place} attempt={attempt} task={task} />
        ))}
      </ol>
    </section>
  );
}

function circumstances({ source, policy, request, seconds, stopped }: Attempt): string {
  const who =
    source.kind === 'run' && policy ? `${source.label}, step ${formatCount(policy.step)}` : source.label;
  const how =
    request.temperature === 0 ? 'greedy' : `temperature ${request.temperature}, seed ${request.seed}`;
  const took = seconds === null ? '' : `; ${formatDuration(seconds * 1000)}`;
  return `${who}; ${how}${took}${stopped ? '; stopped before its end' : ''}.`;
}

/** The rows: what it expected, and what came. */
function Comparison({ attempt, task }: { attempt: Attempt; task: Task }) {
  const { forecast, rewards } = attempt;
  const outcome = outcomeOf(attempt);
  const total = attempt.rollouts.length;
  const rows: { name: string; expected: string; happened: string }[] = [
    {
      name: 'Right',
      expected: forecast?.passRate == null ? 'not said' : formatPercent(forecast.passRate),
      happened: outcome
        ? `${outcome.correct} of ${total}, ${formatPercent(outcome.correct / total)} (${formatPercentInterval(outcome.low, outcome.high)})`
        : '…',
    },
    {
      name: 'Tokens of a right answer',
      expected: forecast?.length == null ? 'not said' : `about ${formatFixed(forecast.length, 0)}`,
      happened: outcome ? (outcome.length === null ? 'none was right' : formatFixed(outcome.length, 1)) : '…',
    },
    {
      name: 'Notions',
      expected: forecast ? predictedNotions(attempt, task) : '…',
      happened: outcome ? usedNotions(attempt, task) : '…',
    },
  ];
  const through = forecast?.through === 'adapter' ? 'through its meta adapter' : 'by its own weights';
  const read = forecast?.rollouts.filter(({ prediction }) => prediction.parsed).length ?? 0;
  return (
    <div className={styles.comparison} data-testid="tried-forecast" data-ready={forecast !== null}>
      <table>
        <thead>
          <tr>
            <th scope="col">
              <span className="visually-hidden">What is predicted</span>
            </th>
            <th scope="col">It expected</th>
            <th scope="col">It came to</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ name, expected, happened }) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td data-side="expected">{forecast ? expected : '…'}</td>
              <td className="number">{happened}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {forecast && (
        <p className={styles.hint}>
          Asked {formatCount(attempt.request.predictions)} times before it answered, {through};{' '}
          {formatCount(read)} of the predictions can be read.
          {rewards &&
            rewards.length > 0 &&
            ` As MASA rewards predictions, these were worth ${formatFixed(rewards.reduce((a, b) => a + b, 0) / rewards.length, 2)} of 1.`}
        </p>
      )}
      {forecast?.passDistribution && <Distribution attempt={attempt} shares={forecast.passDistribution} />}
    </div>
  );
}

/** How likely the policy held each number of right answers; a column a count. */
function Distribution({ attempt, shares }: { attempt: Attempt; shares: readonly number[] }) {
  const outcome = outcomeOf(attempt);
  const of = shares.length - 1;
  const highest = Math.max(...shares);
  const came = outcome && Math.round((outcome.correct / attempt.rollouts.length) * of);
  return (
    <>
      <div className={styles.bars} aria-hidden="true">
        {places(shares.length).map((count) => (
          <span key={count} className={styles.column} data-came={count === came}>
            <span
              className={styles.bar}
              style={{ height: `${Math.max(1, (shares[count] / highest) * 100)}%` }}
            />
            <span className={styles.count}>{count}</span>
          </span>
        ))}
      </div>
      <p className={styles.small} aria-hidden="true">
        How many of {of} it expected to be right{came !== null && '; what came is underlined'}
      </p>
      <TableView
        name="forecast"
        title="Predicted pass counts"
        table={() => ({
          columns: [`right, of ${of}`, 'probability'],
          rows: shares.map((share, count) => [count, share]),
        })}
      />
    </>
  );
}

interface Outcome {
  correct: number;
  low: number;
  high: number;
  /** Mean of the right ones, in tokens. */
  length: number | null;
}

/** null until the verifier has spoken. */
function outcomeOf({ rollouts }: Attempt): Outcome | null {
  const judged = rollouts.flatMap(({ judged }) => judged ?? []);
  if (judged.length < rollouts.length) return null;
  const right = judged.filter(({ correct }) => correct);
  return {
    correct: right.length,
    ...wilson(right.length, judged.length),
    length:
      right.length > 0 ? right.reduce((sum, { tokens }) => sum + tokens.length, 0) / right.length : null,
  };
}

const tally = (lists: readonly (readonly number[])[], task: Task): string => {
  const counts = new Map<number, number>();
  for (const list of lists) for (const each of new Set(list)) counts.set(each, (counts.get(each) ?? 0) + 1);
  if (counts.size === 0) return 'none';
  return [...counts]
    .sort((a, b) => b[1] - a[1])
    .map(([notion, count]) => `${tokenText(task, notion)} (${count} of ${lists.length})`)
    .join(', ');
};

const predictedNotions = ({ forecast }: Attempt, task: Task): string =>
  tally(forecast?.rollouts.map(({ prediction }) => prediction.notions ?? []) ?? [], task);

const usedNotions = ({ rollouts }: Attempt, task: Task): string =>
  tally(
    rollouts.map(({ judged }) => judged?.notions ?? []),
    task,
  );

const VERDICTS = {
  growing: { sign: '…', word: 'being written' },
  ended: { sign: '·', word: 'waiting to be judged' },
  stopped: { sign: '–', word: 'not finished' },
  right: { sign: '✓', word: 'right' },
  wrong: { sign: '✕', word: 'wrong' },
  truncated: { sign: '┤', word: 'cut off' },
} as const;

function verdictOf({ judged, ended }: TriedRollout, stopped: boolean): keyof typeof VERDICTS {
  if (judged) return judged.truncated ? 'truncated' : judged.correct ? 'right' : 'wrong';
  return stopped ? 'stopped' : ended ? 'ended' : 'growing';
}

function Rollout({ place, attempt, task }: { place: number; attempt: Attempt; task: Task }) {
  const rollout = attempt.rollouts[place];
  const verdict = verdictOf(rollout, attempt.stopped);
  const { sign, word } = VERDICTS[verdict];
  const line = (
    <>
      <span className={styles.sign} data-verdict={verdict}>
        <span aria-hidden="true">{sign}</span>
        <span className="visually-hidden">
          Answer {place + 1}, {word}:{' '}
        </span>
      </span>
      <span className={styles.text} data-testid="tried-text" data-verdict={verdict}>
        {task.vocabulary.readable(rollout.tokens, attempt.request.problem.prompt)}
        {verdict === 'growing' && <span className={styles.caret} aria-hidden="true" />}
      </span>
      <span className={`${styles.length} number`}>{rollout.tokens.length}</span>
    </>
  );
  if (!rollout.judged) return <li className={styles.row}>{line}</li>;
  return (
    <li>
      <details>
        <summary className={styles.row}>{line}</summary>
        <div className={styles.tokens}>
          <Tokens
            task={task}
            rollout={{
              tokens: rollout.tokens,
              logps: rollout.judged.logps,
              reward: null,
              advantage: null,
              verdict: verdict === 'stopped' ? 'ended' : verdict,
            }}
          />
        </div>
      </details>
    </li>
  );
}
