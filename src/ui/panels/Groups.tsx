/**
 * The prompts of a step, each with its rollouts as small bars that grow token by token and take the verdict's
 * colour once judged; the chosen prompt's rollouts are shown in full beside them. Shows the step of the timeline.
 */
import { ToggleGroup } from 'radix-ui';
import { useState } from 'react';
import { formatCount } from '../../run/format';
import { Button } from '../components/Button';
import { Panel } from '../components/Panel';
import { places } from '../components/places';
import { useIsComing } from '../history/hooks';
import { recordOf, shownStepNumber } from '../history/select';
import { usePage, useSession } from '../state/context';
import { shownGroup, shownManifest, shownStep } from '../state/selectors';
import { GroupCard } from './GroupCard';
import styles from './Groups.module.css';
import { RolloutList } from './RolloutList';

/** Cards drawn at first, and added by each press of "more": a step may have a thousand prompts. */
const PAGE = 48;

export function Groups() {
  const hasStep = usePage((page) => shownStep(page) !== null);
  return (
    <Panel
      name="groups"
      title="What is it trying?"
      caption="Each card is one prompt; each bar one of its rollouts, as long as what has been written. Choose a card to read them."
      tools={<StepNumber />}
    >
      <Legend />
      {hasStep ? (
        <div className={styles.split}>
          <Cards />
          <RolloutList />
        </div>
      ) : (
        <Missing />
      )}
    </Panel>
  );
}

function Cards() {
  const session = useSession();
  const count = usePage((page) => shownStep(page)?.groups.length ?? 0);
  const chosen = usePage((page) => shownGroup(page)?.index ?? 0);
  const [most, setMost] = useState(PAGE);
  const shown = Math.min(count, most);
  return (
    <div>
      <ToggleGroup.Root
        type="single"
        className={styles.cards}
        aria-label="Prompts of the step"
        data-testid="groups"
        value={String(chosen)}
        onValueChange={(next) => {
          if (next) session.look({ group: Number(next) });
        }}
      >
        {places(shown).map((place) => (
          <GroupCard key={place} place={place} />
        ))}
      </ToggleGroup.Root>
      {count > shown && (
        <Button className={styles.showMore} onClick={() => setMost(most + PAGE)}>
          Show {Math.min(PAGE, count - shown)} more of {formatCount(count)}
        </Button>
      )}
    </div>
  );
}

function StepNumber() {
  const shown = usePage(shownStepNumber);
  if (shown === null) return null;
  return (
    <span className={`${styles.step} number`} data-testid="groups-step" data-value={shown}>
      Step {formatCount(shown)}
    </span>
  );
}

/** Why there are no groups: none yet, still to be fetched, or let go of long ago. */
function Missing() {
  const shown = usePage(shownStepNumber);
  const coming = useIsComing(shown);
  const finished = usePage((page) => recordOf(page, shown)?.finished === true);
  const running = usePage((page) => page.replay === null || page.replay.reading);
  const why = !finished
    ? running
      ? 'The first rollouts appear here as soon as the run begins.'
      : 'Nothing was recorded of this step.'
    : coming
      ? `Reading step ${shown}…`
      : `Of step ${shown} only the numbers are kept; the rollouts of the newest steps are kept in full.`;
  return (
    <p className={styles.empty} data-testid="groups-missing">
      {why}
    </p>
  );
}

function Legend() {
  const manifest = usePage(shownManifest);
  return (
    <ul className={styles.legend} aria-label="Legend">
      <li>
        <span className={styles.key} data-verdict="growing" /> writing
      </li>
      <li>
        <span className={styles.key} data-verdict="right" /> right
      </li>
      <li>
        <span className={styles.key} data-verdict="wrong" /> wrong
      </li>
      <li>
        <span className={styles.key} data-verdict="truncated" /> cut off at{' '}
        {manifest.masa_cutoff ? 'its limit' : `${formatCount(manifest.max_completion_length)} tokens`}
      </li>
      <li className={styles.above}>▲ advantage above 0: made likelier</li>
      <li className={styles.below}>▼ below 0: made less likely</li>
    </ul>
  );
}
