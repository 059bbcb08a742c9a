/** Tokens as a person would write them, for panels; a thin layer over the task's own vocabulary. */
import type { Task } from '../../tasks/task';

/** One token by itself, never empty and never a bare id. */
export function tokenText(task: Task, id: number): string {
  const text = task.vocabulary.readable([id]) || (task.vocabulary.tokens[id] ?? `?${id}`);
  return task.speaks === 'plain text' ? visible(text) : text;
}

/** Lines and spaces are tokens of texts too, and have to be seen where they stand alone. */
const visible = (text: string): string =>
  text.trim() === ''
    ? text.replace(/\n/g, '↵').replace(/\t/g, '⇥').replace(/\s/g, '␣')
    : text.replace(/\n/g, '↵');

/** A prompt that may break between its terms only: `− 6,` stays together, as does `= ?`. */
export const unbrokenTerms = (text: string): string => text.replace(/([^\w\s,;]) (?=[\w?])/gu, '$1\u00a0');

/** An answer's tokens: digits run together (`55`), words are parted. */
export function answerText(task: Task, answer: readonly number[]): string {
  if (task.speaks === 'plain text') return task.vocabulary.readable(answer);
  const words = answer.map((id) => tokenText(task, id));
  return words.join(words.every((word) => word.length === 1) ? '' : ' ');
}
