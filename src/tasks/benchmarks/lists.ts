/** Bodies of the sorting family, `SORT L0 d L1 d ...`, for the benchmark sets that are lists to be sorted. */
import { isDigit, label, SORT } from '../tokens';

export const listBody = (digits: readonly number[]): number[] => [
  SORT,
  ...digits.flatMap((each, i) => [label(i), each]),
];

export const listedDigits = (body: readonly number[]): number[] => body.filter(isDigit);

/**
 * Orders the body's own digits can be put into, equal digits not told apart: what a guesser chooses from who
 * knows that sorting keeps the digits. n! over the product of the factorials of how often each occurs.
 */
export function arrangements(body: readonly number[]): number {
  const met = new Map<number, number>();
  let count = 1;
  listedDigits(body).forEach((each, i) => {
    const times = (met.get(each) ?? 0) + 1;
    met.set(each, times);
    // Putting the (i + 1)-th in multiplies by i + 1 places and divides by those equal to it: exact at every i.
    count = (count * (i + 1)) / times;
  });
  return count;
}
