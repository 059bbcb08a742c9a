/**
 * What keeps the page's memory bounded over a run of any length: history is thinned out where it is old,
 * and the full text of rollouts is kept for the newest steps only. Used by the run view.
 */

/** Points kept before the old ones are thinned. */
export const MOST_POINTS = 4096;
/** Points at the end that are never thinned. */
export const FULL_POINTS = 1024;
/** Steps whose rollouts are kept in full. */
export const MOST_STEPS = 24;
/** Rollout tokens kept in full over all those steps; the newest step is kept whatever it takes. */
export const MOST_TOKENS = 1_000_000;

/** The newest of each that are kept. */
export const MOST_WARNINGS = 50;
export const MOST_BENCHMARKS = 50;
export const MOST_PROFILES = 16;

/**
 * Drops every second of the older points once there are too many: what lies far back is drawn at a few
 * pixels a point anyway. The first point stays.
 */
export function thin<T>(points: readonly T[], most = MOST_POINTS, full = FULL_POINTS): readonly T[] {
  if (points.length <= most) return points;
  const border = points.length - full;
  return points.filter((_, i) => i >= border || i % 2 === 0);
}

/** The longest tail of `items` that holds at most `most` of them and `budget` of `size`, and at least one. */
export function keepRecent<T>(
  items: readonly T[],
  size: (item: T) => number,
  most = MOST_STEPS,
  budget = MOST_TOKENS,
): readonly T[] {
  let start = items.length - 1;
  let used = start >= 0 ? size(items[start]) : 0;
  while (start > 0 && items.length - start < most) {
    used += size(items[start - 1]);
    if (used > budget) break;
    start--;
  }
  return start <= 0 ? items : items.slice(start);
}

/** Tokens of all rollouts of a step. */
export function tokensOf(groups: readonly { rollouts: readonly { tokens: readonly number[] }[] }[]): number {
  let sum = 0;
  for (const group of groups) for (const rollout of group.rollouts) sum += rollout.tokens.length;
  return sum;
}

/** With one more step at the end, in place of itself and of what came after it; the newest `most` of them. */
export function withStep<T extends { step: number }>(
  items: readonly T[],
  item: T,
  most = MOST_PROFILES,
): readonly T[] {
  return [...items.filter((each) => each.step < item.step), item].slice(-most);
}
