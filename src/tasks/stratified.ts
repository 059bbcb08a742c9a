/**
 * Whose turn it is when tiers of unequal shares go round: so that every run of a suite's problems has the tiers
 * as near to their shares as whole problems can be. Used by the suites of the long tail; where tiers have equal
 * turns, `suiteProblem` of `family.ts` does.
 */

import { Purpose, Stream } from '../run/random';
import { drawBody, type Family, problemOf, type Tier } from './family';
import type { Problem } from './task';

/** A place in a round: the tier, and how many problems of it came before in the round. */
interface Turn {
  tier: Tier;
  before: number;
}

/**
 * One round of `length` turns in which every tier has its share: each turn goes to the tier that is furthest
 * behind, the first of those where several are.
 * @throws Error unless every share is a whole number of turns.
 */
export function roundOf(tiers: readonly Tier[], length: number): Turn[] {
  for (const { name, share } of tiers)
    if (Math.abs(share * length - Math.round(share * length)) > 1e-9)
      throw new Error(
        `roundOf: expected shares that are whole numbers of ${length} turns, got ${share} of ${name}`,
      );
  const had = tiers.map(() => 0);
  return Array.from({ length }, (_, turn) => {
    const behind = tiers.map(({ share }, i) => Math.round(share * length) * (turn + 1) - had[i] * length);
    const next = behind.indexOf(Math.max(...behind));
    return { tier: tiers[next], before: had[next]++ };
  });
}

/**
 * The `index`-th held-out problem of a suite over one family whose tiers go round in `turns`, and in each tier the
 * sizes; what is drawn is a pure function of (seed, suite, index).
 */
export function stratifiedProblem(
  family: Family,
  turns: readonly Turn[],
  suite: number,
  seed: number,
  index: number,
): Problem {
  const { tier, before } = turns[index % turns.length];
  const inRound = turns.filter((turn) => turn.tier === tier).length;
  const inTier = Math.floor(index / turns.length) * inRound + before;
  const size = tier.sizes[inTier % tier.sizes.length];
  const stream = new Stream(seed, Purpose.heldOutProblem, index, suite);
  return problemOf(family, tier, size, drawBody(family, stream, 'held-out', tier, size));
}
