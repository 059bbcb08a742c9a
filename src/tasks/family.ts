/**
 * What a family of problems is inside `tasks/`, and how one problem of it is drawn. A family makes bodies
 * (the part of a prompt between BOS and SOL), solves them and writes them out; it decides neither which split
 * a problem belongs to nor how it is asked. Used by the task, the corpus and the families themselves.
 */
import { Purpose, Stream } from '../run/random';
import type { Problem, Split } from './task';
import { BOS, HINT, META, SOL } from './tokens';
import { LADDER_VOCABULARY } from './vocabulary';
import type { Writer } from './writers';

export interface Tier {
  name: string;
  /** Probability of the tier when a problem of the family is drawn; a family's shares sum to 1. */
  share: number;
  /** Sizes of its problems, each as likely as the others. */
  sizes: readonly number[];
  /** Written without any error in the base model's corpus. */
  flawless?: boolean;
}

export interface Family {
  readonly name: string;
  readonly tiers: readonly Tier[];
  /** A random body of a tier and size. */
  makeBody(stream: Stream, tier: Tier, size: number): number[];
  /** The tokens of the answer to a body that counts as right. */
  solve(body: readonly number[]): number[];
  /** A solution as `writer` writes it, from the first step; at most the writer's limit of tokens. */
  write(body: readonly number[], writer: Writer, stream: Stream): number[];
}

/** One problem in this many is held out. */
const HELD_OUT_SHARE = 8;

/** A 32-bit hash of whole numbers: FNV-1a, finished as MurmurHash3 does. */
export function hashOf(numbers: readonly number[]): number {
  let hash = 0x811c9dc5;
  for (const number of numbers) hash = Math.imul(hash ^ number, 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/**
 * The split of a problem: a hash of its body alone, so that it is the same for every seed and step, and train and
 * held-out sets cannot meet.
 */
export const splitOf = (body: readonly number[]): Split =>
  hashOf(body) % HELD_OUT_SHARE === 0 ? 'held-out' : 'train';

/** A tier drawn by the shares of its family. */
export function drawTier(family: Family, stream: Stream): Tier {
  let left = stream.uniform();
  for (const tier of family.tiers) {
    left -= tier.share;
    if (left < 0) return tier;
  }
  return family.tiers[family.tiers.length - 1];
}

/** A body of the split: drawn again until its hash says so, 8 times on average for a held-out one. */
export function drawBody(family: Family, stream: Stream, split: Split, tier: Tier, size: number): number[] {
  for (;;) {
    const body = family.makeBody(stream, tier, size);
    if (splitOf(body) === split) return body;
  }
}

/** The identity of the problem a body states: the family's name and the body in words. */
export const keyOf = (family: string, body: readonly number[]): string =>
  `${family} ${LADDER_VOCABULARY.decode(body)}`;

/** The problem a body states. */
export function problemOf(family: Family, tier: Tier, size: number, body: readonly number[]): Problem {
  return {
    key: keyOf(family.name, body),
    family: family.name,
    tier: tier.name,
    size,
    prompt: solutionPrompt(body),
    answer: family.solve(body),
  };
}

/** The `index`-th training problem of (seed, step) of a family, its tiers by their shares. */
export function trainProblemOf(family: Family, seed: number, step: number, index: number): Problem {
  const stream = new Stream(seed, Purpose.trainProblem, step, index);
  const tier = drawTier(family, stream);
  const size = stream.pick(tier.sizes);
  return problemOf(family, tier, size, drawBody(family, stream, 'train', tier, size));
}

/**
 * The `index`-th held-out problem of a suite over `families`. Families, tiers and sizes go round in turn, so
 * that any run of problems has them in equal parts; what is drawn is a pure function of (seed, suite, index).
 */
export function suiteProblem(
  families: readonly Family[],
  suite: number,
  seed: number,
  index: number,
): Problem {
  const family = families[index % families.length];
  const inFamily = Math.floor(index / families.length);
  const tier = family.tiers[inFamily % family.tiers.length];
  const inTier = Math.floor(inFamily / family.tiers.length);
  const size = tier.sizes[inTier % tier.sizes.length];
  const stream = new Stream(seed, Purpose.heldOutProblem, index, suite);
  return problemOf(family, tier, size, drawBody(family, stream, 'held-out', tier, size));
}

/** `BOS body SOL`. */
export const solutionPrompt = (body: readonly number[]): number[] => [BOS, ...body, SOL];
/** `BOS META body META`: the marker comes first too, so that the body is already read in meta mode. */
export const metaBodyPrompt = (body: readonly number[]): number[] => [BOS, META, ...body, META];
/** `BOS body HINT notions SOL`. */
export const hintBodyPrompt = (body: readonly number[], notions: readonly number[]): number[] => [
  BOS,
  ...body,
  HINT,
  ...notions,
  SOL,
];
