/**
 * What a benchmark set is made from, and how its fixed list of problems comes about: bodies of a stated
 * structure, drawn with a seed of the set's own and kept when they are held out and new. Which structures there
 * are is `mathematics.ts`, `logic.ts`, `science.ts` and `coding.ts`; nothing here answers or scores.
 */

import { Purpose, Stream } from '../../run/random';
import { type Family, problemOf, splitOf } from '../family';
import type { Benchmark } from '../task';
import { LADDER_VOCABULARY } from '../vocabulary';
import { baseScore } from './base-scores';

export type BenchmarkGroup = Benchmark['group'];

/** Problems of a set: enough for an interval, and a whole number of each answer where answers are balanced. */
const SIZE = 60;

/** Fixed for good: another seed would be another set. */
const SEED = 20251003;
/** Draws for one problem before its structure is taken for impossible. */
const MOST_DRAWS = 100_000;

/** A set as its group describes it. */
export interface BenchmarkSpec {
  name: string;
  label: string;
  describes: string;
  analogue: string;
  family: Family;
  /** Sizes of its problems, taken in turn. */
  sizes: readonly number[];
  /** A body of the size to look at; undefined when the draw led nowhere. */
  draw(stream: Stream, size: number): number[] | undefined;
  /** Whether a body has the structure the set is named for. */
  holds(body: readonly number[]): boolean;
  /** Answers the problems have in turn, so that a constant answer does no better than guessing. */
  answers?: readonly (readonly number[])[];
  /** Most problems with one answer, where answers are too many to take turns. */
  mostAlike?: number;
  /** How many answers have the form the question asks for, all of them equally likely to a guesser. */
  wellFormed(body: readonly number[]): number;
}

const matches = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((token, i) => token === b[i]);

/** A number of the set's own (FNV-1a of its name), so that no set depends on which others there are. */
function keyOf(name: string): number {
  let hash = 0x811c9dc5;
  for (const character of name) hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193);
  return hash >>> 0;
}

/**
 * The bodies of the set in order. One is kept when it is held out and was not drawn before; what is trained on is
 * drawn from the other split.
 * @throws Error when a structure cannot be filled: a mistake in its spec.
 */
export function benchmarkBodies(spec: BenchmarkSpec): number[][] {
  const seen = new Set<string>();
  const endings = new Map<string, number>();
  return Array.from({ length: SIZE }, (_, index) => {
    const stream = new Stream(SEED, Purpose.heldOutProblem, index, keyOf(spec.name));
    const answer = spec.answers?.[index % spec.answers.length];
    for (let draw = 0; draw < MOST_DRAWS; draw++) {
      const body = spec.draw(stream, sizeAt(spec, index));
      if (!body || splitOf(body) !== 'held-out' || !spec.holds(body)) continue;
      const right = spec.family.solve(body);
      if (answer && !matches(answer, right)) continue;
      const text = LADDER_VOCABULARY.decode(body);
      const ending = LADDER_VOCABULARY.decode(right);
      const alike = endings.get(ending) ?? 0;
      if (seen.has(text) || (spec.mostAlike !== undefined && alike >= spec.mostAlike)) continue;
      seen.add(text);
      endings.set(ending, alike + 1);
      return body;
    }
    throw new Error(
      `internal: benchmark ${spec.name}: expected a problem ${index}, found none in ${MOST_DRAWS} draws`,
    );
  });
}

/** The size turns once for every round of answers, or some sizes would only ever see some answers. */
const sizeAt = ({ sizes, answers }: BenchmarkSpec, index: number): number =>
  sizes[Math.floor(index / (answers?.length ?? 1)) % sizes.length];

/** The mean over the bodies of 1 / answers to choose from; bodies are counted first, so that 1 / 100 stays 0.01. */
function guess(spec: BenchmarkSpec, bodies: readonly number[][]): number {
  const counts = new Map<number, number>();
  for (const body of bodies) {
    const choices = spec.wellFormed(body);
    counts.set(choices, (counts.get(choices) ?? 0) + 1);
  }
  return [...counts].reduce((sum, [choices, count]) => sum + count / SIZE / choices, 0);
}

/** The set as the task shows it. Its list is made when it is first asked for. */
export function benchmark(group: BenchmarkGroup, spec: BenchmarkSpec): Benchmark {
  let made: number[][] | undefined;
  const bodies = (): number[][] => {
    made ??= benchmarkBodies(spec);
    return made;
  };
  const { name, label, describes, analogue, family, sizes } = spec;
  return {
    name,
    label,
    group,
    domain: group === 'mathematics' ? 'in-domain' : 'out-of-domain',
    describes,
    analogue,
    size: SIZE,
    baseScore: baseScore(name),
    get randomGuess() {
      return guess(spec, bodies());
    },
    problem(index) {
      if (!Number.isInteger(index) || index < 0 || index >= SIZE)
        throw new Error(
          `benchmark ${name}: expected the index of a problem, 0 to ${SIZE - 1}, got ${index}; a set is a fixed list`,
        );
      return problemOf(family, { name, share: 1, sizes }, sizeAt(spec, index), bodies()[index]);
    },
  };
}
