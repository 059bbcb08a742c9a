/** Pieces that several events are made of. Used by `events.ts`, `masa-events.ts` and `benchmark-events.ts`. */
import { z } from 'zod';

/** A whole number from 0 on. */
export const count = z.int().min(0);

/** Token ids of the task. */
export const tokens = z.array(count);

export const problemInfo = z.object({
  family: z.string(),
  /** Difficulty inside the family: a tier's name. */
  tier: z.string(),
  /** Number of operations, or what counts as size in the family. */
  size: count,
  /** The tokens of the right answer, as the verifier wants them. */
  answer: tokens,
});
export type ProblemInfo = z.infer<typeof problemInfo>;

export const score = z.object({
  correct: count,
  samples: count,
  accuracy: z.number(),
  /** Wilson 95% interval. */
  low: z.number(),
  high: z.number(),
});
export type Score = z.infer<typeof score>;
