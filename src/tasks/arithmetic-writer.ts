/**
 * Written-out solutions of the arithmetic of the accumulator, as careful and sloppy writers write them for the base
 * model's corpus. The operand is echoed in every step: a small model does not learn the steps without it.
 *
 *   step                `Li op d [CARRY | BORROW] t u`
 *   multiplication      `Li * d SPLIT p q r t u` with care (pq = units x d, r = tens x d mod 10), else `Li * d t u`
 *   two steps at once   `SKIP Li+1 op d t u`
 *   trying again        `WAIT` and the step
 *   end                 `ANS t u EOS`, whatever the accumulator holds
 *   track lost          `WAIT Li op d t u` again and again until the limit, without an end
 */

import type { Stream } from '../run/random';
import { applyOperation, finalValue, operandAt, operationAt, startOf, stepsOf } from './arithmetic';
import { ANS, BORROW, CARRY, digit, EOS, label, PLUS, POWER, SKIP, SPLIT, TIMES, WAIT } from './tokens';
import { retry, SKIP_RIGHT, SKIP_TWO, SLIP, type Writer } from './writers';

const DIRECT_RIGHT = 0.3;
const DROP_CARRY = 0.6;
const SLOPPY_SLIP = 0.05;

/** Tokens of a step at most. */
const costOf = (operation: number): number => (operation === TIMES ? 9 : operation === POWER ? 5 : 6);
const ANSWER_COST = 4;

const pushValue = (out: number[], value: number): number =>
  out.push(digit(Math.floor(value / 10)), digit(value % 10));

/** Another tens digit, each of the nine as likely. */
const otherTens = (stream: Stream, value: number): number => (value + 10 * stream.integer(1, 9)) % 100;

/** One digit wrong, the tens or the units. */
function slip(stream: Stream, value: number): number {
  if (stream.chance(0.5)) return otherTens(stream, value);
  return value - (value % 10) + ((value + stream.integer(1, 9)) % 10);
}

/** A random accumulator that is neither of two values. */
function otherValue(stream: Stream, value: number, other: number): number {
  for (;;) {
    const drawn = stream.integer(0, 99);
    if (drawn !== value && drawn !== other) return drawn;
  }
}

/** Whether units and operand of a sum or difference cross a ten. */
const crossesTen = (operation: number, before: number, operand: number): boolean =>
  operation === PLUS ? (before % 10) + operand > 9 : before % 10 < operand;

/** Writes a sum or difference; the notion is left out when the carry was. */
function writeSum(
  out: number[],
  i: number,
  operation: number,
  operand: number,
  shown: number,
  noted: boolean,
) {
  out.push(label(i), operation, digit(operand));
  if (noted) out.push(operation === PLUS ? CARRY : BORROW);
  pushValue(out, shown);
}

/** Writes a multiplication with its partial products. */
function writeSplit(out: number[], i: number, before: number, operand: number, shown: number) {
  out.push(label(i), TIMES, digit(operand), SPLIT);
  pushValue(out, (before % 10) * operand);
  out.push(digit((Math.floor(before / 10) * operand) % 10));
  pushValue(out, shown);
}

function writeDirect(out: number[], i: number, operation: number, operand: number, shown: number) {
  out.push(label(i), operation, digit(operand));
  pushValue(out, shown);
}

/**
 * The step whose value was lost, with any value but the right one, again and again until the limit cuts it off:
 * what is written before the cut says neither answer nor EOS.
 */
function loseTrack(
  out: number[],
  i: number,
  operation: number,
  operand: number,
  right: number,
  limit: number,
  stream: Stream,
): number[] {
  while (out.length < limit) {
    writeDirect(out, i, operation, operand, otherValue(stream, right, right));
    out.push(WAIT);
  }
  return out.slice(0, limit);
}

/** The whole solution of a body: at most the writer's limit of tokens, EOS included unless they lose track. */
export function writeArithmetic(body: readonly number[], writer: Writer, stream: Stream): number[] {
  const out: number[] = [];
  const steps = stepsOf(body);
  let reserve = ANSWER_COST;
  for (let i = 0; i < steps; i++) reserve += costOf(operationAt(body, i));
  const answer = finalValue(body);
  let value = startOf(body);
  const lostAt = writer.losesTrack ? stream.integer(0, steps - 1) : steps;

  for (let i = 0; i < steps; i++) {
    const operation = operationAt(body, i);
    const operand = operandAt(body, i);
    const before = value;
    const right = applyOperation(operation, before, operand);
    if (i === lostAt) return loseTrack(out, i, operation, operand, right, writer.limit, stream);
    const crosses = operation !== TIMES && operation !== POWER && crossesTen(operation, before, operand);
    reserve -= costOf(operation);

    const writeStep = (isRight: boolean, careful: boolean): void => {
      if (operation === POWER) {
        // Never right: neither for the accumulator held nor, by luck after an error, for the problem.
        value = otherValue(stream, right, answer);
        writeDirect(out, i, operation, operand, value);
      } else if (operation === TIMES) {
        value = isRight ? right : otherTens(stream, right);
        if (careful) writeSplit(out, i, before, operand, value);
        else writeDirect(out, i, operation, operand, value);
      } else {
        value = isRight ? right : slip(stream, right);
        writeSum(out, i, operation, operand, value, crosses);
      }
    };
    const writeWithoutCarry = (): void => {
      value = (operation === PLUS ? right + 90 : right + 10) % 100;
      writeSum(out, i, operation, operand, value, false);
    };
    const redo = (isRight: boolean): void => {
      if (!isRight && crosses && stream.chance(DROP_CARRY)) writeWithoutCarry();
      else writeStep(isRight, isRight);
    };
    const tryAgain = (): void => {
      if (value !== right)
        retry(out, stream, 1 + costOf(operation), writer.limit - reserve, operation !== POWER, redo);
    };

    if (operation === POWER) {
      writeStep(false, false);
      tryAgain();
      continue;
    }
    if (writer.flawless || stream.chance(writer.carefulness)) {
      writeStep(writer.flawless || !stream.chance(SLIP), true);
      tryAgain();
      continue;
    }

    const canSkip = i + 1 < steps && i + 1 !== lostAt && operationAt(body, i + 1) !== POWER;
    if (canSkip && stream.chance(SKIP_TWO)) {
      const next = operationAt(body, i + 1);
      const target = applyOperation(next, right, operandAt(body, i + 1));
      const shown = stream.chance(SKIP_RIGHT) ? target : otherValue(stream, target, target);
      out.push(SKIP);
      writeDirect(out, i + 1, next, operandAt(body, i + 1), shown);
      const length = out.length;
      value = shown;
      // Whoever notices goes back to the first of the two, and then does the second on its own.
      if (shown !== target) retry(out, stream, 1 + costOf(operation), writer.limit - reserve, true, redo);
      if (out.length === length) {
        reserve -= costOf(next);
        i++;
      }
      continue;
    }

    if (operation === TIMES) writeStep(stream.chance(DIRECT_RIGHT), false);
    else if (crosses && stream.chance(DROP_CARRY)) writeWithoutCarry();
    else writeStep(!stream.chance(SLOPPY_SLIP), false);
    tryAgain();
  }
  out.push(ANS);
  pushValue(out, value);
  out.push(EOS);
  return out;
}
