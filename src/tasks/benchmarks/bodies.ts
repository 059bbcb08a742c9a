/**
 * Bodies of labelled steps, taken apart and put together: `head head L0 op v L1 op v ...`, which is how both the
 * ladder's arithmetic and the one-token chains are stated. Used by the benchmark sets only.
 */

import type { Stream } from '../../run/random';
import type { Family } from '../family';
import { label } from '../tokens';

const HEAD = 2;
const STEP = 3;

/** An operation and its operand. */
export type Step = readonly [operation: number, operand: number];

export function bodyOf(head: readonly number[], steps: readonly Step[]): number[] {
  return [...head, ...steps.flatMap(([operation, operand], i) => [label(i), operation, operand])];
}

export const stepsOf = (body: readonly number[]): Step[] =>
  Array.from({ length: (body.length - HEAD) / STEP }, (_, i) => [
    body[HEAD + STEP * i + 1],
    body[HEAD + STEP * i + 2],
  ]);

/** What is held before the first step and after each, as the family writes answers: one entry more than steps. */
export const valuesOf = (family: Family, body: readonly number[]): number[][] =>
  Array.from({ length: (body.length - HEAD) / STEP + 1 }, (_, done) =>
    family.solve(body.slice(0, HEAD + STEP * done)),
  );

/** The items in random order, every order as likely (Fisher and Yates). */
export function shuffled<T>(stream: Stream, items: readonly T[]): T[] {
  const left = [...items];
  for (let i = left.length - 1; i > 0; i--) {
    const j = stream.integer(0, i);
    [left[i], left[j]] = [left[j], left[i]];
  }
  return left;
}

/** `count` draws one after the other. */
export const times = <T>(count: number, draw: (i: number) => T): T[] =>
  Array.from({ length: count }, (_, i) => draw(i));
