/**
 * Overlong reward shaping: what a rollout loses for running into the end of its room. A reward for advantages alone,
 * kept apart from the verifier's. Used by the trainer's phase `reward`.
 * Source: DAPO, arXiv 2503.14476, eq. 13 ("soft overlong punishment").
 */

export interface OverlongSettings {
  /** L_max, tokens. */
  longest: number;
  /** L_cache, tokens: the last part of `longest`, in which the penalty grows; 0 switches it off. */
  buffer: number;
  /** What the longest rollout loses. */
  penalty: number;
}

/**
 * @param length of the rollout, tokens.
 * @returns 0 up to `longest - buffer`, from there linearly down to `-penalty` at `longest`, and that beyond it.
 */
export function overlongShaping(length: number, { longest, buffer, penalty }: OverlongSettings): number {
  const over = length - (longest - buffer);
  if (buffer === 0 || over <= 0) return 0;
  return -penalty * Math.min(1, over / buffer);
}
