/**
 * Out of domain: four sets of what programs do, two of lists to be sorted and two of small programs to be run.
 * MBPP is the one coding set the MASA authors' evaluation script names; EvalPlus, CRUXEval (its output half) and
 * LiveCodeBench stand for the kinds of coding sets that are usual beside it.
 */
import { EXTREMES } from '../extremes';
import { SORTING } from '../sorting';
import { digit, digitValue, MAX, MIN, MM, PLUS } from '../tokens';
import type { BenchmarkSpec } from './benchmark-set';
import { bodyOf, type Step, shuffled, stepsOf, times, valuesOf } from './bodies';
import { arrangements, listBody, listedDigits } from './lists';
import { DIGITS, MEASURED, repeats } from './science';

const sorting = { family: SORTING, wellFormed: arrangements };
const LOOP_STEPS = 6;
const FEW = 3;
/** Fewest lines that a reset makes void. */
const DEAD_LINES = 2;
/** Steps after which a digit is known, whatever it was. */
const RESETS: readonly Step[] = [
  [MAX, digit(9)],
  [MIN, digit(0)],
];
const isReset = ([operation, operand]: Step): boolean =>
  RESETS.some((reset) => reset[0] === operation && reset[1] === operand);

const kinds = (digits: readonly number[]): number => new Set(digits).size;

export const CODING: readonly BenchmarkSpec[] = [
  {
    ...sorting,
    name: 'reversed-lists',
    label: 'Reversed lists',
    describes:
      'Five to seven digits in falling order, at most one of them twice: every insertion goes to the front.',
    analogue: 'MBPP',
    sizes: [5, 6, 7],
    draw(stream, size) {
      const digits = times(size, () => stream.pick(DIGITS));
      return listBody(digits.sort((a, b) => b - a));
    },
    holds(body) {
      const digits = listedDigits(body);
      return (
        digits.every((each, i) => i === 0 || each <= digits[i - 1]) && kinds(digits) >= digits.length - 1
      );
    },
  },
  {
    ...sorting,
    name: 'few-values',
    label: 'Many ties',
    describes:
      'Six or seven digits of only two or three values, so that nearly every insertion meets its equal.',
    analogue: 'EvalPlus',
    sizes: [6, 7],
    draw(stream, size) {
      const values = shuffled(stream, DIGITS).slice(0, stream.integer(2, FEW));
      return listBody(times(size, () => stream.pick(values)));
    },
    holds(body) {
      const digits = listedDigits(body);
      return kinds(digits) >= 2 && kinds(digits) <= FEW;
    },
  },
  {
    ...MEASURED,
    name: 'dead-code',
    label: 'Dead code',
    describes: 'Five to seven lines: sums, a max 9 or min 0 that makes them void, and sums again.',
    analogue: 'CRUXEval-O',
    sizes: [5, 6, 7],
    draw(stream, size) {
      const reset = stream.integer(DEAD_LINES, size - 2);
      return bodyOf(
        [MM, stream.pick(DIGITS)],
        times(size, (i) => (i === reset ? stream.pick(RESETS) : [PLUS, stream.pick(DIGITS)])),
      );
    },
    holds(body) {
      const steps = stepsOf(body);
      const resets = steps.filter(isReset).length;
      const place = steps.findIndex(isReset);
      const sums = steps.filter(([operation]) => operation === PLUS).length;
      return resets === 1 && sums === steps.length - 1 && place >= DEAD_LINES && place < steps.length - 1;
    },
  },
  {
    ...MEASURED,
    name: 'unrolled-loops',
    label: 'Unrolled loops',
    describes: 'A sum beside a maximum or minimum in a loop of two or three lines, written out to six.',
    analogue: 'LiveCodeBench',
    sizes: [LOOP_STEPS],
    draw(stream, size) {
      const lines = stream.pick([2, 3]);
      const loop = times(lines, (): Step => [stream.pick([MAX, MIN, PLUS]), stream.pick(DIGITS)]);
      return bodyOf(
        [MM, stream.pick(DIGITS)],
        times(size, (i) => loop[i % lines]),
      );
    },
    holds: (body) =>
      body.includes(PLUS) &&
      (body.includes(MAX) || body.includes(MIN)) &&
      [2, 3].some((period) => repeats(body, period)) &&
      // A loop that does nothing after its first round could be answered from that round.
      digitsChange(body),
  },
];

/** Whether the second half of a chain still moves the value. */
function digitsChange(body: readonly number[]): boolean {
  const values = valuesOf(EXTREMES, body).map(([value]) => digitValue(value));
  return kinds(values.slice(LOOP_STEPS / 2)) > 1;
}
