import { expect, it } from 'vitest';
import { Standings } from './standings';
import type { Family } from './variants';

const family = (operation: string, variants: readonly string[], kin?: string): Family => ({
  key: `${operation} of ${variants.length}`,
  operation,
  variants,
  kin,
  prepare: () => {
    throw new Error('nothing is measured here');
  },
});

const times = (entries: Record<string, number>) => new Map(Object.entries(entries));

it('takes the one that mostly wins where there is little between them', () => {
  const standings = new Standings();
  const sum = family('sum', ['plain', 'eight', 'tile']);
  expect(standings.choose(sum, times({ plain: 2, eight: 1, tile: 1.05 }))).toBe('eight');
  standings.won('sum', 'tile');
  expect(standings.choose(sum, times({ plain: 2, eight: 1, tile: 1.05 }))).toBe('tile');
  expect(standings.choose(sum, times({ plain: 2, eight: 1, tile: 1.2 }))).toBe('eight');
  // Another operation has another.
  expect(standings.choose(family('norm', ['plain', 'tile']), times({ plain: 1, tile: 1.05 }))).toBe('plain');
});

it('does not try again in the operation’s kin what is far behind, or was never to be had', () => {
  const standings = new Standings();
  const sum = family('sum', ['plain', 'eight', 'tile', 'broken'], 'product');
  standings.leaveOut(sum, 'broken');
  standings.add(sum, times({ plain: 3, eight: 1, tile: 1.5 }));
  const alike = family('sum', ['plain', 'eight', 'tile', 'broken', 'new'], 'product');
  // The first is always there to compare with; of what was never measured the operation's first family decides.
  expect(standings.tried(alike)).toEqual(['plain', 'eight', 'tile']);
  expect(standings.worthTrying(family('difference', ['other', 'plain'], 'product'), 'plain')).toBe(false);
});

it('holds a family for settled when all that is worth trying was measured', () => {
  const standings = new Standings();
  const sum = family('sum', ['plain', 'eight', 'tile', 'broken']);
  expect(standings.isSettled(sum, times({ plain: 2, eight: 1 }))).toBe(false);
  standings.leaveOut(sum, 'broken');
  expect(standings.isSettled(sum, times({ plain: 2, eight: 1, tile: 1 }))).toBe(true);
  standings.add(sum, times({ plain: 2, eight: 1, tile: 3 }));
  expect(standings.isSettled(sum, times({ plain: 2, eight: 1 }))).toBe(true);
});
