/**
 * The token ids of the ladder's vocabulary and their words. Only names and numbers: what a text of them means
 * to a reader is `readable.ts`, the `Vocabulary` itself is `vocabulary.ts`.
 *
 * The id of a word is its place in `WORDS`. Checkpoints and the train/held-out split depend on the ids:
 * append new words, never reorder.
 */
export const WORDS = [
  ...['PAD', 'BOS', 'EOS'],
  ...['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'],
  ...['+', '-', '*', '^'],
  ...['SOL', 'ANS', 'META', 'HINT', 'LEN', 'PASS', 'NOT'],
  ...['CARRY', 'BORROW', 'SPLIT', 'SKIP', 'WAIT'],
  ...['L0', 'L1', 'L2', 'L3', 'L4', 'L5', 'L6', 'L7', 'L8'],
  ...['BOOL', 'T', 'F', '&', '|', 'X'],
  'SORT',
  ...['MM', 'MAX', 'MIN'],
] as const;
export type Word = (typeof WORDS)[number];

const IDS: ReadonlyMap<string, number> = new Map(WORDS.map((word, id) => [word, id]));

/** The id of a word, or undefined when it is not in the vocabulary. */
export const idOf = (word: string): number | undefined => IDS.get(word);

const id = (word: Word): number => WORDS.indexOf(word);

export const PAD = id('PAD');
export const BOS = id('BOS');
export const EOS = id('EOS');
export const PLUS = id('+');
export const MINUS = id('-');
export const TIMES = id('*');
export const POWER = id('^');
export const SOL = id('SOL');
export const ANS = id('ANS');
export const META = id('META');
export const HINT = id('HINT');
export const LEN = id('LEN');
export const PASS = id('PASS');
export const NOT = id('NOT');
export const CARRY = id('CARRY');
export const BORROW = id('BORROW');
export const SPLIT = id('SPLIT');
export const SKIP = id('SKIP');
export const WAIT = id('WAIT');
export const BOOL = id('BOOL');
export const TRUE = id('T');
export const FALSE = id('F');
export const AND = id('&');
export const OR = id('|');
export const XOR = id('X');
export const SORT = id('SORT');
export const MM = id('MM');
export const MAX = id('MAX');
export const MIN = id('MIN');

const ZERO = id('0');
const LABEL_0 = id('L0');
export const LABELS = 9;

/** The token of a digit 0-9. */
export const digit = (value: number): number => ZERO + value;
/** The digit a token stands for; only for tokens of which `isDigit` holds. */
export const digitValue = (token: number): number => token - ZERO;
export const isDigit = (token: number): boolean => token >= ZERO && token < ZERO + 10;

/** The token of step label L0-L8. */
export const label = (step: number): number => LABEL_0 + step;
export const labelValue = (token: number): number => token - LABEL_0;
export const isLabel = (token: number): boolean => token >= LABEL_0 && token < LABEL_0 + LABELS;

/** The notions: what a solution can use and a prediction can name. */
export const NOTIONS: readonly number[] = [CARRY, BORROW, SPLIT, SKIP, WAIT];
export const isNotion = (token: number): boolean => token >= CARRY && token <= WAIT;

/** The distinct notions that occur in a completion, in the order of the vocabulary. */
export const notionsIn = (completion: readonly number[]): number[] =>
  NOTIONS.filter((notion) => completion.includes(notion));

/** A predicted length is a bucket of this many tokens, `LEN 0` to `LEN 9`; the last is open. */
export const LENGTH_BUCKET = 8;
export const LAST_BUCKET = 9;
/** A predicted pass rate is a count out of this many, `PASS 0` to `PASS 8`. */
export const PASS_OF = 8;
