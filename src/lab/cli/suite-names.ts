/**
 * What `--suite` calls the problems of a task: the benchmark sets go by the paper's names, the held-out problems a
 * run evaluates itself on stand under `held-out`. Reads names; answers nothing. Used by `eval`.
 */
import { ALL_BENCHMARKS } from '../../tasks/benchmarks';
import type { Suite, Task } from '../../tasks/task';
import { UsageError } from './arguments';

/** All held-out suites; one of them is `held-out/NAME`. */
const HELD_OUT = 'held-out';
/** Another word for all the sets. */
const BENCHMARKS = 'benchmarks';

/** What a name stands for: names of benchmark sets as `evaluateBenchmarks` takes them, or held-out suites. */
export type ChosenProblems = { benchmarks: string[] } | { suites: readonly Suite[] };

type Asked = Pick<Task, 'name' | 'suites' | 'benchmarks'>;

/** The name of a held-out suite on the command line and in what it prints. */
export const heldOutName = (suite: Pick<Suite, 'name'>): string => `${HELD_OUT}/${suite.name}`;

/** @throws UsageError listing every name of the task, when `name` is none of them. */
export function chooseProblems(task: Asked, name: string): ChosenProblems {
  if (name === BENCHMARKS) return { benchmarks: [ALL_BENCHMARKS] };
  if (name === HELD_OUT) return { suites: task.suites };
  const suites = task.suites.filter((suite) => heldOutName(suite) === name);
  if (suites.length > 0) return { suites };
  const { domains, groups, sets } = namesOfSets(task);
  if ([ALL_BENCHMARKS, ...domains, ...groups, ...sets].includes(name)) return { benchmarks: [name] };
  throw new UsageError([
    [
      `--suite: expected the name of problems of task ${task.name}, got "${name}". There are`,
      `benchmark sets: ${[ALL_BENCHMARKS, ...domains].join(', ')}; by group: ${groups.join(', ')}; one by one: ${sets.join(', ')}`,
      `held-out problems: ${[HELD_OUT, ...task.suites.map(heldOutName)].join(', ')}`,
    ].join('\n  '),
  ]);
}

function namesOfSets({ benchmarks }: Asked): { domains: string[]; groups: string[]; sets: string[] } {
  return {
    domains: [...new Set(benchmarks.map((set) => set.domain))],
    groups: [...new Set(benchmarks.map((set) => set.group))],
    sets: benchmarks.map((set) => set.name),
  };
}
