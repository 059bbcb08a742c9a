/** Hinted rollouts beside the others over recent steps: how often each were right, and the lift. Pure. */
import { hintLift } from '../../lab/figures';
import type { Score } from '../../run/events';
import { score } from '../../run/statistics';
import type { Table } from '../components/panel-offers';
import type { StepRecord } from '../history/step-record';

export interface HintComparison {
  /** Right of all, with Wilson's 95% interval. */
  hinted: Score;
  plain: Score;
  /**
   * More reward of the hinted, inside groups with both, averaged over these; null without any. The two shares above
   * may differ for want of hints on some prompts; this does not.
   */
  lift: number | null;
  /** Groups with both. */
  groups: number;
}

/** null where nothing was hinted. */
export function hintComparison(records: readonly Pick<StepRecord, 'groups'>[]): HintComparison | null {
  const groups = records.flatMap((record) =>
    record.groups.map((group) =>
      group.rollouts.map(({ hint, reward }) => ({ hinted: hint !== undefined, reward })),
    ),
  );
  const side = (hinted: boolean): Score => {
    const rewards = groups.flat().filter((each) => each.hinted === hinted);
    return score(rewards.filter((each) => each.reward > 0).length, rewards.length);
  };
  const hinted = side(true);
  if (hinted.samples === 0) return null;
  return {
    hinted,
    plain: side(false),
    lift: hintLift(groups),
    groups: groups.filter((group) => group.some((r) => r.hinted) && group.some((r) => !r.hinted)).length,
  };
}

export const hintTable = ({ hinted, plain }: HintComparison): Table => ({
  columns: ['rollouts', 'right', 'of', 'share', 'low', 'high'],
  rows: [
    ['hinted', hinted.correct, hinted.samples, hinted.accuracy, hinted.low, hinted.high],
    ['not hinted', plain.correct, plain.samples, plain.accuracy, plain.low, plain.high],
  ],
});
