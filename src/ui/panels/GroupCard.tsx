/** One prompt of the step: what was asked, a bar for each rollout, and how it went. Drawn again only when its group changed. */
import { ToggleGroup } from 'radix-ui';
import { memo } from 'react';
import { formatFixed } from '../../run/format';
import { usePage } from '../state/context';
import type { Verdict } from '../state/run-view';
import { shownManifest, shownStep, taskOf } from '../state/selectors';
import styles from './GroupCard.module.css';
import { BAR_HEIGHT, barsPath, barsWidth, countGroup, describeCounts } from './group-text';

const DRAWN: readonly Verdict[] = ['growing', 'ended', 'right', 'wrong', 'truncated'];

export const GroupCard = memo(function GroupCard({ place }: { place: number }) {
  const group = usePage((page) => shownStep(page)?.groups[place]);
  const limit = usePage((page) => shownManifest(page).max_completion_length);
  const task = usePage((page) => taskOf(shownManifest(page)));
  if (!group) return null;
  const prompt = task.vocabulary.readable(group.prompt);
  const counts = countGroup(group);
  const words = describeCounts(counts);
  const judged = counts.open === 0;
  const signal = counts.above !== null && counts.above !== counts.below;
  const width = barsWidth(counts.total);
  return (
    <ToggleGroup.Item
      value={String(group.index)}
      className={styles.card}
      aria-label={`Prompt ${group.index + 1}: ${prompt} ${group.problem?.tier ?? ''}, ${words}`}
      data-testid={`group-${group.index}`}
      data-judged={judged}
      data-right={counts.right}
      data-total={counts.total}
    >
      <span className={styles.prompt} title={prompt}>
        {prompt}
      </span>
      <svg
        className={styles.bars}
        viewBox={`0 0 ${width} ${BAR_HEIGHT}`}
        preserveAspectRatio="none"
        aria-hidden="true"
      >
        {DRAWN.map((verdict) => (
          <path
            key={verdict}
            data-verdict={verdict}
            data-thin={counts.total > 48}
            d={barsPath(group.rollouts, verdict, limit)}
          />
        ))}
      </svg>
      <span className={styles.foot}>
        <span className="number">{judged ? `${counts.right}/${counts.total} right` : 'writing…'}</span>
        {judged && signal && (
          <span className={`${styles.advantages} number`}>
            <span className={styles.above}>▲{formatFixed(counts.above, 2)}</span>
            <span className={styles.below}>▼{formatFixed(Math.abs(counts.below ?? 0), 2)}</span>
          </span>
        )}
        {judged && !signal && <span className={styles.none}>no signal</span>}
        {!judged && group.problem === null && <span className={styles.none}>#{group.index + 1}</span>}
      </span>
    </ToggleGroup.Item>
  );
});
