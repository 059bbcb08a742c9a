/**
 * What a run's stream says of the tokens of a model from elsewhere, and the task read with them again: whoever shows a
 * run, live or recorded, has no tokenizer. Used by sessions and the page; `speech.ts` is how such a model is asked.
 */
import type { SpokenVocabulary } from '../../run/events';
import { endsOf, type Task } from '../task';

/** No token: a text of such a model ends at its limit. */
export const NO_END = 2 ** 32 - 1;

/** Bytes side by side that make characters, as the characters they make. */
const withCharacters = (text: string): string =>
  text.replace(/(?:<0x[0-9A-F]{2}>)+/g, (run) => {
    const bytes = Uint8Array.from(run.slice(3, -1).split('><0x'), (hex) => Number.parseInt(hex, 16));
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    } catch {
      return run;
    }
  });

/** What ends a text is no part of it; a token by itself is told all the same. */
export const withoutEnds = (ids: readonly number[], ends: readonly number[]): readonly number[] =>
  ids.length > 1 ? ids.filter((id) => !ends.includes(id)) : ids;

/**
 * What `run_started` says of a tokenizer from elsewhere, so that a recorded run can be read without it; null for a task
 * that speaks its own tokens.
 */
export function spokenVocabulary({ vocabulary, speaks }: Task): SpokenVocabulary | null {
  if (!speaks) return null;
  return {
    tokens: [...vocabulary.tokens],
    separator: speaks === 'plain text' ? '' : ' ',
    ends: [...endsOf(vocabulary)],
  };
}

/** The task with the tokens that a recorded run says it had; for whoever shows them. */
export function recordedTask(base: Task, { tokens, separator, ends }: SpokenVocabulary): Task {
  const textOf = (id: number) => tokens[id] ?? `?${id}`;
  const joined = (ids: readonly number[]) => withCharacters(ids.map(textOf).join(separator));
  const { meta: _, ...rest } = base;
  return {
    ...rest,
    vocabulary: {
      ...base.vocabulary,
      tokens,
      tableSize: tokens.length,
      eos: ends[0] ?? NO_END,
      ends,
      decode: joined,
      readable: (ids) => joined(withoutEnds(ids, ends)),
    },
    speaks: separator === '' ? 'plain text' : 'its own words',
  };
}
