/**
 * Dynamic sampling: which groups of a step are trained on, and how many more prompts are to be rolled out first. Pure:
 * the same groups give the same plan, and no plan leaves a step empty. `step/dynamic-sampling.ts` carries it out.
 *
 * The first round rolls out as many prompts as the step wants; each further one as many as are still missing, so that
 * no group with something to teach is ever thrown away. (DAPO's own code generates whole batches and drops what is too
 * much, which costs more tokens for the same step.) Source: DAPO, arXiv 2503.14476, section 3.2.
 */

export interface SamplingSettings {
  /** Groups the step is to be filled with. */
  prompts: number;
  /** Rounds of rollouts at most, the first among them. */
  rounds: number;
}

export interface SamplingPlan {
  done: true;
  /** Groups to train on, by their number, rising: at least 1, at most `prompts`. */
  kept: number[];
  /** The others. */
  discarded: number[];
  /** [rounds] groups that each round rolled out. */
  drawn: number[];
  /** Why the step is not full; empty when it is. */
  reason: string;
}

/** More groups are needed before there is a plan. */
export interface SamplingDraw {
  done: false;
  /** How many, at least 1. */
  draw: number;
}

/**
 * @param informative [groups] whether the rewards of a group differ, in the order in which the groups were drawn.
 * @throws Error naming the setting that makes an empty or endless step possible.
 */
export function planSampling(
  informative: readonly boolean[],
  { prompts, rounds }: SamplingSettings,
): SamplingPlan | SamplingDraw {
  for (const [name, value] of Object.entries({ prompts, rounds }))
    if (!Number.isInteger(value) || value < 1)
      throw new Error(`planSampling: ${name}: expected 1 or more, got ${value}`);
  // The rounds so far follow from the groups alone: each drew what was missing when it began.
  const drawn: number[] = [];
  let rolledOut = 0;
  let missing = prompts;
  while (missing > 0 && drawn.length < rounds) {
    if (informative.length < rolledOut + missing)
      return { done: false, draw: rolledOut + missing - informative.length };
    drawn.push(missing);
    rolledOut += missing;
    missing = prompts - informative.slice(0, rolledOut).filter(Boolean).length;
  }
  if (informative.length > rolledOut)
    throw new Error(`planSampling: expected ${rolledOut} groups, got ${informative.length}`);
  const teaching = prompts - missing;
  const numbers = informative.map((_, i) => i);
  // With nothing to teach the step is what it would be without dynamic sampling: its first batch.
  const isKept = (i: number) => (teaching === 0 ? i < prompts : informative[i]);
  return {
    done: true,
    kept: numbers.filter(isKept),
    discarded: numbers.filter((i) => !isKept(i)),
    drawn,
    reason: explain(teaching, prompts, rounds),
  };
}

function explain(teaching: number, prompts: number, rounds: number): string {
  if (teaching === prompts) return '';
  const spent = `after ${rounds} ${rounds === 1 ? 'round' : 'rounds'}`;
  return teaching === 0
    ? `${spent} no group has rewards that differ, so the first batch is kept as it is`
    : `${spent} ${teaching} of ${prompts} groups have rewards that differ; the step goes on with these`;
}
