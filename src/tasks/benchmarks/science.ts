/**
 * Out of domain: four sets of measurements, chains of maximum, minimum and sum modulo 10. The analogues are
 * those of the MASA authors' evaluation script: ARC-Challenge, SciBench, R-Bench, GPQA-Diamond. Each digit is
 * the answer equally often, so a guess is worth one tenth and a constant answer no more.
 */

import type { Stream } from '../../run/random';
import { EXTREMES } from '../extremes';
import { digit, MAX, MIN, MM, PLUS } from '../tokens';
import type { BenchmarkSpec } from './benchmark-set';
import { bodyOf, type Step, stepsOf, times, valuesOf } from './bodies';

export const DIGITS: readonly number[] = Array.from({ length: 10 }, (_, value) => digit(value));
const extreme = (stream: Stream): number => stream.pick([MAX, MIN]);

/** What all sets of such chains share; the programs of `coding.ts` are some too. */
export const MEASURED = {
  family: EXTREMES,
  wellFormed: (): number => DIGITS.length,
  answers: DIGITS.map((value) => [value]),
};

/** A chain with the operations `operation` gives for each place. */
const measuredChain = (stream: Stream, size: number, operation: (i: number) => number): number[] =>
  bodyOf(
    [MM, stream.pick(DIGITS)],
    times(size, (i) => [operation(i), stream.pick(DIGITS)]),
  );

const operationsOf = (body: readonly number[]): number[] => stepsOf(body).map(([operation]) => operation);

/** The steps say the same over and over, every `period`. */
export const repeats = (body: readonly number[], period: number): boolean =>
  stepsOf(body).every(([operation, operand], i, steps) => {
    const before = steps[i - period] ?? steps[i];
    return before[0] === operation && before[1] === operand;
  });

/** A chain that is grown by steps of any kind, those passed over that would leave the value as it is. */
function busyChain(stream: Stream, size: number): number[] {
  let value = stream.pick(DIGITS);
  const start = value;
  const steps: Step[] = [];
  while (steps.length < size) {
    const step: Step = [stream.pick([MAX, MIN, PLUS]), stream.pick(DIGITS)];
    const [next] = EXTREMES.solve(bodyOf([MM, value], [step]));
    if (next !== value) steps.push(step);
    value = next;
  }
  return bodyOf([MM, start], steps);
}

export const SCIENCE: readonly BenchmarkSpec[] = [
  {
    ...MEASURED,
    name: 'extremes-only',
    label: 'Highest and lowest',
    describes: 'Four to seven maxima and minima, both present, and no sum.',
    analogue: 'ARC-Challenge',
    sizes: [4, 5, 6, 7],
    draw: (stream, size) => measuredChain(stream, size, () => extreme(stream)),
    holds: (body) => body.includes(MAX) && body.includes(MIN) && !body.includes(PLUS),
  },
  {
    ...MEASURED,
    name: 'running-sums',
    label: 'Running sums',
    describes: 'Four to seven sums modulo 10 and nothing else.',
    analogue: 'SciBench',
    sizes: [4, 5, 6, 7],
    draw: (stream, size) => measuredChain(stream, size, () => PLUS),
    holds: (body) => operationsOf(body).every((operation) => operation === PLUS),
  },
  {
    ...MEASURED,
    name: 'clamped-sums',
    label: 'Clamped sums',
    describes: 'Five or seven steps, by turns a sum and a maximum or minimum that holds it in bounds.',
    analogue: 'R-Bench',
    sizes: [5, 7],
    draw: (stream, size) => measuredChain(stream, size, (i) => (i % 2 === 0 ? PLUS : extreme(stream))),
    holds: (body) => operationsOf(body).every((operation, i) => (operation === PLUS) === (i % 2 === 0)),
  },
  {
    ...MEASURED,
    name: 'no-idle-step',
    label: 'No idle step',
    describes: 'Six steps of all three kinds, without a pattern, each of which changes the value.',
    analogue: 'GPQA-Diamond',
    sizes: [6],
    draw: busyChain,
    holds: (body) =>
      [MAX, MIN, PLUS].every((operation) => body.includes(operation)) &&
      ![1, 2, 3].some((period) => repeats(body, period)) &&
      valuesOf(EXTREMES, body).every(([value], i, values) => i === 0 || value !== values[i - 1][0]),
  },
];
