/**
 * The base models' corpora: solutions by writers of mixed care, and predictions by a weak annotator. Every trace
 * is a pure function of (task, seed, index, phase), and every problem in it is of the train split, out-of-domain
 * families included. Used by the pretrainer; nothing of it is seen in reinforcement learning.
 */

import { Purpose, Stream } from '../run/random';
import { ARITHMETIC } from './arithmetic-family';
import {
  drawBody,
  drawTier,
  type Family,
  hintBodyPrompt,
  metaBodyPrompt,
  solutionPrompt,
  type Tier,
} from './family';
import type { TaskName } from './index';
import { MAX_NOTIONS, OUT_OF_DOMAIN } from './ladder';
import { LONG_TAIL_COMPLETION, LONG_TAIL_META } from './long-tail';
import { LONG_TAIL_ARITHMETIC } from './long-tail-family';
import { LADDER_META, lengthOf, type MetaTask } from './meta';
import type { Trace } from './task';
import {
  BORROW,
  CARRY,
  isDigit,
  LAST_BUCKET,
  LENGTH_BUCKET,
  MINUS,
  NOTIONS,
  notionsIn,
  PASS_OF,
  PLUS,
  POWER,
  SKIP,
  SPLIT,
  TIMES,
  WAIT,
} from './tokens';
import { drawWriter, FLAWLESS, MAX_COMPLETION, type Population } from './writers';

const ARITHMETIC_SHARE = 0.55;
const OUT_OF_DOMAIN_SHARE = 0.3;
const META_ARITHMETIC_SHARE = 0.7;
const HINT_SHARE = 0.2;

/** What of the corpus changes as pre-training goes on: who writes. */
export type CorpusPhase = Population;

/** What the pretrainer reads. */
export interface Corpus {
  /**
   * The phase at a progress of 0-1. Careful writers come first: the steps have to be learned before the ways of
   * getting them wrong, or the harder tiers are not learned at all.
   */
  phase(progress: number): CorpusPhase;
  /** The `index`-th trace of the corpus of `seed`. */
  trace(seed: number, index: number, phase: CorpusPhase): Trace;
}

/** In what the corpora of two tasks differ. */
interface CorpusSpec {
  /** The family that is trained on. */
  arithmetic: Family;
  /** Most tokens of a solution. */
  limit: number;
  /**
   * Share of the family's solutions that lose track in the second half of pre-training. All of them are in tiers
   * that are not written flawlessly, where the share is so much larger.
   */
  lostShare: number;
  meta: MetaTask;
  annotator: Annotator;
}

/** How well the annotator guesses. */
interface Annotator {
  /** Standard deviation of a guessed length, in tokens. */
  lengthNoise: number;
  /** Probability that the pass count is guessed, not drawn uniformly. */
  passGuessed: number;
  /** Standard deviation of a guessed pass count, out of `PASS_OF`. */
  passNoise: number;
  /** By how much `^` lowers the guess, out of `PASS_OF`. */
  powerCost: number;
}

const SPECS: Record<TaskName, CorpusSpec> = {
  ladder: {
    arithmetic: ARITHMETIC,
    limit: MAX_COMPLETION,
    lostShare: 0,
    meta: LADDER_META,
    annotator: { lengthNoise: 12, passGuessed: 0.5, passNoise: 2, powerCost: 0.8 },
  },
  'long-tail': {
    arithmetic: LONG_TAIL_ARITHMETIC,
    limit: LONG_TAIL_COMPLETION,
    lostShare: 0.16,
    meta: LONG_TAIL_META,
    // Against the share of right solutions of a problem, r is .87 for its expectation and .23 for one prediction
    // (a test measures both): the base, which imitates it, is to be a good judge on average and a bad one at a time.
    annotator: { lengthNoise: 8, passGuessed: 0.35, passNoise: 1.5, powerCost: 3 },
  },
};

/** The corpus of a task's base model. */
export function corpusOf(task: TaskName): Corpus {
  const spec = SPECS[task];
  const erring = spec.arithmetic.tiers.reduce((sum, tier) => sum + (tier.flawless ? 0 : tier.share), 0);
  return {
    phase: (progress) =>
      progress < 0.5
        ? { carefulShare: 0.9, lostShare: 0 }
        : { carefulShare: 0.2, lostShare: spec.lostShare / erring },
    trace: (seed, index, phase) => traceOf(spec, seed, index, phase),
  };
}

