/** The tasks there are, by name. */
import { LADDER } from './ladder';
import { LONG_TAIL } from './long-tail';
import type { Task } from './task';

export type TaskName = 'ladder' | 'long-tail';

export const TASKS: Record<TaskName, Task> = { ladder: LADDER, 'long-tail': LONG_TAIL };

/** @throws Error naming the tasks there are, when `name` is none of them. */
export function getTask(name: string): Task {
  const task = Object.values(TASKS).find((each) => each.name === name);
  if (!task) throw new Error(`getTask: expected one of ${Object.keys(TASKS).join(', ')}, got "${name}"`);
  return task;
}
