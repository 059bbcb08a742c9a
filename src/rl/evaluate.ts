/** Evaluation on held-out problems: sampled answers, judged by the verifier, with Wilson intervals. */
import type { Policy } from '../model/policy';
import type { RunEventOf, Score } from '../run/events';
import { mean, score } from '../run/statistics';
import { Purpose } from '../tasks/random';
import type { Problem, Suite, Task } from '../tasks/task';
import { type OnRolloutsGrown, rollOut } from './rollouts';

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
}

/** What `evaluation` events say, without the place in the run. */
export type EvaluationResult = Pick<RunEventOf<'evaluation'>, 'suite' | 'total' | 'by_tier' | 'mean_length'>;

/** Answers the suite's first problems. */
export async function answerSuite(
  policy: Policy,
  task: Task,
  suite: Suite,
  settings: EvaluationSettings,
  onGrown?: OnRolloutsGrown,
): Promise<AnsweredProblem[]> {
  const problems = Array.from({ length: settings.problems }, (_, i) => suite.problem(PROBLEM_SEED, i));
  const answers = await rollOut(
    policy,
    problems.map((p) => p.prompt),
    settings.samples,
    settings.max_completion_length,
    { temperature: settings.temperature, top_k: 0, top_p: 1, endOfSequence: task.vocabulary.eos },
    { seed: settings.seed, purpose: Purpose.evaluation, step: 0 },
    onGrown,
  );
  return problems.map((problem, p) => ({
    problem,
    correct: answers[p].filter((a) => task.verify(problem, a.tokens) === 1).length,
    truncated: answers[p].filter((a) => a.truncated).length,
    lengths: answers[p].map((a) => a.tokens.length),
  }));
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

/** Answers the suite's first problems and adds up. */
export async function evaluate(
  policy: Policy,
  task: Task,
  suite: Suite,
  settings: EvaluationSettings,
  onGrown?: OnRolloutsGrown,
): Promise<EvaluationResult> {
  const answered = await answerSuite(policy, task, suite, settings, onGrown);
  return {
    suite: suite.name,
    total: answerScore(answered),
    by_tier: Object.fromEntries([...byTier(answered)].map(([tier, each]) => [tier, answerScore(each)])),
    mean_length: mean(answered.flatMap((a) => a.lengths)),
  };
}