function traceOf(spec: CorpusSpec, seed: number, index: number, phase: CorpusPhase): Trace {
  const stream = new Stream(seed, Purpose.corpus, index);
  const which = stream.uniform();
  const meta = which >= ARITHMETIC_SHARE + OUT_OF_DOMAIN_SHARE;
  const arithmetic = meta ? stream.chance(META_ARITHMETIC_SHARE) : which < ARITHMETIC_SHARE;
  const family = arithmetic ? spec.arithmetic : stream.pick(OUT_OF_DOMAIN);
  const tier = drawTier(family, stream);
  const size = stream.pick(tier.sizes);
  const body = drawBody(family, stream, 'train', tier, size);
  if (meta) return metaTrace(spec, family, size, body, stream);
  // Only the trained family's problems are given up like that; the others are written as in every corpus.
  const population = arithmetic ? phase : { ...phase, lostShare: 0 };
  return solutionTrace(spec, family, tier, body, stream, population);
}

function solutionTrace(
  { limit }: CorpusSpec,
  family: Family,
  tier: Tier,
  body: readonly number[],
  stream: Stream,
  population: Population,
): Trace {
  const writer = tier.flawless ? FLAWLESS : drawWriter(stream, population, limit);
  const completion = family.write(body, writer, stream);
  const used = stream.chance(HINT_SHARE) ? notionsIn(completion) : [];
  const prompt =
    used.length > 0
      ? hintBodyPrompt(body, sample(stream, used, stream.integer(1, Math.min(MAX_NOTIONS, used.length))))
      : solutionPrompt(body);
  return { kind: `${family.name}/${tier.name}`, prompt, completion };
}

/**
 * A prediction by an annotator who only looks at the prompt: each of the three values is a noisy guess or, about
 * half of the time, drawn uniformly. It teaches the form, not self-knowledge.
 */
function metaTrace(
  { meta, annotator }: CorpusSpec,
  family: Family,
  size: number,
  body: readonly number[],
  stream: Stream,
): Trace {
  let bucket = stream.integer(0, LAST_BUCKET);
  if (stream.chance(0.5))
    bucket = clamp(
      Math.floor(stream.normal(6 * size + 4, annotator.lengthNoise) / LENGTH_BUCKET),
      LAST_BUCKET,
    );
  let passCount = stream.integer(0, PASS_OF);
  if (stream.chance(annotator.passGuessed))
    passCount = clamp(
      Math.round(stream.normal(expectedPassCount(annotator, size, body), annotator.passNoise)),
      PASS_OF,
    );
  const likely = stream.chance(0.5) ? likelyNotions(body) : NOTIONS;
  const notions = sample(stream, likely, Math.min(likely.length, stream.integer(1, MAX_NOTIONS)));
  return {
    kind: `meta/${family.name}`,
    prompt: metaBodyPrompt(body),
    completion: meta.writeMeta({ notions, length: lengthOf(bucket * LENGTH_BUCKET), passCount }),
  };
}

/** What the operations of a body make of the pass count, before noise; it may lie outside 0 to `PASS_OF`. */
function expectedPassCount({ powerCost }: Annotator, size: number, body: readonly number[]): number {
  const count = (operation: number): number => body.filter((token) => token === operation).length;
  return 8.5 - 0.6 * size - (0.8 * count(TIMES) + powerCost * count(POWER));
}

/** The notions the operators of a body suggest; the two habits of sloppy writers where they suggest none. */
function likelyNotions(body: readonly number[]): readonly number[] {
  // A chain modulo 10 has sums too, but no carries; only the accumulator's bodies begin with a digit.
  if (!isDigit(body[0])) return [SKIP, WAIT];
  const notions: number[] = [];
  if (body.includes(PLUS)) notions.push(CARRY);
  if (body.includes(MINUS)) notions.push(BORROW);
  if (body.includes(TIMES)) notions.push(SPLIT);
  if (body.includes(POWER)) notions.push(WAIT);
  return notions;
}

const clamp = (value: number, high: number): number => Math.min(high, Math.max(0, value));

/** `count` different items in random order. */
function sample(stream: Stream, items: readonly number[], count: number): number[] {
  const left = [...items];
  for (let i = 0; i < count; i++) {
    const j = stream.integer(i, left.length - 1);
    [left[i], left[j]] = [left[j], left[i]];
  }
  return left.slice(0, count);
}
