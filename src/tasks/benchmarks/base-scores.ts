/**
 * What the shipped base model scores on each set, so that a table says where a policy started: all 60 problems,
 * eight answers each at temperature 1, at most 80 tokens, sampling seed 0. Measured once; another base model has to
 * be measured anew. Nothing is computed from it.
 */
import type { Score } from '../../run/events';
import { score } from '../../run/statistics';

/** SHA-256 of the weights that gave these answers, `public/models/ladder-base/model.safetensors`. */
export const MEASURED_WEIGHTS = '4f46652608c31c47562db9e3f960c49d32cb8f1c4820442aeb1f029953215c90';

/** How they were answered; seed 0. */
export const BASE_SCORE_SAMPLING = { samples: 8, temperature: 1, max_completion_length: 80 } as const;

/** Answers to each set: eight to each of its problems. */
const ANSWERS = 60 * BASE_SCORE_SAMPLING.samples;

/** Right ones among them. */
const RIGHT: Readonly<Record<string, number>> = {
  'carry-chains': 147,
  'borrow-chains': 149,
  'wrap-around': 153,
  'cancelling-pairs': 130,
  'alternating-products': 63,
  'product-chains': 73,
  'decisive-step': 372,
  'and-or': 431,
  'exclusive-or': 350,
  'scrambled-run': 264,
  overruled: 421,
  'extremes-only': 362,
  'running-sums': 203,
  'clamped-sums': 253,
  'no-idle-step': 334,
  'reversed-lists': 285,
  'few-values': 253,
  'dead-code': 284,
  'unrolled-loops': 277,
};

/** @returns undefined for a set that was not measured */
export function baseScore(name: string): Score | undefined {
  const right = RIGHT[name];
  return right === undefined ? undefined : score(right, ANSWERS);
}
