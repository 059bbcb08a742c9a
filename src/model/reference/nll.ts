/**
 * Supervised negative log-likelihood: the mean of -logp over the trained tokens. Float64 reference.
 * Used for pretraining and for cloning expert trajectories.
 */

/** logp [N], mask [N] -> loss and its gradient dLogp [N]. `activeTokens`: of the whole batch, for a micro-batch. */
export function nll(
  logp: ArrayLike<number>,
  mask: ArrayLike<number>,
  activeTokens?: number,
): { loss: number; dLogp: Float64Array } {
  let [sum, active] = [0, 0];
  for (let i = 0; i < logp.length; i++) {
    sum -= mask[i] * logp[i];
    active += mask[i];
  }
  const divisor = Math.max(1, activeTokens ?? active);
  return { loss: sum / divisor, dLogp: new Float64Array(logp.length).map((_, i) => -mask[i] / divisor) };
}
