/** Evaluation on held-out problems: sampled answers, judged by the verifier, with Wilson intervals. */
import type { Policy } from '../model/policy';
import type { RunEventOf, Score } from '../run/events';
import { mean, score } from '../run/statistics';
import { Purpose } from '../tasks/random';
import type { Suite, Task } from '../tasks/task';
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

/** What `evaluation` events say, without the place in the run. */
export type EvaluationResult = Pick<RunEventOf<'evaluation'>, 'suite' | 'total' | 'by_tier' | 'mean_length'>;

/** Answers the suite's first problems. */
export async function evaluate(
  policy: Policy,
  task: Task,
  suite: Suite,
  settings: EvaluationSettings,
  onGrown?: OnRolloutsGrown,
): Promise<EvaluationResult> {
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
  const tiers = new Map<string, { correct: number; samples: number }>();
  let correct = 0;
  problems.forEach((problem, p) => {
    const right = answers[p].filter((a) => task.verify(problem, a.tokens) === 1).length;
    correct += right;
    const key = `${problem.family}/${problem.tier}`;
    const tier = tiers.get(key) ?? { correct: 0, samples: 0 };
    tiers.set(key, { correct: tier.correct + right, samples: tier.samples + settings.samples });
  });
  const by_tier: Record<string, Score> = {};
  for (const [key, tier] of [...tiers].sort()) by_tier[key] = score(tier.correct, tier.samples);
  return {
    suite: suite.name,
    total: score(correct, problems.length * settings.samples),
    by_tier,
    mean_length: mean(answers.flat().map((a) => a.tokens.length)),
  };
}
