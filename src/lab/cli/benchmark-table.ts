/**
 * A benchmark report in lines: a set each, with guess, base score and interval, then the averages. Used by `eval` and
 * by the progress of a run.
 */
import type { RunEventOf } from '../../run/events';
import { formatPercent, formatPercentInterval } from '../../run/format';

type Report = Pick<RunEventOf<'benchmarks'>, 'sets' | 'averages'>;
type Row = Report['sets'][number] | Report['averages'][number];

const interval = (low: number, high: number): string => `[${formatPercentInterval(low, high)}]`;

export function describeBenchmarks(report: Report): string {
  const rows: [string, Row][] = [
    ...report.sets.map((set): [string, Row] => [set.name, set]),
    ...report.averages.map((a): [string, Row] => [`mean, ${a.over} (${a.sets} of ${a.of})`, a]),
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  const lines = rows.map(([name, row]) => {
    const value = 'samples' in row ? row.mean.accuracy : row.mean.value;
    const pass = row.pass
      .filter((p) => p.k > 1)
      .map((p) => `  pass@${p.k} ${formatPercent(p.value)} ${interval(p.low, p.high)}`);
    const base = row.base_score === null ? 'not measured' : formatPercent(row.base_score);
    return `${name.padEnd(width)}  ${formatPercent(value)} ${interval(row.mean.low, row.mean.high)}${pass.join('')}  guess ${formatPercent(row.random_guess)}  base ${base}`;
  });
  return `${lines.join('\n')}\n`;
}
