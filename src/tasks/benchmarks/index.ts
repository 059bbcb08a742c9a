/**
 * The nineteen benchmark sets: six in domain, thirteen out of it, the miniatures of those the MASA paper
 * evaluates on (arXiv 2510.03259). Fixed lists, never trained on. Used by the tasks and by evaluations.
 */
import type { Benchmark } from '../task';
import { type BenchmarkGroup, type BenchmarkSpec, benchmark } from './benchmark-set';
import { CODING } from './coding';
import { LOGIC } from './logic';
import { MATHEMATICS } from './mathematics';
import { SCIENCE } from './science';

/** Every set with its group, in the order of the tables. */
export const BENCHMARK_SPECS: readonly (readonly [BenchmarkGroup, BenchmarkSpec])[] = [
  ...MATHEMATICS.map((spec) => ['mathematics', spec] as const),
  ...LOGIC.map((spec) => ['logic', spec] as const),
  ...SCIENCE.map((spec) => ['science', spec] as const),
  ...CODING.map((spec) => ['coding', spec] as const),
];

export const BENCHMARKS: readonly Benchmark[] = BENCHMARK_SPECS.map(([group, spec]) =>
  benchmark(group, spec),
);

export { BASE_SCORE_SAMPLING } from './base-scores';

export const ALL_BENCHMARKS = 'all';

/**
 * The sets that `names` name, in the order of `benchmarks` and each once. A name is a set's, a group's
 * (`logic`), a domain's (`in-domain`, `out-of-domain`), or `all`.
 * @throws Error naming what can be asked for, at the first name that is none of it.
 */
export function selectBenchmarks(benchmarks: readonly Benchmark[], names: readonly string[]): Benchmark[] {
  const namesOf = ({ domain, group, name }: Benchmark): string[] => [ALL_BENCHMARKS, domain, group, name];
  const known = new Set(benchmarks.flatMap(namesOf));
  const unknown = names.find((name) => !known.has(name));
  if (unknown !== undefined)
    throw new Error(`benchmarks: expected one of ${[...known].join(', ')}, got "${unknown}"`);
  return benchmarks.filter((each) => namesOf(each).some((name) => names.includes(name)));
}
