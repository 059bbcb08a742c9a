/**
 * The ladder's vocabulary: words parted by spaces, one token each. No sub-words, nothing learned. Used by the
 * task, and through it by everything that shows or reads tokens.
 */
import { readable } from './readable';
import type { Vocabulary } from './task';
import { BOS, EOS, idOf, PAD, WORDS } from './tokens';

const TABLE_SIZE = 64;

export const LADDER_VOCABULARY: Vocabulary = {
  tokens: WORDS,
  // Padded, so that a word can be added without changing a checkpoint's shapes.
  tableSize: TABLE_SIZE,
  pad: PAD,
  bos: BOS,
  eos: EOS,
  encode: (text) =>
    text
      .split(/\s+/)
      .filter((word) => word !== '')
      .map((word) => {
        const id = idOf(word) ?? spareOf(word);
        if (id === undefined)
          throw new Error(
            `encode: expected words such as ${WORDS.slice(1, 6).join(' ')}, parted by spaces, got "${word}"`,
          );
        return id;
      }),
  decode: (ids) => ids.map((id) => WORDS[id] ?? `?${id}`).join(' '),
  readable,
};

/** A policy can sample the table's spare rows, though it learns not to; they are written `?63`. */
function spareOf(word: string): number | undefined {
  const id = /^\?\d+$/.test(word) ? Number(word.slice(1)) : 0;
  return id >= WORDS.length && id < TABLE_SIZE ? id : undefined;
}
