/**
 * The task `ladder`, the first regime: the policy is trained on the two-digit accumulator in four tiers, from
 * easy to unsolvable, and evaluated on held-out problems of it and of three families it is never trained on.
 */
import { ARITHMETIC } from './arithmetic-family';
import { BENCHMARKS } from './benchmarks';
import { BOOLEAN } from './boolean';
import { EXTREMES } from './extremes';
import { drawBody, drawTier, type Family, problemOf, suiteProblem } from './family';
import { LADDER_META, MAX_NOTIONS } from './meta';
import { Purpose, Stream } from './random';
import { SORTING } from './sorting';
import type { Problem, Task } from './task';
import { ANS, EOS } from './tokens';
import { LADDER_VOCABULARY } from './vocabulary';

export { hintPrompt, MAX_NOTIONS, metaPrompt } from './meta';

/** In the base model's corpus and the out-of-domain suite, never in reinforcement learning. */
export const OUT_OF_DOMAIN: readonly Family[] = [BOOLEAN, EXTREMES, SORTING];

/** Longest body, seven operations on two digits, between BOS and HINT, notions, SOL. */
const MAX_PROMPT = 1 + (2 + 3 * 7) + 1 + MAX_NOTIONS + 1;

/** 1 when the last tokens are exactly `ANS answer EOS`, else 0. */
function verify(problem: Problem, completion: readonly number[]): number {
  const { answer } = problem;
  const start = completion.length - answer.length - 2;
  if (start < 0 || completion[start] !== ANS || completion[completion.length - 1] !== EOS) return 0;
  return answer.every((token, i) => completion[start + 1 + i] === token) ? 1 : 0;
}

export const LADDER: Task = {
  name: 'ladder',
  vocabulary: LADDER_VOCABULARY,
  trainProblem(seed, step, index) {
    const stream = new Stream(seed, Purpose.trainProblem, step, index);
    const tier = drawTier(ARITHMETIC, stream);
    const size = stream.pick(tier.sizes);
    return problemOf(ARITHMETIC, tier, size, drawBody(ARITHMETIC, stream, 'train', tier, size));
  },
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
  meta: LADDER_META,
};
