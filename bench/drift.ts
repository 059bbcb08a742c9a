/**
 * Whether steps become longer as they go on, on a machine that interrupts them: what else it does makes single steps
 * longer, up to several times as long, and none shorter. So the least is looked at, of steps of equal work. Knows
 * nothing of what the steps are. Used by steady.ts.
 */
import { Purpose, Stream } from '../src/run/random';
import { median, quantile } from './measure';

export interface Drift {
  /** How much longer a step takes after all of the steps than before them, relatively. */
  drift: number;
  /** What steps in any other order would give, up to this in 95 of 100 orders: nothing smaller is told from chance. */
  chance: number;
}

const SHUFFLES = 400;

/**
 * Steps go round in a circle of `period` that are each of their own work. Of each the least time of the second half of
 * the rounds is put over that of the first; of these ratios the median counts. The middles of the halves are half of
 * the steps apart, so the whole is twice of that. Chance is what this gives when the rounds are shuffled.
 */
export function driftOf(times: readonly number[], period: number): Drift {
  const count = Math.floor(times.length / period);
  if (count < 2)
    throw new Error(`driftOf: expected two rounds of ${period} steps, got ${times.length} steps`);
  const rounds = Array.from({ length: count }, (_, r) => times.slice(r * period, (r + 1) * period));
  const random = new Stream(1, Purpose.bootstrap);
  const others = Array.from({ length: SHUFFLES }, () => Math.abs(between(shuffled(rounds, random))));
  return { drift: between(rounds), chance: quantile(others, 0.95) };
}

function between(rounds: readonly (readonly number[])[]): number {
  const half = Math.floor(rounds.length / 2);
  const least = (of: readonly (readonly number[])[], place: number) =>
    of.reduce((least, round) => Math.min(least, round[place]), Number.POSITIVE_INFINITY);
  const ratios = rounds[0].map((_, p) => least(rounds.slice(-half), p) / least(rounds.slice(0, half), p));
  return 2 * (median(ratios) - 1);
}

function shuffled<T>(values: readonly T[], random: Stream): T[] {
  const all = [...values];
  for (let i = all.length - 1; i > 0; i--) {
    const j = random.integer(0, i);
    [all[i], all[j]] = [all[j], all[i]];
  }
  return all;
}
