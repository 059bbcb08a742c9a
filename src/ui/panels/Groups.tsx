/**
 * The prompts of a step, each with its rollouts as small bars that grow token by token and take the verdict's
 * colour once judged; the chosen prompt's rollouts are shown in full beside them. Follows the run, or holds a
 * step while the run goes on.
 */
import { ToggleGroup } from 'radix-ui';
import { useState } from 'react';
import { formatCount } from '../../run/format';
import { Button } from '../components/Button';
import { Panel } from '../components/Panel';
import { places } from '../components/places';
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
      tools={<StepSwitch />}
    >
      <Legend />
      {hasStep ? (
        <div className={styles.split}>
          <Cards />
          <RolloutList />
        </div>
      ) : (
        <p className={styles.empty}>The first rollouts appear here as soon as the run begins.</p>
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

/** Back and forth among the steps that are kept, and back to the newest. */
function StepSwitch() {
  const session = useSession();
  const shown = usePage((page) => shownStep(page)?.step ?? null);
  const held = usePage((page) => page.looking.heldStep !== null);
  const earlier = usePage((page) => neighbour(page.run.recent, shownStep(page)?.step, -1));
  const later = usePage((page) => neighbour(page.run.recent, shownStep(page)?.step, 1));
  if (shown === null) return null;
  return (
    <fieldset className={styles.steps} aria-label="Step on screen">
      <Button
        weight="quiet"
        aria-label="Earlier step"
        disabled={earlier === null}
        onClick={() => session.look({ heldStep: earlier })}
      >
        ‹
      </Button>
      <span className="number" data-testid="groups-step" data-value={shown}>
        Step {formatCount(shown)}
      </span>
      <Button
        weight="quiet"
        aria-label="Later step"
        disabled={later === null}
        onClick={() => session.look({ heldStep: later })}
      >
        ›
      </Button>
      <Button
        aria-pressed={held}
        className={styles.hold}
        onClick={() => session.look({ heldStep: held ? null : shown })}
        title="Keep this step on screen while the run goes on"
      >
        {held ? 'Follow the run' : 'Hold this step'}
      </Button>
    </fieldset>
  );
}

function neighbour(
  recent: readonly { step: number }[],
  shown: number | undefined,
  by: -1 | 1,
): number | null {
  const place = recent.findIndex((each) => each.step === shown);
  return place < 0 ? null : (recent[place + by]?.step ?? null);
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
        <span className={styles.key} data-verdict="truncated" /> cut off at {manifest.max_completion_length}{' '}
        tokens
      </li>
      <li className={styles.above}>▲ advantage above 0: made likelier</li>
      <li className={styles.below}>▼ below 0: made less likely</li>
    </ul>
  );
}
