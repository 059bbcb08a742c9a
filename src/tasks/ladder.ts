/**
 * The task `ladder`, the first regime: the policy is trained on the two-digit accumulator in four tiers, from
 * easy to unsolvable, and evaluated on held-out problems of it and of three families it is never trained on.
 */

import { ARITHMETIC } from './arithmetic-family';
import { BENCHMARKS } from './benchmarks';
import { BOOLEAN } from './boolean';
import { EXTREMES } from './extremes';
import { type Family, suiteProblem, trainProblemOf } from './family';
import { LADDER_META, MAX_NOTIONS } from './meta';
import { SORTING } from './sorting';
import type { Task } from './task';
import { verify } from './verify';
import { LADDER_VOCABULARY } from './vocabulary';
import { MAX_COMPLETION } from './writers';

export { hintPrompt, MAX_NOTIONS, metaPrompt } from './meta';

/** In the base model's corpus and the out-of-domain suite, never in reinforcement learning. */
export const OUT_OF_DOMAIN: readonly Family[] = [BOOLEAN, EXTREMES, SORTING];

/** Longest body, seven operations on two digits, between BOS and HINT, notions, SOL. */
const MAX_PROMPT = 1 + (2 + 3 * 7) + 1 + MAX_NOTIONS + 1;

export const LADDER: Task = {
  name: 'ladder',
  vocabulary: LADDER_VOCABULARY,
  trainProblem: (seed, step, index) => trainProblemOf(ARITHMETIC, seed, step, index),
  suites: [
    {
      name: 'in-domain',
      label: 'In domain',
      problem: (seed, index) => suiteProblem([ARITHMETIC], 0, seed, index),
    },
    {
      name: 'out-of-domain',
      label: 'Out of domain',
      problem: (seed, index) => suiteProblem(OUT_OF_DOMAIN, 1, seed, index),
    },
  ],
  benchmarks: BENCHMARKS,
  verify,
  maxPromptLength: MAX_PROMPT,
  maxCompletionLength: MAX_COMPLETION,
  meta: LADDER_META,
};
