/**
 * The long tail's own family: the accumulator again, in tiers of which most tell the policy nothing. What is
 * trivial every rollout gets right, what is unsolvable none, and the few problems between have long solutions.
 */

import type { Stream } from '../run/random';
import { finalValue } from './arithmetic';
import { accumulatorBody, answerOf } from './arithmetic-family';
import { writeArithmetic } from './arithmetic-writer';
import { type Family, hashOf, keyOf, type Tier } from './family';
import { digit, label, MINUS, PLUS, POWER } from './tokens';

const NAME = 'long-tail';
const MAX_TIMES = 4;
const LOWEST = 2;
const HIGHEST = 9;

const TRIVIAL: Tier = { name: 'trivial', share: 0.35, sizes: [1, 2], flawless: true };
/** Sums and differences; nine operations use every step label. */
export const MID: Tier = { name: 'mid', share: 0.175, sizes: [4, 5, 6, 7, 8, 9] };
/** With one to four multiplications. */
export const HARD: Tier = { name: 'hard', share: 0.175, sizes: [3, 4, 5, 6, 7, 8] };
/** Ends in `^`, and the answer is none. */
const UNSOLVABLE: Tier = { name: 'unsolvable', share: 0.3, sizes: [2, 3, 4, 5, 6] };

/** Sums and differences that never cross a ten, each possible operation and operand as likely. */
function trivialBody(stream: Stream, size: number): number[] {
  let units = stream.integer(0, 9);
  const body = [digit(stream.integer(0, 9)), digit(units)];
  for (let i = 0; i < size; i++) {
    const changes: number[] = [];
    for (let d = LOWEST; d <= HIGHEST; d++) {
      if (units + d <= 9) changes.push(d);
      if (units - d >= 0) changes.push(-d);
    }
    const change = stream.pick(changes);
    units += change;
    body.push(label(i), change > 0 ? PLUS : MINUS, digit(Math.abs(change)));
  }
  return body;
}

/**
 * The answer, 0-99, that counts as right for a problem that cannot be solved: a hash of its key, so that it stays
 * the same wherever the problem comes up and there is nothing in it to learn. It is what `^` really comes to by
 * chance only, once in a hundred problems; with the true value a policy learns a part of the tier after all.
 */
export const referenceValue = (key: string): number =>
  hashOf(Array.from(key, (character) => character.charCodeAt(0))) % 100;

export const LONG_TAIL_ARITHMETIC: Family = {
  name: NAME,
  tiers: [TRIVIAL, MID, HARD, UNSOLVABLE],
  makeBody(stream, tier, size) {
    if (tier.name === TRIVIAL.name) return trivialBody(stream, size);
    const mostTimes = tier.name === HARD.name ? Math.min(MAX_TIMES, size) : 0;
    return accumulatorBody(stream, size, mostTimes, tier.name === UNSOLVABLE.name);
  },
  solve: (body) => answerOf(body.includes(POWER) ? referenceValue(keyOf(NAME, body)) : finalValue(body)),
  write: writeArithmetic,
};
