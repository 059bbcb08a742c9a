/**
 * What MASA has learned beside the weights, as it stands in a checkpoint: the gate's learners, and the sums that
 * metrics over several steps are made from. Plain JSON. `rl/masa` says what each means and makes the first one.
 */
import { z } from 'zod';
import { count, counts, numbers } from './event-parts';
import { cutoffTally, gateTally } from './masa-events';

const learned = z
  .strictObject({
    buffer: z.strictObject({
      version: z.literal(1),
      examples: z.array(
        z.strictObject({
          prompt: counts,
          completion: counts,
          active: counts,
          step: count,
        }),
      ),
      collected: count,
    }),
    schedule: z.strictObject({
      version: z.literal(1),
      burstDone: z.boolean(),
      brier: z.number().nullable(),
      reference: z.number().nullable(),
    }),
  })
  .nullable()
  .default(null);

export const masaStateSchema = z.strictObject({
  /** Of the gate rule `calibrated`. */
  calibrator: z
    .strictObject({
      version: z.literal(1),
      weights: z.tuple([z.number(), z.number(), z.number(), z.number()]),
      outcomes: count,
    })
    .nullable(),
  /** Of the gate rule `classifier`. */
  classifier: z
    .strictObject({
      version: z.literal(1),
      weights: numbers,
      squares: numbers,
      outcomes: count,
    })
    .refine(
      ({ weights, squares }) => weights.length === squares.length,
      'expected as many squares as weights',
    )
    .nullable(),
  /** The expert trajectories kept, and where their schedule stands; null without. */
  experts: learned,
  /** The same for the outcomes that the meta adapter learns from. */
  outcomes: learned,
  /** Tokens of meta rollouts so far. */
  meta_tokens: count,
  /** Tokens generated for the audit alone so far. */
  audit_tokens: count,
  /** Of the latest steps, the oldest first. */
  gate_tallies: z.array(gateTally),
  cutoff_tallies: z.array(cutoffTally),
});
export type MasaState = z.output<typeof masaStateSchema>;
