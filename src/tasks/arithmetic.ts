/**
 * The arithmetic of the trained families: a two-digit accumulator modulo 100 and k operations with operands 2-9,
 * body `t u L0 op d L1 op d ...`. Reading bodies and computing with them; drawing them is `arithmetic-family.ts`
 * for the ladder and `long-tail-family.ts`, writing solutions out `arithmetic-writer.ts`.
 */
import { digitValue, MINUS, PLUS, TIMES } from './tokens';

/** `a ^ n mod 100` without leaving the exact integers. */
function power(a: number, n: number): number {
  let value = 1;
  for (let i = 0; i < n; i++) value = (value * a) % 100;
  return value;
}

/** The accumulator (0-99) after one operation. `^` raises the accumulator to the operand. */
export function applyOperation(operation: number, value: number, operand: number): number {
  if (operation === PLUS) return (value + operand) % 100;
  if (operation === MINUS) return (value - operand + 100) % 100;
  if (operation === TIMES) return (value * operand) % 100;
  return power(value, operand);
}

export const stepsOf = (body: readonly number[]): number => (body.length - 2) / 3;
export const startOf = (body: readonly number[]): number => 10 * digitValue(body[0]) + digitValue(body[1]);
export const operationAt = (body: readonly number[], step: number): number => body[3 * step + 3];
export const operandAt = (body: readonly number[], step: number): number => digitValue(body[3 * step + 4]);

/** The accumulator after the whole body. */
export function finalValue(body: readonly number[]): number {
  let value = startOf(body);
  const steps = stepsOf(body);
  for (let i = 0; i < steps; i++) value = applyOperation(operationAt(body, i), value, operandAt(body, i));
  return value;
}
