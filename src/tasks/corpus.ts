/**
 * The base model's corpus: solutions by writers of mixed care, and predictions by a weak annotator. Every trace
 * is a pure function of (seed, index, phase), and every problem in it is of the train split, out-of-domain
 * families included. Used by the pretrainer; nothing of it is seen in reinforcement learning.
 */
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
import { MAX_NOTIONS, OUT_OF_DOMAIN } from './ladder';
import { Purpose, Stream } from './random';
import type { Trace } from './task';
import {
  BORROW,
  CARRY,
  digit,
  EOS,
  isDigit,
  LAST_BUCKET,
  LEN,
  LENGTH_BUCKET,
  MINUS,
  NOT,
  NOTIONS,
  notionsIn,
  PASS,
  PASS_OF,
  PLUS,
  POWER,
  SKIP,
  SPLIT,
  TIMES,
  WAIT,
} from './tokens';
import { drawWriter, FLAWLESS } from './writers';

const ARITHMETIC_SHARE = 0.55;
const OUT_OF_DOMAIN_SHARE = 0.3;
const META_ARITHMETIC_SHARE = 0.7;
const HINT_SHARE = 0.2;

/** What of the corpus changes as pre-training goes on. */
export interface CorpusPhase {
  /** Share of the writers who are careful, 0-1. */
  carefulShare: number;
}

/**
 * The phase at a progress of 0-1. Careful writers come first: the steps have to be learned before the ways of
 * getting them wrong, or the harder tiers are not learned at all.
 */
export const corpusPhase = (progress: number): CorpusPhase => ({ carefulShare: progress < 0.5 ? 0.9 : 0.2 });

/** The `index`-th trace of the corpus of `seed`. */
export function trace(seed: number, index: number, phase: CorpusPhase): Trace {
  const stream = new Stream(seed, Purpose.corpus, index);
  const which = stream.uniform();
  const meta = which >= ARITHMETIC_SHARE + OUT_OF_DOMAIN_SHARE;
  const arithmetic = meta ? stream.chance(META_ARITHMETIC_SHARE) : which < ARITHMETIC_SHARE;
  const family = arithmetic ? ARITHMETIC : stream.pick(OUT_OF_DOMAIN);
  const tier = drawTier(family, stream);
  const size = stream.pick(tier.sizes);
  const body = drawBody(family, stream, 'train', tier, size);
  return meta ? metaTrace(family, size, body, stream) : solutionTrace(family, tier, body, stream, phase);
}

function solutionTrace(
  family: Family,
  tier: Tier,
  body: readonly number[],
  stream: Stream,
  phase: CorpusPhase,
): Trace {
  const writer = tier.flawless ? FLAWLESS : drawWriter(stream, phase.carefulShare);
  const completion = family.write(body, writer, stream);
  const used = stream.chance(HINT_SHARE) ? notionsIn(completion) : [];
  const prompt =
    used.length > 0
      ? hintBodyPrompt(body, sample(stream, used, stream.integer(1, Math.min(MAX_NOTIONS, used.length))))
      : solutionPrompt(body);
  return { kind: `${family.name}/${tier.name}`, prompt, completion };
}

/**
 * `NOT n{1..3} LEN b PASS p EOS` by an annotator who only looks at the prompt: each of the three values is a
 * noisy guess or, half of the time, drawn uniformly. It teaches the form, not self-knowledge.
 */
function metaTrace(family: Family, size: number, body: readonly number[], stream: Stream): Trace {
  let bucket = stream.integer(0, LAST_BUCKET);
  if (stream.chance(0.5))
    bucket = clamp(Math.floor(stream.normal(6 * size + 4, 12) / LENGTH_BUCKET), LAST_BUCKET);
  let pass = stream.integer(0, PASS_OF);
  if (stream.chance(0.5)) {
    const demanding = body.filter((token) => token === TIMES || token === POWER).length;
    pass = clamp(Math.round(stream.normal(8.5 - 0.6 * size - 0.8 * demanding, 2)), PASS_OF);
  }
  const likely = stream.chance(0.5) ? likelyNotions(body) : NOTIONS;
  const notions = sample(stream, likely, Math.min(likely.length, stream.integer(1, MAX_NOTIONS)));
  return {
    kind: `meta/${family.name}`,
    prompt: metaBodyPrompt(body),
    completion: [NOT, ...notions, LEN, digit(bucket), PASS, digit(pass), EOS],
  };
}

/** The notions the operators of a body suggest; the two habits of sloppy writers where they suggest none. */
function likelyNotions(body: readonly number[]): readonly number[] {
  // A chain modulo 10 has sums too, but no carries; only the ladder's bodies begin with a digit.
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
