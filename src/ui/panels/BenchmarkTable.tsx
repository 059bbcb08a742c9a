/**
 * Scores of benchmark sets as a table: a set a row under its group, then the averages of the paper. On a narrow page a
 * row becomes a card, its figures named by the column they are from. Used by the panel of the benchmark sets.
 */
import type { ReactNode } from 'react';
import type { RunEventOf } from '../../run/events';
import { formatCount, formatFixed, formatPercent, formatPercentInterval } from '../../run/format';
import { BASE_SCORE_SAMPLING } from '../../tasks/benchmarks';
import type { Benchmark } from '../../tasks/task';
import { Explain } from '../components/Explain';
import styles from './Benchmarks.module.css';

type Event = RunEventOf<'benchmarks'>;
type Estimate = Event['averages'][number]['mean'];

interface Props {
  event: Event;
  benchmarks: readonly Benchmark[];
  groupWords: Readonly<Record<string, string>>;
}

export function BenchmarkTable({ event, benchmarks, groupWords }: Props) {
  const groups = [...new Set(event.sets.map(({ group }) => group))];
  const several = event.samples > 1;
  const columns = [
    'Problems',
    'Guess',
    'Base model',
    `mean@${event.samples}`,
    ...(several ? [`pass@${event.samples}`] : []),
    'Change, points',
  ];
  return (
    <>
      <table className={styles.table} data-testid="benchmark-table">
        <caption className="visually-hidden">Scores on benchmark sets with 95% intervals</caption>
        <thead>
          <tr>
            <th scope="col">Set</th>
            {columns.map((column) => (
              <th key={column} scope="col">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        {groups.map((group) => (
          <tbody key={group}>
            <tr className={styles.group}>
              <th scope="rowgroup" colSpan={columns.length + 1}>
                {groupWords[group] ?? group}
              </th>
            </tr>
            {event.sets
              .filter((set) => set.group === group)
              .map((set) => {
                const { accuracy, low, high } = set.mean;
                return (
                  <Row
                    key={set.name}
                    testId={`benchmark-${set.name}`}
                    title={<SetName name={set.name} benchmarks={benchmarks} />}
                    columns={columns}
                    problems={formatCount(set.problems)}
                    guess={set.random_guess}
                    base={set.base_score}
                    mean={{ value: accuracy, low, high }}
                    pass={several ? set.pass.at(-1) : undefined}
                  />
                );
              })}
          </tbody>
        ))}
        <tbody>
          <tr className={styles.group}>
            <th scope="rowgroup" colSpan={columns.length + 1}>
              Averages over sets
            </th>
          </tr>
          {event.averages.map((average) => (
            <Row
              key={average.over}
              testId={`benchmark-mean-${average.over}`}
              title={`${groupWords[average.over] ?? average.over}, ${average.sets} of ${average.of} sets`}
              columns={columns}
              problems=""
              guess={average.random_guess}
              base={average.base_score}
              mean={average.mean}
              pass={several ? average.pass.at(-1) : undefined}
            />
          ))}
        </tbody>
      </table>
      <p className={styles.hint}>
        Below each score its 95% interval: of mean@k what other answers to these problems would give (Wilson),
        of pass@k what other problems would. An average counts every set alike, as in the paper; its interval
        combines theirs. The base model’s scores and the change to them are those of{' '}
        {BASE_SCORE_SAMPLING.samples} answers of at most {BASE_SCORE_SAMPLING.max_completion_length} tokens
        {event.max_completion_length < BASE_SCORE_SAMPLING.max_completion_length
          ? ': more room than the answers here had, so the change is not that of the policy alone.'
          : '.'}
      </p>
    </>
  );
}

function SetName({ name, benchmarks }: { name: string; benchmarks: readonly Benchmark[] }) {
  const set = benchmarks.find((each) => each.name === name);
  if (!set) return name;
  return (
    <Explain
      label={set.label}
      definition={set.describes}
      formula={`In the place of ${set.analogue}`}
      source="src/rl/benchmark-scores.ts"
    />
  );
}

interface RowProps {
  testId: string;
  title: ReactNode;
  columns: readonly string[];
  problems: string;
  guess: number;
  base: number | null;
  mean: Estimate;
  pass: Estimate | undefined;
}

function Row({ testId, title, columns, problems, guess, base, mean, pass }: RowProps) {
  const change = base === null ? null : mean.value - base;
  const cells = [
    { name: 'problems', text: problems },
    { name: 'guess', text: formatPercent(guess), raw: guess },
    { name: 'base', text: base === null ? 'not measured' : formatPercent(base), raw: base },
    { name: 'mean', text: formatPercent(mean.value), raw: mean.value, interval: mean },
    ...(pass ? [{ name: 'pass', text: formatPercent(pass.value), raw: pass.value, interval: pass }] : []),
    { name: 'change', text: change === null ? 'not measured' : signed(change * 100), raw: change },
  ];
  return (
    <tr data-testid={testId}>
      <th scope="row">{title}</th>
      {cells.map(({ name, text, raw, interval }, i) => (
        <td key={name} className="number" data-cell={name} data-column={columns[i]} data-value={raw ?? ''}>
          {text}
          {interval && <small>{formatPercentInterval(interval.low, interval.high)}</small>}
        </td>
      ))}
    </tr>
  );
}

/** With its sign, which a reader takes for the direction: +1.7, −0.8, 0.0. */
function signed(points: number): string {
  const text = formatFixed(Math.abs(points), 1);
  return text === '0.0' ? text : `${points < 0 ? '−' : '+'}${text}`;
}
