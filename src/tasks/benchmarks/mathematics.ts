/**
 * In domain: six slices of the ladder's own arithmetic, roughly from plain to hard, each of a structure that
 * training meets by chance at most. The analogues are the six sets of the MASA paper (arXiv 2510.03259); what is
 * shared with them is the place in a table from plain to hard, nothing of their content.
 */

import type { Stream } from '../../run/random';
import { applyOperation } from '../arithmetic';
import { ARITHMETIC } from '../arithmetic-family';
import { digit, digitValue, MINUS, PLUS, TIMES } from '../tokens';
import type { BenchmarkSpec } from './benchmark-set';
import { bodyOf, type Step, shuffled, stepsOf, times } from './bodies';

/** Operands that have an inverse modulo 100: a chain of products by them never collapses to 0. */
const INVERTIBLE = [3, 7, 9];
/** The ladder's operands. */
const LOWEST = 2;
const HIGHEST = 9;

/** What all six share. A guesser chooses among two digits; one answer said throughout is right 3 times of 60. */
const ACCUMULATED = { family: ARITHMETIC, wellFormed: (): number => 100, mostAlike: 3 };

const head = (value: number): number[] => [digit(Math.floor(value / 10)), digit(value % 10)];
const anyHead = (stream: Stream): number[] => head(stream.integer(0, 99));
const anyOperand = (stream: Stream): number => digit(stream.integer(LOWEST, HIGHEST));
const sumOrDifference = (stream: Stream): number => (stream.chance(0.5) ? PLUS : MINUS);

interface Done {
  operation: number;
  operand: number;
  before: number;
}

/** The steps with the accumulator each works on. */
function doneSteps(body: readonly number[]): Done[] {
  let value = 10 * digitValue(body[0]) + digitValue(body[1]);
  return stepsOf(body).map(([operation, token]) => {
    const step = { operation, operand: digitValue(token), before: value };
    value = applyOperation(operation, value, step.operand);
    return step;
  });
}

const carries = ({ operation, operand, before }: Done): boolean =>
  operation === PLUS && (before % 10) + operand > 9;
const borrows = ({ operation, operand, before }: Done): boolean =>
  operation === MINUS && before % 10 < operand;
const wraps = ({ operation, operand, before }: Done): boolean =>
  operation === PLUS ? before + operand > 99 : operation === MINUS && before < operand;

/** A body whose operands are drawn among those that cross the ten, step by step; undefined at a dead end. */
function crossing(stream: Stream, size: number, operation: number): number[] | undefined {
  const start = stream.integer(0, 99);
  const steps: Step[] = [];
  for (let value = start; steps.length < size; ) {
    const units = value % 10;
    const low = Math.max(LOWEST, operation === PLUS ? 10 - units : units + 1);
    if (low > HIGHEST) return undefined;
    const operand = stream.integer(low, HIGHEST);
    steps.push([operation, digit(operand)]);
    value = applyOperation(operation, value, operand);
  }
  return bodyOf(head(start), steps);
}

const isInverse = (a: Step, b: Step): boolean => a[1] === b[1] && a[0] !== b[0];

export const MATHEMATICS: readonly BenchmarkSpec[] = [
  {
    ...ACCUMULATED,
    name: 'carry-chains',
    label: 'Carry chains',
    describes: 'Three to five sums, every one of which carries.',
    analogue: 'MATH500',
    sizes: [3, 4, 5],
    draw: (stream, size) => crossing(stream, size, PLUS),
    holds: (body) => doneSteps(body).every(carries),
  },
  {
    ...ACCUMULATED,
    name: 'borrow-chains',
    label: 'Borrow chains',
    describes: 'Three to five differences, every one of which borrows.',
    analogue: 'AMC23',
    sizes: [3, 4, 5],
    draw: (stream, size) => crossing(stream, size, MINUS),
    holds: (body) => doneSteps(body).every(borrows),
  },
  {
    ...ACCUMULATED,
    name: 'wrap-around',
    label: 'Past the end and back',
    describes: 'Four to six sums and differences of which at least two pass between 99 and 00.',
    analogue: 'Minerva Math',
    sizes: [4, 5, 6],
    draw: (stream, size) =>
      bodyOf(
        // From near the end: from the middle hardly a draw would pass it twice.
        head((100 + stream.integer(-HIGHEST, HIGHEST)) % 100),
        times(size, () => [sumOrDifference(stream), anyOperand(stream)]),
      ),
    holds: (body) =>
      [PLUS, MINUS].every((operation) => body.includes(operation)) &&
      doneSteps(body).filter(wraps).length >= 2,
  },
  {
    ...ACCUMULATED,
    name: 'cancelling-pairs',
    label: 'Cancelling pairs',
    describes:
      'Seven sums and differences in mixed order: three pairs that cancel, and one step that counts.',
    analogue: 'OlympiadBench',
    sizes: [7],
    draw(stream) {
      const [odd, ...paired] = shuffled(
        stream,
        times(HIGHEST - LOWEST + 1, (i) => digit(i + LOWEST)),
      ).slice(0, 4);
      const pairs = paired.flatMap((operand): Step[] => [
        [PLUS, operand],
        [MINUS, operand],
      ]);
      return bodyOf(anyHead(stream), shuffled(stream, [...pairs, [sumOrDifference(stream), odd]]));
    },
    holds: (body) => {
      const steps = stepsOf(body);
      return steps.filter((step) => !steps.some((other) => isInverse(step, other))).length === 1;
    },
  },
  {
    ...ACCUMULATED,
    name: 'alternating-products',
    label: 'Products by turns',
    describes: 'Five to seven steps, by turns a product and a sum or difference, so three or four products.',
    analogue: 'AIME24',
    sizes: [5, 6, 7],
    draw: (stream, size) =>
      bodyOf(
        anyHead(stream),
        times(size, (i) => [i % 2 === 0 ? TIMES : sumOrDifference(stream), anyOperand(stream)]),
      ),
    holds: (body) => stepsOf(body).every(([operation], i) => (operation === TIMES) === (i % 2 === 0)),
  },
  {
    ...ACCUMULATED,
    name: 'product-chains',
    label: 'Product chains',
    describes:
      'Four or five products by 3, 7 or 9 and nothing else; in training three products are the most.',
    analogue: 'AIME25',
    sizes: [4, 5],
    draw: (stream, size) =>
      bodyOf(
        anyHead(stream),
        times(size, () => [TIMES, digit(stream.pick(INVERTIBLE))]),
      ),
    // A start that ends in 0 would keep its zero to the end.
    holds: (body) => body[1] !== digit(0) && stepsOf(body).every(([operation]) => operation === TIMES),
  },
];
