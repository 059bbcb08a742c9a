import { expect, it } from 'vitest';
import { type Candidate, interleave, now, ratio } from './measure';

/** Writes down its turns; takes as long as it says it does by `known`. */
function candidate(name: string, seconds: number, turns: string[]): Candidate {
  return {
    name,
    known: seconds,
    async run(units) {
      turns.push(`${name} ${units}`);
    },
  };
}

it('lets all take turns, the order turned round, in rounds of a fair stretch of time', async () => {
  const turns: string[] = [];
  const timed = await interleave([candidate('a', 0.1, turns), candidate('b', 0.5, turns)], {
    rounds: 3,
    seconds: 0.4,
    mostUnits: 8,
    mostSeconds: 60,
  });
  expect(turns).toEqual(['a 4', 'b 1', 'b 1', 'a 4', 'a 4', 'b 1']);
  expect([...timed].map(([name, { rounds, all }]) => [name, rounds, all.length])).toEqual([
    ['a', 3, 3],
    ['b', 3, 3],
  ]);
});

it('leaves out rounds of who is slow, down to one, and none of the others for it', async () => {
  const turns: string[] = [];
  const all = [candidate('quick', 1, turns), candidate('slow', 20, turns), candidate('slower', 90, turns)];
  const timed = await interleave(all, { rounds: 5, seconds: 1, mostUnits: 8, mostSeconds: 140 });
  // 5 + 20 + 20 + 90 seconds.
  expect([...timed.values()].map(({ rounds }) => rounds)).toEqual([5, 2, 1]);
  expect(turns.slice(0, 5)).toEqual(['quick 1', 'slow 1', 'slower 1', 'slow 1', 'quick 1']);
});

it('rests before every turn', async () => {
  const ends: number[] = [];
  const rests: number[] = [];
  const each = (name: string): Candidate => ({
    name,
    known: 1,
    async run() {
      rests.push(now() - (ends.at(-1) ?? 0));
      ends.push(now());
    },
  });
  await interleave([each('a'), each('b')], { rounds: 2, seconds: 1, mostUnits: 1, mostSeconds: 60 });
  // A timer may be a millisecond early.
  expect(Math.min(...rests)).toBeGreaterThan(0.05);
});

it('compares rounds that both took part in', () => {
  expect(ratio([1, 2, 1, 1], [3, 6])).toBe(3);
});
