/** The ladder's own family: which problems its four tiers hold. */

import type { Stream } from '../run/random';
import { finalValue } from './arithmetic';
import { writeArithmetic } from './arithmetic-writer';
import type { Family, Tier } from './family';
import { digit, label, MINUS, PLUS, POWER, TIMES } from './tokens';

const MAX_TIMES = 3;

const tiers: readonly Tier[] = [
  { name: 'easy', share: 0.25, sizes: [1, 2], flawless: true },
  { name: 'mid', share: 0.25, sizes: [3, 4, 5, 6, 7] },
  { name: 'hard', share: 0.25, sizes: [3, 4, 5, 6, 7] },
  { name: 'unsolvable', share: 0.25, sizes: [2, 3, 4, 5, 6] },
];

/**
 * A random body of `size` sums and differences, of which one to `mostTimes` are multiplications where that is
 * more than 0, and the last is a power where `endsInPower`.
 */
export function accumulatorBody(
  stream: Stream,
  size: number,
  mostTimes: number,
  endsInPower: boolean,
): number[] {
  const body = [digit(stream.integer(0, 9)), digit(stream.integer(0, 9))];
  let timesLeft = mostTimes > 0 ? stream.integer(1, mostTimes) : 0;
  for (let i = 0; i < size; i++) {
    let operation = stream.chance(0.5) ? PLUS : MINUS;
    // Sampling without replacement: every placement of the multiplications is as likely as any other.
    if (timesLeft > 0 && stream.chance(timesLeft / (size - i))) {
      operation = TIMES;
      timesLeft--;
    }
    if (endsInPower && i === size - 1) operation = POWER;
    body.push(label(i), operation, digit(stream.integer(2, 9)));
  }
  return body;
}

/** The two digits of an accumulator, 0-99. */
export const answerOf = (value: number): number[] => [digit(Math.floor(value / 10)), digit(value % 10)];

export const ARITHMETIC: Family = {
  name: 'ladder',
  tiers,
  makeBody: (stream, { name }, size) =>
    accumulatorBody(stream, size, name === 'hard' ? MAX_TIMES : 0, name === 'unsolvable'),
  solve: (body) => answerOf(finalValue(body)),
  write: writeArithmetic,
};
