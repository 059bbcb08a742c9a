/**
 * What a prompt's rollouts were really like: the truth that predictions of them are held against. Used by the
 * rewards, the alignment metrics and the experts.
 */

/** One solution rollout, as far as predictions are about it. */
export interface SolvedRollout {
  /** By the verifier. */
  correct: boolean;
  /** Tokens, the end token included. */
  length: number;
  /** The distinct notions in it. */
  notions: readonly number[];
}

export interface GroupTruth {
  /** [n], n >= 1 */
  rollouts: readonly SolvedRollout[];
  /** k of n. */
  correct: number;
  total: number;
  /** k / n, 0-1. */
  passRate: number;
  /** All correct or none: the group has no advantage and teaches nothing. */
  zeroVariance: boolean;
  /** [k] lengths of the correct rollouts, L+ in the paper. */
  correctLengths: readonly number[];
  /** Their mean in tokens; null when nothing was correct. */
  correctLength: number | null;
}

/** @throws Error without any rollout: a prompt that was gated has no truth, and its predictions no reward. */
export function groupTruth(rollouts: readonly SolvedRollout[]): GroupTruth {
  if (rollouts.length === 0)
    throw new Error('groupTruth: expected at least one rollout, got none; leave out prompts that were gated');
  const correctLengths = rollouts.filter((r) => r.correct).map((r) => r.length);
  const correct = correctLengths.length;
  return {
    rollouts,
    correct,
    total: rollouts.length,
    passRate: correct / rollouts.length,
    zeroVariance: correct === 0 || correct === rollouts.length,
    correctLengths,
    correctLength: correct === 0 ? null : correctLengths.reduce((sum, length) => sum + length, 0) / correct,
  };
}
