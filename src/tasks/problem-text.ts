/**
 * Reads problems as people type them, the inverse of `readable.ts` for prompts: `47 + 8 * 3`, `47, then + 8, × 3 = ?`,
 * `true and false or true`, `4 max 7 min 2`, `sort 3 1 2`, or a prompt in the vocabulary's words, `BOS 4 7 L0 + 8 SOL`.
 * Steps are worked from left to right, as everywhere in the tasks. Used by the page and the command line.
 */
import { ARITHMETIC } from './arithmetic-family';
import { BOOLEAN } from './boolean';
import { EXTREMES } from './extremes';
import { type Family, problemOf, type Tier } from './family';
import { LONG_TAIL_ARITHMETIC } from './long-tail-family';
import { SORTING } from './sorting';
import type { Problem, Task } from './task';
import {
  AND,
  BOOL,
  digit,
  FALSE,
  LABELS,
  label,
  MAX,
  MIN,
  MINUS,
  MM,
  OR,
  PLUS,
  POWER,
  SORT,
  TIMES,
  TRUE,
  XOR,
} from './tokens';

/** A text that is no problem; the message says where, what was expected, and what to write instead. */
export class ProblemTextError extends Error {
  constructor(
    /** The place of the first character that is wrong, from 0, and how many are. */
    readonly at: number,
    readonly length: number,
    message: string,
    readonly remedy: string,
  ) {
    super(`at character ${at + 1}: ${message}`);
    this.name = 'ProblemTextError';
  }
}

interface Piece {
  kind: 'number' | 'word' | 'sign' | 'end';
  text: string;
  at: number;
}

const ARITHMETIC_SIGNS: Readonly<Record<string, number>> = {
  '+': PLUS,
  '-': MINUS,
  '−': MINUS,
  '–': MINUS,
  '*': TIMES,
  '×': TIMES,
  '·': TIMES,
  x: TIMES,
  '^': POWER,
};
const EXTREME_SIGNS: Readonly<Record<string, number>> = { max: MAX, min: MIN, '+': PLUS };
const TRUTH_SIGNS: Readonly<Record<string, number>> = {
  and: AND,
  '&': AND,
  or: OR,
  '|': OR,
  xor: XOR,
};
const TRUTHS: Readonly<Record<string, number>> = { true: TRUE, t: TRUE, false: FALSE, f: FALSE };

const SHORTEST_LIST = 2;
const LONGEST_START = 99;

/** How to write each kind, for whoever wrote something else. */
const EXAMPLES = 'Write a sum such as 47 + 8 * 3, true and false, 4 max 7, or sort 3 1 2.';

/**
 * The problem a text states, with its answer.
 * @throws ProblemTextError naming the first place that is wrong.
 */
export function parseProblem(text: string, task: Task): Problem {
  if (/^\s*BOS\b/.test(text)) return parseWords(text, task);
  return new Parser(text, task).problem(false);
}

/** The words of a prompt: read as a person would write them, which has to give the same prompt again. */
function parseWords(text: string, task: Task): Problem {
  const { vocabulary } = task;
  const wrong = (message: string): never => {
    const at = text.length - text.trimStart().length;
    throw new ProblemTextError(at, text.trim().length, message, EXAMPLES);
  };
  let ids: number[];
  try {
    ids = vocabulary.encode(text);
  } catch (error) {
    return wrong(error instanceof Error ? error.message : String(error));
  }
  const problem = new Parser(vocabulary.readable(ids), task).problem(ids[1] === MM);
  if (problem.prompt.join() !== ids.join())
    wrong(`expected the prompt of a problem, such as ${vocabulary.decode(problem.prompt)}`);
  return problem;
}

class Parser {
  private readonly pieces: Piece[];
  private at = 0;

  constructor(
    text: string,
    private readonly task: Task,
  ) {
    this.pieces = piecesOf(text);
  }

  /** @param extremes whether a lone digit and sums are of the family of maxima, as only the words can tell. */
  problem(extremes: boolean): Problem {
    const [first] = this.pieces;
    const word = first.text.toLowerCase();
    if (first.kind === 'end') throw new ProblemTextError(0, 0, 'expected a problem, got nothing', EXAMPLES);
    if (word === 'sort') return this.sorting();
    if (first.kind === 'word' && word in TRUTHS) return this.truths();
    if (first.kind !== 'number')
      return this.fail(first, 'a number, true, false or sort to begin with', EXAMPLES);
    if (extremes || this.pieces.some(({ text }) => /^(max|min)$/i.test(text))) return this.extremes();
    return this.arithmetic();
  }

