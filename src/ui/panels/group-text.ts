/** A group in numbers and words, for its card and its list. Pure. */
import type { GroupView, RolloutView, Verdict } from '../state/run-view';

export interface GroupCounts {
  right: number;
  wrong: number;
  truncated: number;
  /** Not judged yet. */
  open: number;
  /** All of the open ones have ended. */
  written: boolean;
  total: number;
  /** Largest and smallest advantage, null until judged. */
  above: number | null;
  below: number | null;
}

export function countGroup(group: GroupView): GroupCounts {
  const of = (verdict: Verdict) => group.rollouts.filter((rollout) => rollout.verdict === verdict).length;
  const advantages = group.rollouts.map((rollout) => rollout.advantage).filter((each) => each !== null);
  return {
    right: of('right'),
    wrong: of('wrong'),
    truncated: of('truncated'),
    open: of('growing') + of('ended'),
    written: of('growing') === 0,
    total: group.rollouts.length,
    above: advantages.length ? Math.max(...advantages) : null,
    below: advantages.length ? Math.min(...advantages) : null,
  };
}

/** `5 of 16 right, 2 cut off`, or how many are still being written. */
export function describeCounts(counts: GroupCounts): string {
  if (counts.open > 0) return `${counts.total} rollouts ${counts.written ? 'written' : 'being written'}`;
  const cut = counts.truncated > 0 ? `, ${counts.truncated} cut off` : '';
  return `${counts.right} of ${counts.total} right${cut}`;
}

const WIDTH = 6;
const GAP = 1.4;
export const BAR_HEIGHT = 40;

/** The width of a card's picture for `count` bars, in its own units. */
export const barsWidth = (count: number): number => count * WIDTH;

/**
 * The bars of one verdict as one SVG path, so that a card is a handful of elements whatever its size. A bar's
 * height is its length over the limit.
 */
export function barsPath(rollouts: readonly RolloutView[], verdict: Verdict, limit: number): string {
  let path = '';
  rollouts.forEach((rollout, i) => {
    if (rollout.verdict !== verdict) return;
    const height = Math.max(0.8, Math.min(1, rollout.tokens.length / limit) * BAR_HEIGHT);
    path += `M${i * WIDTH + GAP / 2} ${BAR_HEIGHT}v${-height.toFixed(1)}h${WIDTH - GAP}V${BAR_HEIGHT}z`;
  });
  return path;
}
