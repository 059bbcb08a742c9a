/** Tokens as a person would write them, for panels; a thin layer over the task's own vocabulary. */
import type { Task } from '../../tasks/task';

/** One token by itself, never empty and never a bare id. */
export function tokenText(task: Task, id: number): string {
  return task.vocabulary.readable([id]) || (task.vocabulary.tokens[id] ?? `?${id}`);
}

/** An answer's tokens: digits run together (`55`), words are parted. */
export function answerText(task: Task, answer: readonly number[]): string {
  const words = answer.map((id) => tokenText(task, id));
  return words.join(words.every((word) => word.length === 1) ? '' : ' ');
}
