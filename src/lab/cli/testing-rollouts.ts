/**
 * The 1,000 rollouts on which Python's rewards are held to ours: 50 problems with 16 solutions and 4 predictions each,
 * right, wrong, cut off and malformed, and what each earns. Deterministic; written to
 * `src/export/fixtures/rollouts.jsonl` by `UPDATE_ROLLOUTS=1 npm test -- unit src/lab/cli/export-rewards`.
 */
import { type MetaRewardSettings, scoreMetaGroup } from '../../rl/masa/rewards';
import { groupTruth } from '../../rl/masa/truth';
import { Purpose, Stream } from '../../run/random';
import { TASKS, type TaskName } from '../../tasks';
import { ARITHMETIC } from '../../tasks/arithmetic-family';
import { LONG_TAIL_ARITHMETIC } from '../../tasks/long-tail-family';
import type { MetaTask } from '../../tasks/meta';
import type { Problem, Task } from '../../tasks/task';
import { ANS, digit, isDigit, NOTIONS } from '../../tasks/tokens';
import { drawWriter } from '../../tasks/writers';

const PROBLEMS = 50;
const SOLUTIONS = 16;
const PREDICTIONS = 4;
const SEED = 20260;

/** Every variant of the meta reward, in settings.json's words. */
const VARIANTS = (['closed', 'strict'] as const).flatMap((length) =>
  (length === 'closed' ? [0, 5] : [0]).flatMap((length_tolerance) =>
    (['paper', 'brier'] as const).flatMap((pass_rate) =>
      (['counts', 'rates'] as const).map((notions) => ({ length, length_tolerance, pass_rate, notions })),
    ),
  ),
);

const settingsOf = (variant: (typeof VARIANTS)[number]): MetaRewardSettings => ({
  length: variant.length,
  lengthTolerance: variant.length_tolerance,
  passRate: variant.pass_rate,
  notions: variant.notions,
});

/** The lines of the file. */
export function rolloutLines(): string[] {
  return Array.from({ length: PROBLEMS }, (_, index) => JSON.stringify(group(index)));
}

function group(index: number) {
  const name: TaskName = index % 2 === 0 ? 'ladder' : 'long-tail';
  const task: Task = TASKS[name];
  const { meta, vocabulary } = task;
  if (!meta) throw new Error(`internal: task ${name} has predictions`);
  const stream = new Stream(SEED, Purpose.test, index);
  const problem = task.trainProblem(SEED, index, 0);
  // Most groups have room for every solution; some cut many off.
  const limit = stream.chance(0.3) ? stream.integer(6, 30) : task.maxCompletionLength;
  const solutions = Array.from({ length: SOLUTIONS }, () =>
    spoiled(written(problem, name, stream, limit), task, stream, limit),
  );
  const truth = groupTruth(
    solutions.map((ids) => ({
      correct: task.verify(problem, ids) === 1,
      length: ids.length,
      notions: meta.notionsIn(ids),
    })),
  );
  const predictions = Array.from({ length: PREDICTIONS }, () => predicted(meta, task, stream));
  const scored = VARIANTS.map((variant) =>
    scoreMetaGroup(meta, problem, predictions, truth, settingsOf(variant)),
  );
  return {
    task: name,
    order: meta.order,
    problem: vocabulary.decode(problem.prompt),
    answer: vocabulary.decode(problem.answer),
    limit,
    variants: VARIANTS,
    solutions: solutions.map((ids) => ({ ids, reward: task.verify(problem, ids) })),
    predictions: predictions.map((ids, p) => ({
      ids,
      parsed: scored[0][p].prediction.parsed,
      rewards: scored.map((variant) => {
        const { length, difficulty, notion, meta: mean } = variant[p].reward;
        return [length, difficulty, notion, mean];
      }),
    })),
  };
}

/** A solution by one of the corpus's writers, cut at the limit as sampling would cut it. */
function written(problem: Problem, name: TaskName, stream: Stream, limit: number): number[] {
  const family = name === 'ladder' ? ARITHMETIC : LONG_TAIL_ARITHMETIC;
  const most = TASKS[name].maxCompletionLength;
  const population = { carefulShare: 0.6, lostShare: name === 'long-tail' ? 0.2 : 0 };
  return family
    .write(problem.prompt.slice(1, -1), drawWriter(stream, population, most), stream)
    .slice(0, limit);
}

/** One rollout in four is made wrong in a way that writers have not. */
function spoiled(ids: number[], { vocabulary }: Task, stream: Stream, limit: number): number[] {
  if (!stream.chance(0.25)) return ids;
  const { eos, pad, bos, tableSize } = vocabulary;
  const at = stream.integer(0, ids.length - 1);
  const last = ids.at(-1) === eos ? ids.length - 2 : ids.length - 1;
  const anything = () => stream.integer(0, tableSize - 1);
  switch (stream.integer(0, 8)) {
    case 0: // another last digit
      return ids.map((id, i) => (i === last && isDigit(id) ? digit((id + 1) % 10) : id));
    case 1: // cut off anywhere
      return ids.slice(0, at);
    case 2: // an end in the middle
      return [...ids.slice(0, at), eos, ...ids.slice(at)];
    case 3: // goes on after its end
      return [...ids, ANS, eos];
    case 4: // a word out of place
      return ids.map((id, i) => (i === at ? anything() : id));
    case 5: // no answer, but an end
      return [...ids.filter((id) => id !== ANS && id !== eos), eos];
    case 6: // padding and a beginning inside
      return [...ids.slice(0, at), pad, bos, ...ids.slice(at)];
    case 7: // nothing at all
      return [];
    default: // noise up to the limit
      return Array.from({ length: limit }, anything).filter((id) => id !== eos);
  }
}

/** A prediction; a third of them do not parse, or not wholly. */
function predicted(meta: MetaTask, { vocabulary }: Task, stream: Stream): number[] {
  const notions: number[] = [];
  const count = stream.integer(1, 3);
  while (notions.length < count) {
    const notion = stream.pick(NOTIONS);
    if (!notions.includes(notion)) notions.push(notion);
  }
  const length = meta.lengthOf(stream.integer(0, 90));
  const whole = meta.writeMeta({ notions, length, passCount: stream.integer(0, meta.passOf) });
  if (!stream.chance(0.35)) return whole;
  const at = stream.integer(0, whole.length - 1);
  const anything = stream.integer(0, vocabulary.tableSize - 1);
  switch (stream.integer(0, 6)) {
    case 0: // cut off
      return whole.slice(0, at);
    case 1: // a word more
      return [...whole.slice(0, at), anything, ...whole.slice(at)];
    case 2: // a word less
      return [...whole.slice(0, at), ...whole.slice(at + 1)];
    case 3: // a notion twice
      return whole.flatMap((id) => (id === notions[0] ? [id, id] : [id]));
    case 4: // says everything twice
      return [...whole.slice(0, -1), ...whole];
    case 5: // goes on after its end
      return [...whole, anything];
    default: // a number that is too large
      return whole.map((id) => (isDigit(id) ? digit(9) : id));
  }
}
