/** Advantages of the rollouts of a group. Source: GRPO, arXiv 2402.03300; Dr. GRPO, arXiv 2503.20783 (`none`). */
import type { Manifest } from '../run/manifest';
import { mean, standardDeviation } from '../run/statistics';

/** Added to the deviation, as in TRL. */
const EPSILON = 1e-6;

/**
 * @param rewards [groups][G]
 * @returns [groups][G]: (r - mean of the group), divided by the deviation (population) of the group, of the batch, or
 *   by nothing. A group whose rewards are all the same has advantages of exactly 0 under every scale.
 */
export function groupAdvantages(
  rewards: readonly (readonly number[])[],
  scale: Manifest['scale_rewards'],
): number[][] {
  const all = rewards.flat();
  const batch = scale === 'batch' && all.length > 0 ? standardDeviation(all) : 0;
  return rewards.map((group) => {
    if (group.every((r) => r === group[0])) return group.map(() => 0);
    const centre = mean(group);
    const divisor = scale === 'none' ? 1 : (scale === 'group' ? standardDeviation(group) : batch) + EPSILON;
    return group.map((r) => (r - centre) / divisor);
  });
}
