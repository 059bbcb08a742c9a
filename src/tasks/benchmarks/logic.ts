/**
 * Out of domain: five sets of deductions, four of them boolean chains and one of orderings. The analogues are
 * those of the MASA authors' evaluation script: ProntoQA, ProofWriter, FOLIO, LogicalDeduction, AR-LSAT.
 * Boolean answers are true as often as false, so a guess is worth one half and a constant answer no more.
 */

import type { Stream } from '../../run/random';
import { BOOLEAN } from '../boolean';
import { SORTING } from '../sorting';
import { AND, BOOL, digit, digitValue, FALSE, OR, TRUE, XOR } from '../tokens';
import type { BenchmarkSpec } from './benchmark-set';
import { bodyOf, type Step, shuffled, stepsOf, times } from './bodies';
import { arrangements, listBody, listedDigits } from './lists';

const truth = (stream: Stream): number => stream.pick([TRUE, FALSE]);
const boolean = {
  family: BOOLEAN,
  wellFormed: (): number => 2,
  answers: [[TRUE], [FALSE]],
};

/** Steps that leave every value as it is. */
const IDLE: readonly Step[] = [
  [AND, TRUE],
  [OR, FALSE],
  [XOR, FALSE],
];
/** Steps after which the value is settled, whatever it was. */
const SETTLING: readonly Step[] = [
  [AND, FALSE],
  [OR, TRUE],
];
/** The step that makes true false and false true. */
const TURN: Step = [XOR, TRUE];
const isOneOf =
  (steps: readonly Step[]) =>
  ([operation, operand]: Step): boolean =>
    steps.some((step) => step[0] === operation && step[1] === operand);
const isIdle = isOneOf(IDLE);
const isSettling = isOneOf(SETTLING);
const isTurn = isOneOf([TURN]);

const MOST_DIGIT = 9;

export const LOGIC: readonly BenchmarkSpec[] = [
  {
    ...boolean,
    name: 'decisive-step',
    label: 'The decisive step',
    describes: 'A boolean chain of four to seven steps: one settles the value, all others leave it as it is.',
    analogue: 'ProntoQA',
    sizes: [4, 5, 6, 7],
    draw(stream, size) {
      const decisive = stream.integer(0, size - 1);
      return bodyOf(
        [BOOL, truth(stream)],
        times(size, (i) => stream.pick(i === decisive ? SETTLING : IDLE)),
      );
    },
    holds(body) {
      const steps = stepsOf(body);
      return steps.filter(isSettling).length === 1 && steps.every((step) => isIdle(step) || isSettling(step));
    },
  },
  {
    ...boolean,
    name: 'and-or',
    label: 'And with or',
    describes: 'Five to seven ands and ors, both present, of which two or more can change the value.',
    analogue: 'ProofWriter',
    sizes: [5, 6, 7],
    draw: (stream, size) =>
      bodyOf(
        [BOOL, truth(stream)],
        times(size, () => [stream.pick([AND, OR]), truth(stream)]),
      ),
    holds: (body) =>
      body.includes(AND) &&
      body.includes(OR) &&
      !body.includes(XOR) &&
      stepsOf(body).filter(isSettling).length >= 2,
  },
  {
    ...boolean,
    name: 'exclusive-or',
    label: 'Exclusive or',
    describes: 'Five to seven steps, all exclusive or but one, with two or more that turn the value over.',
    analogue: 'FOLIO',
    sizes: [5, 6, 7],
    draw(stream, size) {
      const exception = stream.integer(0, size - 1);
      return bodyOf(
        [BOOL, truth(stream)],
        times(size, (i) => [i === exception ? stream.pick([AND, OR]) : XOR, truth(stream)]),
      );
    },
    holds(body) {
      const steps = stepsOf(body);
      return (
        steps.filter(([operation]) => operation !== XOR).length === 1 && steps.filter(isTurn).length >= 2
      );
    },
  },
  {
    family: SORTING,
    wellFormed: arrangements,
    name: 'scrambled-run',
    label: 'A scrambled run',
    describes: 'Five or seven neighbouring digits, all different, in an order that rises and falls.',
    analogue: 'LogicalDeduction',
    sizes: [5, 7],
    draw(stream, size) {
      const lowest = stream.integer(0, MOST_DIGIT - size + 1);
      return listBody(
        shuffled(
          stream,
          times(size, (i) => digit(lowest + i)),
        ),
      );
    },
    holds(body) {
      const digits = listedDigits(body).map(digitValue);
      const rises = digits.filter((value, i) => i > 0 && value > digits[i - 1]).length;
      const span = Math.max(...digits) - Math.min(...digits);
      return (
        new Set(digits).size === digits.length &&
        span === digits.length - 1 &&
        rises >= 2 &&
        rises <= digits.length - 3
      );
    },
  },
  {
    ...boolean,
    name: 'overruled',
    label: 'Overruled',
    describes:
      'Five to seven steps, each of which settles the value anew or turns it over, two or more of both.',
    analogue: 'AR-LSAT',
    sizes: [5, 6, 7],
    draw: (stream, size) =>
      bodyOf(
        [BOOL, truth(stream)],
        times(size, () => stream.pick([...SETTLING, TURN])),
      ),
    holds(body) {
      const steps = stepsOf(body);
      const settled = steps.filter(isSettling).length;
      const turned = steps.filter(isTurn).length;
      return settled >= 2 && turned >= 2 && settled + turned === steps.length;
    },
  },
];
