import { expect, test } from 'vitest';
import { nextOf, type Standing } from './pace';
import type { Pace } from './setup';

interface Arm extends Standing {
  name: string;
  /** Tokens of a step. */
  costs: number;
  /** Steps it takes. */
  of: number;
}

function order(pace: Pace, arms: { name: string; costs: number; of: number }[]): string {
  const all: Arm[] = arms.map((arm) => ({ ...arm, steps: 0, tokens: 0, isOver: false }));
  let taken = '';
  for (let next = nextOf(all, (arm) => arm, pace); next; next = nextOf(all, (arm) => arm, pace)) {
    next.steps++;
    next.tokens += next.costs;
    next.isOver = next.steps === next.of;
    taken += next.name;
  }
  return taken;
}

test('in step, every arm takes one step in turn; who has no more is passed over', () => {
  const arms = [
    { name: 'a', costs: 10, of: 3 },
    { name: 'b', costs: 1, of: 2 },
    { name: 'c', costs: 5, of: 3 },
  ];
  expect(order('steps', arms)).toBe('abcabcac');
});

test('by tokens, the arm that has generated the fewest is next, so a cheap one takes more steps', () => {
  // a 10, b 4, b 8, b 12, a 20, b 16, b is over, a 30.
  const arms = [
    { name: 'a', costs: 10, of: 3 },
    { name: 'b', costs: 4, of: 4 },
  ];
  expect(order('tokens', arms)).toBe('abbbaba');
});
