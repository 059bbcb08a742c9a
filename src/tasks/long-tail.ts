/**
 * The task `long-tail`, the second regime: in two problems of three the rollouts of a group agree, because
 * everything or nothing is right, and wrong rollouts run long. Whoever knows beforehand which problems those are
 * can save their tokens. Vocabulary, verifier, the families out of domain and the benchmark sets are the ladder's.
 *
 * Meant for groups of 8 rollouts, so that the pass count of a prediction is the number of right rollouts, and for
 * at most `LONG_TAIL_COMPLETION` new tokens.
 */
import { BENCHMARKS } from './benchmarks';
import { suiteProblem, trainProblemOf } from './family';
import { OUT_OF_DOMAIN } from './ladder';
import { HARD, LONG_TAIL_ARITHMETIC, MID } from './long-tail-family';
import { MAX_NOTIONS, type MetaTask, metaTask } from './meta';
import { roundOf, stratifiedProblem } from './stratified';
import type { Benchmark, Task } from './task';
import { verify } from './verify';
import { LADDER_VOCABULARY } from './vocabulary';

/** Most new tokens of a solution: what the corpus is written with, and rollouts are meant for. */
export const LONG_TAIL_COMPLETION = 88;

/** The pass count comes first: it can be read off the meta prompt without a token being sampled before it. */
export const LONG_TAIL_META: MetaTask = metaTask(['pass', 'length', 'notions']);

/** Longest body, nine operations on two digits, between BOS and HINT, notions, SOL. */
const MAX_PROMPT = 1 + (2 + 3 * 9) + 1 + MAX_NOTIONS + 1;

/** 14 trivial, 7 mid, 7 hard and 12 unsolvable problems. */
const ROUND = roundOf(LONG_TAIL_ARITHMETIC.tiers, 40);

/** Where something can be learned; a comparison of methods reads its accuracy here. */
const INFORMATIVE = { ...LONG_TAIL_ARITHMETIC, tiers: [MID, HARD] };

/** A set without its base score, which is that of the ladder's base model. */
const unmeasured = (set: Benchmark): Benchmark => {
  const { name, label, group, domain, describes, analogue, size } = set;
  return {
    ...{ name, label, group, domain, describes, analogue, size },
    get randomGuess() {
      return set.randomGuess;
    },
    problem: (index) => set.problem(index),
  };
};

export const LONG_TAIL: Task = {
  name: 'long-tail',
  vocabulary: LADDER_VOCABULARY,
  trainProblem: (seed, step, index) => trainProblemOf(LONG_TAIL_ARITHMETIC, seed, step, index),
  suites: [
    {
      name: 'in-domain',
      label: 'In domain',
      problem: (seed, index) => stratifiedProblem(LONG_TAIL_ARITHMETIC, ROUND, 0, seed, index),
    },
    {
      name: 'out-of-domain',
      label: 'Out of domain',
      problem: (seed, index) => suiteProblem(OUT_OF_DOMAIN, 1, seed, index),
    },
    {
      name: 'mid-hard',
      label: 'Mid and hard',
      problem: (seed, index) => suiteProblem([INFORMATIVE], 2, seed, index),
    },
  ],
  benchmarks: BENCHMARKS.map(unmeasured),
  verify,
  maxPromptLength: MAX_PROMPT,
  maxCompletionLength: LONG_TAIL_COMPLETION,
  meta: LONG_TAIL_META,
};
