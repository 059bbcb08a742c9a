/**
 * From answered problems to a table of benchmarks: mean@k and pass@k of each set with intervals, and their
 * unweighted means by domain and group, as the MASA paper averages (arXiv 2510.03259). Pure numbers; answering is
 * `evaluate.ts`. Used by the command line, the page and comparisons.
 */
import type { Score } from '../run/events';
import { averageEstimate, type Estimate, mean, meanAtK, meanPassAtK } from '../run/statistics';
import type { Benchmark } from '../tasks/task';
import type { AnsweredProblem } from './evaluate';

export interface PassAtK extends Estimate {
  k: number;
}

export interface BenchmarkScore extends Pick<Benchmark, 'name' | 'group' | 'domain'> {
  /** Problems answered, at most the set's size. */
  problems: number;
  /** Answers to each, the k of mean@k. */
  samples: number;
  /** mean@k over all answers. Wilson 95%: what other answers to these same problems would give. */
  mean: Score;
  /** By growing k. Wilson 95% over the problems. */
  pass: PassAtK[];
  /** Share of right answers of a uniform guess among well-formed answers. */
  random_guess: number;
  /** mean@k of the task's shipped base model; null where it was not measured. */
  base_score: number | null;
  mean_length: number;
  /** Share of answers that ran into the length limit. */
  truncated_ratio: number;
}

export interface BenchmarkAverage {
  /** A domain or a group. */
  over: Benchmark['domain'] | Benchmark['group'];
  /** Sets in the mean, and sets there are: a mean over some of them is no figure to compare with. */
  sets: number;
  of: number;
  /** Unweighted over sets, as `pass` is; the interval is made from the sets' own. */
  mean: Estimate;
  pass: PassAtK[];
  random_guess: number;
  /** null unless all of its sets were measured. */
  base_score: number | null;
}

export interface BenchmarkReport {
  sets: BenchmarkScore[];
  /** In domain first, then out of domain, then its groups; those without an answered set left out. */
  averages: BenchmarkAverage[];
}

/** Mathematics is all of the in-domain sets, so only the other groups have a mean of their own. */
const AVERAGED = ['in-domain', 'out-of-domain', 'logic', 'science', 'coding'] as const;

/** @param passAt the k of pass@k, each at most the answers to a problem */
export function benchmarkScore(
  { name, group, domain, randomGuess, baseScore }: Benchmark,
  answered: readonly AnsweredProblem[],
  passAt: readonly number[],
): BenchmarkScore {
  const counts = answered.map(({ correct, lengths }) => ({ samples: lengths.length, correct }));
  const all = meanAtK(counts);
  const lengths = answered.flatMap((each) => each.lengths);
  return {
    name,
    group,
    domain,
    problems: answered.length,
    samples: all.samples / answered.length,
    mean: all,
    pass: passAt.map((k) => ({ k, ...meanPassAtK(counts, k) })),
    random_guess: randomGuess,
    base_score: baseScore?.accuracy ?? null,
    mean_length: mean(lengths),
    truncated_ratio: answered.reduce((sum, each) => sum + each.truncated, 0) / lengths.length,
  };
}

/** @param benchmarks all sets of the task, to tell a whole domain from a part of it */
export function benchmarkReport(
  benchmarks: readonly Benchmark[],
  sets: readonly BenchmarkScore[],
): BenchmarkReport {
  const averages = AVERAGED.flatMap((over): BenchmarkAverage[] => {
    const isOver = ({ domain, group }: Pick<Benchmark, 'domain' | 'group'>): boolean =>
      domain === over || group === over;
    const scores = sets.filter(isOver);
    if (scores.length === 0) return [];
    return [
      {
        over,
        sets: scores.length,
        of: benchmarks.filter(isOver).length,
        mean: averageEstimate(
          scores.map(({ mean: { accuracy, low, high } }) => ({ value: accuracy, low, high })),
        ),
        pass: scores[0].pass.map(({ k }, i) => ({
          k,
          ...averageEstimate(scores.map(({ pass }) => pass[i])),
        })),
        random_guess: mean(scores.map((each) => each.random_guess)),
        base_score: meanOfAll(scores.map((each) => each.base_score)),
      },
    ];
  });
  return { sets: [...sets], averages };
}

/** A mean over some of the values would be compared with one over all of them. */
function meanOfAll(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === values.length ? mean(known) : null;
}
