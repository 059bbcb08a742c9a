/** One prompt of the step: what was asked, a bar for each rollout, and how it went. Drawn again only when its group changed. */
import { ToggleGroup } from 'radix-ui';
import { memo } from 'react';
import { formatFixed } from '../../run/format';
import { useLight } from '../history/lit';
import { usePage, usePageFields } from '../state/context';
import type { Verdict } from '../state/run-view';
import { candidateOfGroup, shownManifest, shownStep, shownTask } from '../state/selectors';
import { unbrokenTerms } from '../state/wording';
import styles from './GroupCard.module.css';
import { BAR_HEIGHT, barsPath, barsWidth, countGroup, describeCounts } from './group-text';

const DRAWN: readonly Verdict[] = ['growing', 'ended', 'right', 'wrong', 'truncated'];

export const GroupCard = memo(function GroupCard({ place }: { place: number }) {
  const group = usePageFields((page) => {
    const found = shownStep(page)?.groups[place];
    return (
      found && {
        step: found.step,
        index: found.index,
        candidate: candidateOfGroup(page, found),
        prompt: found.prompt,
        problem: found.problem,
        ...countGroup(found),
      }
    );
  });
  const task = usePage(shownTask);
  const light = useLight(group?.step ?? null, group?.candidate ?? 0);
  if (!group) return null;
  const prompt = task.vocabulary.readable(group.prompt);
  const judged = group.open === 0;
  return (
    <ToggleGroup.Item
      value={String(group.index)}
      {...light}
      className={styles.card}
      aria-label={`Prompt ${group.index + 1}: ${prompt} ${group.problem?.tier ?? ''}, ${describeCounts(group)}`}
      data-testid={`group-${group.index}`}
      data-judged={judged}
      data-right={group.right}
      data-total={group.total}
    >
      <span className={styles.prompt} title={prompt}>
        {unbrokenTerms(prompt)}
      </span>
      <Bars place={place} />
      <span className={styles.foot}>
        <span className="number">
          {judged ? `${group.right}/${group.total} right` : group.written ? 'written' : 'writing…'}
        </span>
        {judged ? (
          <Advantages above={group.above} below={group.below} />
        ) : (
          <span className={styles.none}>#{group.index + 1}</span>
        )}
      </span>
    </ToggleGroup.Item>
  );
});

/** The part that grows: drawn on its own, so that growing costs a few attributes and no more. */
function Bars({ place }: { place: number }) {
  const rollouts = usePage((page) => shownStep(page)?.groups[place]?.rollouts);
  const limit = usePage((page) => shownManifest(page).max_completion_length);
  if (!rollouts) return null;
  return (
    <svg
      className={styles.bars}
      viewBox={`0 0 ${barsWidth(rollouts.length)} ${BAR_HEIGHT}`}
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      {DRAWN.map((verdict) => (
        <path
          key={verdict}
          data-verdict={verdict}
          data-thin={rollouts.length > 48}
          d={barsPath(rollouts, verdict, limit)}
        />
      ))}
    </svg>
  );
}

function Advantages({ above, below }: { above: number | null; below: number | null }) {
  if (above === null || below === null) return <span className={styles.none}>judged</span>;
  if (above === below) return <span className={styles.none}>no signal</span>;
  return (
    <span className={`${styles.advantages} number`}>
      <span className={styles.above}>▲{formatFixed(above, 2)}</span>
      <span className={styles.below}>▼{formatFixed(Math.abs(below), 2)}</span>
    </span>
  );
}
