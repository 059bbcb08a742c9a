/**
 * What a task is to the rest of the lab. A task knows problems, tokens and verifiers; it knows no GPU.
 */

import type { Score } from '../run/events';
import type { MetaTask } from './meta';

/** A problem as it is put to the policy. Tokens are ids of the task's vocabulary. */
export interface Problem {
  /** Stable identity: two problems with one key are the same problem. Used to keep sets disjoint. */
  key: string;
  family: string;
  /** Difficulty inside the family. */
  tier: string;
  /** Number of operations, or what counts as size in the family. */
  size: number;
  /** Tokens of the solution prompt, from BOS to SOL. */
  prompt: number[];
  /** Tokens of the right answer, between ANS and EOS. */
  answer: number[];
}

/** Where a problem comes from. Sets of one task never share a problem. */
export type Split = 'train' | 'held-out';

/** A named set of problems for evaluation, e.g. `in-domain` or `out-of-domain`. */
export interface Suite {
  name: string;
  label: string;
  /** The `index`-th held-out problem, a pure function of (seed, index). */
  problem(seed: number, index: number): Problem;
}

/** The four fields the benchmark sets come from; mathematics is what the policy is trained in. */
export const BENCHMARK_GROUPS = ['mathematics', 'logic', 'science', 'coding'] as const;

/** A fixed list of problems of one structure, never trained on. */
export interface Benchmark {
  readonly name: string;
  readonly label: string;
  readonly group: (typeof BENCHMARK_GROUPS)[number];
  readonly domain: 'in-domain' | 'out-of-domain';
  /** What its problems are, in one sentence. */
  readonly describes: string;
  /** The public set whose place it takes. */
  readonly analogue: string;
  /** Problems in the list. */
  readonly size: number;
  /** Probability that an answer is right which is drawn uniformly from those of the form asked for, 0-1. */
  readonly randomGuess: number;
  /** mean@8 of the shipped base model at temperature 1; absent where it was not measured. */
  readonly baseScore?: Score;
  /** The `index`-th problem, always the same; @throws Error outside 0 to size - 1. */
  problem(index: number): Problem;
}

export interface Vocabulary {
  /** Text of each id as a person would write it; index is the id. */
  readonly tokens: readonly string[];
  /** Rows of the embedding table: `tokens.length` rounded up. */
  readonly tableSize: number;
  readonly pad: number;
  readonly bos: number;
  readonly eos: number;
  /** All tokens that end a completion, `eos` among them; absent where it is the only one. */
  readonly ends?: readonly number[];
  /** Ids of a text of vocabulary words parted by spaces; @throws Error naming the first word that is not in it. */
  encode(text: string): number[];
  /** Words parted by spaces: the exact inverse of `encode`. */
  decode(ids: readonly number[]): string;
  /**
   * The tokens as a person would write them: `47 + 8 = 55, carry 1`. `after` is what comes before them, a
   * completion's prompt say; it is not written out, but tells what the first step works on. Never throws.
   */
  readable(ids: readonly number[], after?: readonly number[]): string;
}

export interface Task {
  readonly name: string;
  readonly vocabulary: Vocabulary;
  /** The `index`-th training problem of (seed, step): a pure function, so resuming needs no cursor. */
  trainProblem(seed: number, step: number, index: number): Problem;
  readonly suites: readonly Suite[];
  /** Sets to report on, like a paper's table; a run's own evaluations are on the suites. */
  readonly benchmarks: readonly Benchmark[];
  /** 1 when the completion ends in exactly `ANS answer EOS`, else 0. Never throws. */
  verify(problem: Problem, completion: readonly number[]): number;
  /** Longest prompt the task can make, in tokens. */
  readonly maxPromptLength: number;
  /** New tokens that every right solution in the taught format fits in: the usual limit of a rollout. */
  readonly maxCompletionLength: number;
  /** How the policy is asked to predict its own rollouts; absent where the task has no way to ask. */
  readonly meta?: MetaTask;
  /** How it is put to a model of another vocabulary; absent where it speaks its own. */
  readonly speaks?: 'its own words' | 'plain text';
  /** A prompt in the task's own tokens as such a model is asked it; absent where it speaks its own. */
  ask?(prompt: readonly number[]): number[];
}

/** The tokens that a completion of the task ends with: what a sampler stops at. */
export const endsOf = ({ eos, ends }: Vocabulary): readonly number[] => ends ?? [eos];

/** One supervised example: loss on `completion` only. */
export interface Trace {
  /** `family/tier` of the problem behind it, or `meta/...` */
  kind: string;
  prompt: number[];
  completion: number[];
}