  private arithmetic(): Problem {
    const start = this.take();
    const value = Number(start.text);
    if (value > LONGEST_START)
      this.fail(start, `a number from 0 to ${LONGEST_START} to begin with`, 'Numbers here have two digits.');
    const body = [digit(Math.floor(value / 10)), digit(value % 10)];
    const count = this.steps(body, ARITHMETIC_SIGNS, '+, -, * or ^', (piece) => this.oneDigit(piece));
    const family = this.task.name === LONG_TAIL_ARITHMETIC.name ? LONG_TAIL_ARITHMETIC : ARITHMETIC;
    // Both tasks have their tiers in this order.
    const [easy, mid, hard, unsolvable] = family.tiers;
    const tier = body.includes(POWER)
      ? unsolvable
      : body.includes(TIMES)
        ? hard
        : easy.sizes.includes(count)
          ? easy
          : mid;
    return problemOf(family, tier, count, body);
  }

  private extremes(): Problem {
    const body = [MM, this.oneDigit(this.take())];
    const count = this.steps(body, EXTREME_SIGNS, 'max, min or +', (piece) => this.oneDigit(piece));
    return problemOf(EXTREMES, tierOf(EXTREMES, count), count, body);
  }

  private truths(): Problem {
    const truth = (piece: Piece): number =>
      TRUTHS[piece.text.toLowerCase()] ??
      this.fail(piece, 'true or false', 'Truth values go with and, or and xor alone.');
    const body = [BOOL, truth(this.take())];
    const count = this.steps(body, TRUTH_SIGNS, 'and, or or xor', truth);
    return problemOf(BOOLEAN, tierOf(BOOLEAN, count), count, body);
  }

  private sorting(): Problem {
    this.take();
    const body = [SORT];
    let count = 0;
    for (; !this.atEnd(); count++) {
      this.room(count, 'digits');
      body.push(label(count), this.oneDigit(this.take()));
    }
    if (count < SHORTEST_LIST)
      this.fail(
        this.peek(),
        `at least ${SHORTEST_LIST} digits to sort`,
        'Write them one by one: sort 3 1 2.',
      );
    this.end();
    return problemOf(SORTING, tierOf(SORTING, count), count, body);
  }

  /** Adds each operation with its operand to the body; at least one. @returns how many. */
  private steps(
    body: number[],
    signs: Readonly<Record<string, number>>,
    names: string,
    operand: (piece: Piece) => number,
  ): number {
    let count = 0;
    for (; !this.atEnd(); count++) {
      this.room(count, 'operations');
      const sign = this.take();
      const operation = signs[sign.text.toLowerCase()];
      if (operation === undefined)
        this.fail(
          sign,
          names,
          /[()[\]]/.test(sign.text) ? 'Steps are worked from left to right, without brackets.' : EXAMPLES,
        );
      body.push(label(count), operation, operand(this.take()));
    }
    if (count === 0) this.fail(this.peek(), `${names} and what it works with`, EXAMPLES);
    this.end();
    return count;
  }

  private room(count: number, what: string): void {
    if (count >= LABELS)
      this.fail(this.peek(), `at most ${LABELS} ${what}`, 'Longer problems have no prompt: leave some out.');
  }

  private oneDigit(piece: Piece): number {
    if (piece.kind !== 'number' || piece.text.length > 1)
      this.fail(piece, 'one digit, 0 to 9', 'Only the number that a sum begins with may have two.');
    return digit(Number(piece.text));
  }

  private peek(): Piece {
    return this.pieces[this.at];
  }

  private take(): Piece {
    const piece = this.peek();
    if (piece.kind !== 'end') this.at++;
    return piece;
  }

  private atEnd(): boolean {
    const { kind, text } = this.peek();
    return kind === 'end' || text === '=';
  }

  /** `= ?` may stand at the end, and nothing behind it. */
  private end(): void {
    if (this.peek().text === '=') this.take();
    if (this.peek().text === '?') this.take();
    const rest = this.peek();
    if (rest.kind !== 'end')
      this.fail(rest, 'the end of the problem', 'The answer is what the policy is asked for: leave it out.');
  }

  private fail(piece: Piece, expected: string, remedy: string): never {
    const got = piece.kind === 'end' ? 'the end' : `“${piece.text}”`;
    throw new ProblemTextError(
      piece.at,
      Math.max(1, piece.text.length),
      `expected ${expected}, got ${got}`,
      remedy,
    );
  }
}

const tierOf = (family: Family, size: number): Tier =>
  family.tiers.find(({ sizes }) => sizes.includes(size)) ??
  (size < family.tiers[0].sizes[0] ? family.tiers[0] : family.tiers[family.tiers.length - 1]);

/** Numbers, words and single signs; commas and `then` only part them. */
function piecesOf(text: string): Piece[] {
  const pieces: Piece[] = [];
  for (const { 0: piece, index } of text.matchAll(/\d+|\p{L}+|[^\s,]/gu)) {
    if (/^then$/i.test(piece)) continue;
    const kind = /^\d/.test(piece) ? 'number' : /^\p{L}/u.test(piece) ? 'word' : 'sign';
    pieces.push({ kind, text: piece, at: index });
  }
  return [...pieces, { kind: 'end', text: '', at: text.trimEnd().length }];
}
