/**
 * Expert meta-trajectories: the meta rollouts worth imitating, made true, kept in a bounded buffer and cloned now and
 * then (behaviour cloning in the manner of DAgger). Beside them, the plain outcomes of prompts already paid for, as
 * examples for the log score that trains a meta adapter.
 *
 * Not here: the supervised update itself, its optimiser and the weights it may touch; when it runs
 * (`expert-schedule.ts`). Source: MASA, arXiv 2510.03259, section 3.3.
 */
import type { MetaTask } from '../../tasks/meta';
import type { Problem } from '../../tasks/task';
import { Draw, drawStream } from './draws';
import type { ScoredPrediction } from './rewards';
import type { GroupTruth } from './truth';

/** A supervised example for the meta side. */
export interface MetaExample {
  /** Meta prompt. */
  prompt: number[];
  completion: number[];
  /** Places in `completion` whose tokens are learned. */
  active: number[];
  /** The step whose rollouts it tells of. */
  step: number;
}

/** An expert with what the policy itself had written. */
export interface Expert {
  example: MetaExample;
  from: readonly number[];
}

export interface ExpertSettings {
  /** Least notion score of an expert, 0-1. */
  minNotion: number;
  /** At most this many of one prompt. */
  perPrompt: number;
}

/** One per prompt from 0.2 on is the paper's. */
export const DEFAULT_EXPERTS: ExpertSettings = { minNotion: 0.2, perPrompt: 1 };

/**
 * The experts among one prompt's meta rollouts: the highest notion scores, of equal ones the earlier, never two that
 * say the same once rewritten. Length and pass rate are replaced by the truth: the mean length of the correct
 * rollouts, and k of n as a count; the notions stay. Only exact outputs are taken, since the rest is imitated.
 *
 * A prompt without a correct rollout gives none: its notion scores are 0 and it has no true length.
 */
export function selectExperts(
  meta: MetaTask,
  problem: Problem,
  scored: readonly ScoredPrediction[],
  truth: GroupTruth,
  settings: ExpertSettings,
  step: number,
): Expert[] {
  const { correctLength } = truth;
  if (correctLength === null) return [];
  const written = new Map<string, Expert>();
  const ranked = scored
    .filter((s) => s.prediction.parsed && s.reward.notion >= settings.minNotion)
    .sort((a, b) => b.reward.notion - a.reward.notion);
  for (const { prediction, completion: from } of ranked) {
    const completion = meta.writeMeta({
      notions: prediction.notions,
      length: meta.lengthOf(correctLength),
      passCount: meta.passCountOf(truth.correct, truth.total),
    });
    const key = completion.join(' ');
    if (written.size === settings.perPrompt) break;
    if (!written.has(key))
      written.set(key, {
        example: {
          prompt: meta.metaPrompt(problem),
          completion,
          active: completion.map((_, i) => i),
          step,
        },
        from,
      });
  }
  return [...written.values()];
}

/**
 * What a rolled-out prompt says of itself, to be learned by its log score: behind the pass marker the true count, and
 * where something was correct, behind the length marker the true length. The markers are given, not learned. Unlike
 * experts it also tells of prompts that nothing solves.
 */
export function outcomeExample(
  meta: MetaTask,
  problem: Problem,
  truth: GroupTruth,
  step: number,
): MetaExample {
  const completion = [...meta.passMarker, meta.passTokens[meta.passCountOf(truth.correct, truth.total)]];
  const active = [completion.length - 1];
  if (truth.correctLength !== null) {
    completion.push(...meta.lengthMarker, meta.lengthTokens[meta.lengthOf(truth.correctLength).bucket]);
    active.push(completion.length - 1);
  }
  return { prompt: meta.metaPrompt(problem), completion, active, step };
}

/** Plain JSON; goes into checkpoints as it is. */
export interface ExpertBuffer {
  version: 1;
  /** Oldest first. */
  examples: MetaExample[];
  /** Ever added. */
  collected: number;
}

export const EMPTY_EXPERTS: Readonly<ExpertBuffer> = { version: 1, examples: [], collected: 0 };

/** The buffer with `added` at its end and the oldest gone beyond `capacity`. */
export function addExamples(
  buffer: Readonly<ExpertBuffer>,
  added: readonly MetaExample[],
  capacity: number,
): ExpertBuffer {
  if (!(Number.isInteger(capacity) && capacity >= 1))
    throw new Error(`addExamples: expected a capacity of 1 or more, got ${capacity}`);
  return {
    version: 1,
    examples: [...buffer.examples, ...added].slice(-capacity),
    collected: buffer.collected + added.length,
  };
}

/**
 * A minibatch without repeats, in random order: all of the buffer when it holds no more than `size`. A pure function
 * of the buffer and (seed, step, update).
 */
export function exampleBatch(
  buffer: Readonly<ExpertBuffer>,
  size: number,
  place: { seed: number; step: number; update: number },
): MetaExample[] {
  const stream = drawStream(place.seed, Draw.experts, place.step, place.update);
  const left = [...buffer.examples];
  const count = Math.min(size, left.length);
  for (let i = 0; i < count; i++) {
    const j = stream.integer(i, left.length - 1);
    [left[i], left[j]] = [left[j], left[i]];
  }
  return left.slice(0, count);
}
