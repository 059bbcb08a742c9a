/** A benchmark report in lines: a set each, with guess and interval, then the averages. Used by `eval`. */
import type { BenchmarkAverage, BenchmarkReport, BenchmarkScore } from '../../rl/benchmark-scores';
import { formatPercent, formatPercentInterval } from '../../run/format';
import { ALL_BENCHMARKS } from '../../tasks/benchmarks';
import type { Benchmark } from '../../tasks/task';

/** What `--suite` calls all the sets together; `all` stands for the held-out suites. */
export const BENCHMARK_SUITE = 'benchmarks';

/** The sets that a name of `--suite` stands for, as `evaluateBenchmarks` wants them; null when it names none. */
export function benchmarkNames(benchmarks: readonly Benchmark[], suite: string): string[] | null {
  if (suite === BENCHMARK_SUITE) return [ALL_BENCHMARKS];
  return benchmarks.some((b) => b.group === suite || b.name === suite) ? [suite] : null;
}

export function describeBenchmarks(report: BenchmarkReport): string {
  const rows: [string, BenchmarkScore | BenchmarkAverage][] = [
    ...report.sets.map((set): [string, BenchmarkScore] => [set.name, set]),
    ...report.averages.map((a): [string, BenchmarkAverage] => [`mean, ${a.over} (${a.sets} of ${a.of})`, a]),
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  const lines = rows.map(([name, row]) => {
    const value = 'samples' in row ? row.mean.accuracy : row.mean.value;
    const pass = row.pass
      .filter((p) => p.k > 1)
      .map((p) => `  pass@${p.k} ${formatPercent(p.value)} [${formatPercentInterval(p.low, p.high)}]`);
    return `${name.padEnd(width)}  ${formatPercent(value)} [${formatPercentInterval(row.mean.low, row.mean.high)}]${pass.join('')}  guess ${formatPercent(row.random_guess)}`;
  });
  return `${lines.join('\n')}\n`;
}
