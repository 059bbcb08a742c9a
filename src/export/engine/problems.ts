/**
 * Problems as rows that verl documents for its data sets, and that TRL reads as well: what is asked, and what the reward
 * has to know. Texts are the vocabulary's words parted by spaces.
 *
 * Rows are pure functions of the run's settings: the training problems are those that the run itself would draw next.
 * Format: https://verl.readthedocs.io/en/latest/preparation/prepare_data.html
 */
import type { Problem } from '../../tasks/task';
import { type ExportedPolicy, type RecordedGroup, settingsOf } from '../files';

/** Data sets end here; engines begin again from the front. */
export const MOST_PROBLEMS = 16_384;

/** Held-out problems are the same for every run: those of `rl/evaluate.ts`. */
export const HELD_OUT_SEED = 0;

export interface ProblemRow {
  /** `masa-lab/TASK/SET`; the set `meta` asks for predictions. */
  data_source: string;
  prompt: { role: 'user'; content: string }[];
  /** The problem's family. */
  ability: string;
  reward_model: {
    style: 'rule';
    /** The words of the right answer; of a prediction, JSON `{rollouts}` (null: those of the same batch). */
    ground_truth: string;
  };
  extra_info: {
    index: number;
    split: string;
    /** The solution prompt: what a problem's solutions and predictions have in common. */
    problem: string;
    tier: string;
    size: number;
    max_completion_length: number;
  };
}

/** Steps that the run has still to take; as many again for one that is finished. */
export function stepsAhead(policy: ExportedPolicy): number {
  const { steps } = settingsOf(policy);
  return policy.step < steps ? steps - policy.step : steps;
}

function row(
  policy: ExportedPolicy,
  problem: Problem,
  set: string,
  index: number,
  meta: { rollouts: RecordedGroup['rollouts'] | null } | null,
): ProblemRow {
  const { task } = policy;
  const { vocabulary } = task;
  const prompt = meta ? (task.meta?.metaPrompt(problem) ?? []) : problem.prompt;
  return {
    data_source: `masa-lab/${task.name}/${meta ? 'meta' : set}`,
    prompt: [{ role: 'user', content: vocabulary.decode(prompt) }],
    ability: problem.family,
    reward_model: {
      style: 'rule',
      ground_truth: meta ? JSON.stringify(meta) : vocabulary.decode(problem.answer),
    },
    extra_info: {
      index,
      split: set,
      problem: vocabulary.decode(problem.prompt),
      tier: problem.tier,
      size: problem.size,
      max_completion_length: settingsOf(policy).max_completion_length,
    },
  };
}

/**
 * The problems of the steps ahead, in the order the run would draw them.
 * @param paired each followed by the same problem's meta prompt, to be rewarded by what its solutions turn out to be.
 */
export function trainingRows(policy: ExportedPolicy, paired: boolean): ProblemRow[] {
  const { seed, prompts_per_step: perStep } = settingsOf(policy);
  const count = Math.min(MOST_PROBLEMS, stepsAhead(policy) * perStep);
  return Array.from({ length: count }, (_, index) => {
    const step = policy.step + Math.floor(index / perStep);
    return policy.task.trainProblem(seed, step, index % perStep);
  }).flatMap((problem, index) => [
    row(policy, problem, 'train', index, null),
    ...(paired ? [row(policy, problem, 'train', index, { rollouts: null })] : []),
  ]);
}

/** The problems that the run is evaluated on. */
export function heldOutRows(policy: ExportedPolicy): ProblemRow[] {
  const { eval_problems: count, eval_out_of_domain: also } = settingsOf(policy);
  return policy.task.suites
    .filter(({ name }) => name !== 'out-of-domain' || also)
    .flatMap((suite) =>
      Array.from({ length: count }, (_, index) =>
        row(policy, suite.problem(HELD_OUT_SEED, index), suite.name, index, null),
      ),
    );
}

/** Meta prompts of recorded groups, each with its rollouts as the truth. */
export const recordedRows = (policy: ExportedPolicy, groups: readonly RecordedGroup[]): ProblemRow[] =>
  groups.map(({ problem, rollouts }, index) => row(policy, problem, 'train', index, { rollouts }));

/** Words of the longest prompt. */
export const longestPrompt = (rows: readonly ProblemRow[]): number =>
  Math.max(1, ...rows.map(({ prompt }) => prompt[0].content.split(' ').length));
