/**
 * A task's problems in plain words, and what an answer in words says: the bridge to models that were made elsewhere.
 * Pure text; which tokens it becomes is `speech.ts`.
 *
 *   47, then + 8, * 3 = ?
 *   Work from left to right, and after each step keep only the last two digits.
 *   End with "Answer: " and the result.
 */
import { ANS, BOOL, MM, SORT } from '../tokens';
import { LADDER_VOCABULARY } from '../vocabulary';

const ARITHMETIC = 'Work from left to right, and after each step keep only the last two digits';
const RULES: ReadonlyMap<number, string> = new Map([
  [BOOL, 'Work from left to right on true and false'],
  [MM, 'Work from left to right, and after each step keep only the last digit'],
  [SORT, 'Put the digits into ascending order'],
]);

/** As keyboards write it: vocabularies know these signs, and seldom the typographer's. */
const plain = (text: string): string => text.replaceAll('×', '*').replaceAll('−', '-');

/** What the prompt of a problem asks, from the task's own tokens. */
export function question(prompt: readonly number[]): string {
  const rule = RULES.get(prompt[1]) ?? ARITHMETIC;
  return `${plain(LADDER_VOCABULARY.readable(prompt))}\n${rule}.\nEnd with "Answer: " and the result.`;
}

/** The right answer as it is asked for: `65`, `true`, `1 2 4`. */
export const answerInWords = (answer: readonly number[]): string =>
  plain(LADDER_VOCABULARY.readable([ANS, ...answer])).replace(/^answer /, '');

/** The last statement of an answer, with nothing but signs behind it. */
const STATED = /answer(?:\s+is)?\s*[:=]?\s*([-\w][\w\s,]*?)[\s.!*"'`)]*$/i;
/** An answer is short; what stands before it is the way there. */
const TAIL = 120;

/**
 * What `text` states as its answer at its end: `... so 65. Answer: 65`. Spaces, commas and capitals do not count.
 * null where it ends in no statement of an answer.
 */
export function statedAnswer(text: string): string | null {
  const tail = text.slice(-TAIL);
  const last = tail.toLowerCase().lastIndexOf('answer');
  const match = last < 0 ? null : STATED.exec(tail.slice(last));
  return match ? bare(match[1]) : null;
}

const bare = (text: string): string => text.toLowerCase().replace(/[\s,]+/g, '');

/**
 * Whether an answer in words is the right one. Two digits are a number, which may be written without its leading zero.
 */
export function isAnswer(stated: string | null, right: string): boolean {
  if (stated === null) return false;
  const wanted = bare(right);
  return stated === wanted || (/^0\d$/.test(wanted) && stated === wanted.slice(1));
}
