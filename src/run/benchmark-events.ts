/**
 * The event of benchmark sets that were answered on demand: every score with its interval, and the averages as in the
 * paper's tables. Part of the stream (`events.ts` has the union); `rl/benchmark-scores.ts` makes the figures.
 */
import { z } from 'zod';
import { count, score, texts } from './event-parts';

const estimate = { value: z.number(), low: z.number(), high: z.number() };
const passAtK = z.object({ k: count, ...estimate });
const domain = z.enum(['in-domain', 'out-of-domain']);

export const benchmarkScore = z.object({
  /** Of the set. */
  name: z.string(),
  group: z.string(),
  domain,
  problems: count,
  /** Answers to each problem, the k of mean@k. */
  samples: count,
  /** mean@k with Wilson's 95% interval over all answers. */
  mean: score,
  /** By growing k, with Wilson's 95% interval over problems. */
  pass: z.array(passAtK),
  random_guess: z.number(),
  /** mean@k of the task's shipped base model; null where it was not measured. */
  base_score: z.number().nullable(),
  mean_length: z.number(),
  truncated_ratio: z.number(),
});

export const benchmarkAverage = z.object({
  /** A domain or a group. */
  over: z.string(),
  /** Sets in the mean, and sets there are. */
  sets: count,
  of: count,
  /** Unweighted over sets; the interval combines those of the sets. */
  mean: z.object(estimate),
  pass: z.array(passAtK),
  random_guess: z.number(),
  /** null unless all of its sets were measured. */
  base_score: z.number().nullable(),
});

/** Written by the session between two steps, or at rest, when someone asked. Changes nothing of the run. */
export const benchmarks = z.object({
  type: z.literal('benchmarks'),
  v: z.literal(1),
  /** Optimiser steps taken before it. */
  step: count,
  /** What was asked for: sets, groups, domains or `all`. */
  asked: texts,
  /** Sets that the names stand for; fewer in `sets` when it was cancelled. */
  chosen: count,
  samples: count,
  temperature: z.number(),
  max_completion_length: count,
  /** Of the sampling. */
  seed: count,
  sets: z.array(benchmarkScore),
  averages: z.array(benchmarkAverage),
  duration_ms: z.number(),
});
