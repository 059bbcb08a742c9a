/**
 * Evaluation on problems that are never trained on, the suites' and the benchmark sets': sampled answers, judged by
 * the verifier, with Wilson intervals. What a table of benchmarks says of the answers is `benchmark-scores.ts`.
 */
import type { RunEventOf, Score } from '../run/events';
import { Purpose } from '../run/random';
import { mean, score } from '../run/statistics';
import { selectBenchmarks } from '../tasks/benchmarks';
import { type Benchmark, endsOf, type Problem, type Suite, type Task } from '../tasks/task';
import {
  type BenchmarkReport,
  type BenchmarkScore,
  benchmarkReport,
  benchmarkScore,
} from './benchmark-scores';
import { type Decoding, type OnRolloutsGrown, rollOut } from './rollouts';

/** Held-out problems are the same for every run, so that runs can be compared problem by problem. */
const PROBLEM_SEED = 0;

export interface EvaluationSettings {
  problems: number;
  samples: number;
  max_completion_length: number;
  /** 0 is greedy. */
  temperature: number;
  /** Of the sampling; the same at every evaluation of a run, so that two differ by the policy alone. */
  seed: number;
}

/** A problem with what came of its answers. */
export interface AnsweredProblem {
  problem: Problem;
  /** Of the settings' samples. */
  correct: number;
  truncated: number;
  /** [samples] tokens of each answer. */
  lengths: number[];
  /** [samples] */
  answers: { tokens: readonly number[]; correct: boolean }[];
}

/** What `evaluation` events say, without the place in the run. */
export type EvaluationResult = Pick<RunEventOf<'evaluation'>, 'suite' | 'total' | 'by_tier' | 'mean_length'>;

/** Answers the suite's first problems. */
export function answerSuite(
  policy: Decoding,
  task: Task,
  suite: Suite,
  settings: EvaluationSettings,
  onGrown?: OnRolloutsGrown,
): Promise<AnsweredProblem[]> {
  const problems = Array.from({ length: settings.problems }, (_, i) => suite.problem(PROBLEM_SEED, i));
  return answerProblems(policy, task, problems, settings, 0, onGrown);
}

/** Answers each problem. `draw` keeps the random numbers of sets apart that are answered with one seed. */
async function answerProblems(
  policy: Decoding,
  task: Task,
  problems: readonly Problem[],
  settings: Omit<EvaluationSettings, 'problems'>,
  draw: number,
  onGrown?: OnRolloutsGrown,
): Promise<AnsweredProblem[]> {
  const answers = await rollOut(
    policy,
    problems.map((p) => p.prompt),
    settings.samples,
    settings.max_completion_length,
    { temperature: settings.temperature, top_k: 0, top_p: 1, endOfSequence: endsOf(task.vocabulary) },
    { seed: settings.seed, purpose: Purpose.evaluation, step: draw },
    onGrown,
  );
  return problems.map((problem, p) => {
    const judged = answers[p].map(({ tokens }) => ({ tokens, correct: task.verify(problem, tokens) === 1 }));
    return {
      problem,
      correct: judged.filter((a) => a.correct).length,
      truncated: answers[p].filter((a) => a.truncated).length,
      lengths: judged.map((a) => a.tokens.length),
      answers: judged,
    };
  });
}

/** The problems by `family/tier`, in the order of the names. */
export function byTier(answered: readonly AnsweredProblem[]): Map<string, AnsweredProblem[]> {
  const tiers = new Map<string, AnsweredProblem[]>();
  for (const each of answered) {
    const key = `${each.problem.family}/${each.problem.tier}`;
    tiers.set(key, [...(tiers.get(key) ?? []), each]);
  }
  return new Map([...tiers].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** How many of all answers are right. */
export function answerScore(answered: readonly AnsweredProblem[]): Score {
  const samples = answered.reduce((sum, a) => sum + a.lengths.length, 0);
  return score(
    answered.reduce((sum, a) => sum + a.correct, 0),
    samples,
  );
}

/** Adds up the answers to a suite. */
export function evaluationResult(suite: Suite, answered: readonly AnsweredProblem[]): EvaluationResult {
  return {
    suite: suite.name,
    total: answerScore(answered),
    by_tier: Object.fromEntries([...byTier(answered)].map(([tier, each]) => [tier, answerScore(each)])),
    mean_length: mean(answered.flatMap((a) => a.lengths)),
  };
}

export interface BenchmarkSettings extends Omit<EvaluationSettings, 'problems'> {
  /** Sets, groups or domains to answer, or `all`, which it is when left out. */
  names?: readonly string[];
  /** At most so many problems of each set, the first ones; all of them when left out. */
  problems?: number;
  /** The k of pass@k, each at most `samples`; 1 and `samples` when left out. */
  passAt?: readonly number[];
}

/** Called before a set is answered, when its answers grow, and when it is scored. */
export interface BenchmarkProgress {
  started?(benchmark: Benchmark, place: number, of: number): void;
  grown?: OnRolloutsGrown;
  scored?(score: BenchmarkScore): void;
}

/**
 * Answers benchmark sets one after the other. The answers to a set are the same whichever others are asked for.
 * @throws Error when a name is none of the task's sets, groups or domains, or a k is beyond the samples.
 */
export async function evaluateBenchmarks(
  policy: Decoding,
  task: Task,
  { names = ['all'], problems, passAt, ...settings }: BenchmarkSettings,
  progress: BenchmarkProgress = {},
): Promise<BenchmarkReport> {
  const chosen = selectBenchmarks(task.benchmarks, names);
  const ks = checkedKs(passAt ?? [1, settings.samples], settings.samples);
  const scores: BenchmarkScore[] = [];
  for (const [place, benchmark] of chosen.entries()) {
    progress.started?.(benchmark, place, chosen.length);
    const count = Math.min(benchmark.size, problems ?? benchmark.size);
    const asked = Array.from({ length: count }, (_, i) => benchmark.problem(i));
    // Suites draw with 0.
    const draw = 1 + task.benchmarks.indexOf(benchmark);
    const answered = await answerProblems(policy, task, asked, settings, draw, progress.grown);
    const scored = benchmarkScore(benchmark, answered, ks);
    scores.push(scored);
    progress.scored?.(scored);
  }
  return benchmarkReport(task.benchmarks, scores);
}

function checkedKs(passAt: readonly number[], samples: number): number[] {
  // Before anything is answered: it would be a pity to find out afterwards.
  const wrong = passAt.find((k) => !Number.isInteger(k) || k < 1 || k > samples);
  if (wrong !== undefined)
    throw new Error(
      `evaluateBenchmarks: expected every k of pass@k from 1 to the ${samples} samples, got ${wrong}; draw more samples`,
    );
  return [...new Set(passAt)].sort((a, b) => a - b);
}
