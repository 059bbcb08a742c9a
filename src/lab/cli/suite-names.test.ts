import { expect, test } from 'vitest';
import { selectBenchmarks } from '../../tasks/benchmarks';
import { LADDER } from '../../tasks/ladder';
import { LONG_TAIL } from '../../tasks/long-tail';
import type { Task } from '../../tasks/task';
import { UsageError } from './arguments';
import { chooseProblems } from './suite-names';

/** The names of the sets or suites that a name stands for. */
function chosen(name: string, task: Task = LADDER): string[] {
  const problems = chooseProblems(task, name);
  return 'suites' in problems
    ? problems.suites.map((suite) => suite.name)
    : selectBenchmarks(task.benchmarks, problems.benchmarks).map((set) => set.name);
}

test('in-domain, out-of-domain and all are the six, the thirteen and the nineteen sets', () => {
  const groups = ['logic', 'science', 'coding'];
  expect(chosen('in-domain')).toHaveLength(6);
  expect(chosen('in-domain')).toEqual(chosen('mathematics'));
  expect(chosen('out-of-domain')).toHaveLength(13);
  expect(chosen('out-of-domain')).toEqual(groups.flatMap((group) => chosen(group)));
  expect(chosen('all')).toEqual([...chosen('in-domain'), ...chosen('out-of-domain')]);
  expect(chosen('benchmarks')).toEqual(chosen('all'));
});

test('every set can be asked for by its name', () => {
  for (const { name } of LADDER.benchmarks) expect(chosen(name)).toEqual([name]);
});

test('held-out suites have names that no set has', () => {
  expect(chosen('held-out')).toEqual(['in-domain', 'out-of-domain']);
  expect(chosen('held-out/in-domain')).toEqual(['in-domain']);
  expect('suites' in chooseProblems(LADDER, 'held-out/out-of-domain')).toBe(true);
  expect(chosen('held-out/mid-hard', LONG_TAIL)).toEqual(['mid-hard']);
  expect(() => chosen('held-out/mid-hard', LADDER)).toThrow(UsageError);
});

test.each(['ood', '', 'held-out/', 'held-out/none', 'In-domain'])(
  'another name, "%s", is refused with a list of what there is',
  (name) => {
    const refusal = (): unknown => chosen(name, LONG_TAIL);
    for (const known of ['all, in-domain, out-of-domain', 'logic', 'carry-chains', 'held-out/mid-hard'])
      expect(refusal).toThrow(known);
    expect(refusal).toThrow(`task long-tail, got "${name}"`);
  },
);
