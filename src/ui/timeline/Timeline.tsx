/**
 * The bar under everything: the run's controls, where it is inside its step, and the slider that takes every panel
 * back to an earlier step. The same bar plays a recorded run.
 */
import { formatCount } from '../../run/format';
import { Button } from '../components/Button';
import { newestStep, oldestStep, shownStepNumber } from '../history/select';
import { Controls } from '../panels/Controls';
import { usePage, useSession } from '../state/context';
import { shownManifest } from '../state/selectors';
import { PhaseStrip } from './PhaseStrip';
import { ReplayControls } from './ReplayControls';
import { SpeedMenu } from './SpeedMenu';
import styles from './Timeline.module.css';

export function Timeline() {
  const replaying = usePage((page) => page.replay !== null);
  return (
    <section className={styles.timeline} aria-label="Timeline" data-testid="timeline">
      <div className={styles.controls}>{replaying ? <ReplayControls /> : <Controls />}</div>
      <div className={styles.track}>
        <PhaseStrip />
        <Scrubber />
      </div>
      <div className={styles.side}>
        <FollowButton />
        <SpeedMenu />
      </div>
    </section>
  );
}

function Scrubber() {
  const session = useSession();
  const first = usePage(oldestStep);
  const last = usePage(newestStep);
  const shown = usePage(shownStepNumber);
  const steps = usePage((page) => shownManifest(page).steps);
  const replaying = usePage((page) => page.replay !== null);
  const held = usePage((page) => page.looking.heldStep !== null);
  const none = first === null || last === null || shown === null;
  const low = first ?? 0;
  // A live run's track is as long as the run is planned to be; a recording's as long as it got.
  const high = Math.max(low + 1, replaying ? (last ?? 0) : Math.max(steps - 1, last ?? 0));
  const share = (step: number) => `${((step - low) / (high - low)) * 100}%`;
  return (
    <div className={styles.scrubber}>
      <span
        className={`${styles.place} number`}
        data-testid="shown-step"
        data-value={shown ?? ''}
        data-held={held}
      >
        {none ? 'No step yet' : `Step ${formatCount(shown)}`}
      </span>
      <span className={styles.slider}>
        <span className={styles.rail} aria-hidden="true">
          <span className={styles.done} style={{ width: none ? 0 : share(last) }} />
        </span>
        <input
          type="range"
          aria-label="Step on screen"
          aria-valuetext={none ? 'no step yet' : `step ${shown}${held ? '' : ', the newest'}`}
          min={low}
          max={high}
          step={1}
          value={shown ?? low}
          disabled={none}
          onChange={(event) => session.seek(Math.min(Number(event.target.value), last ?? 0))}
        />
      </span>
      <span className={`${styles.end} number`}>{formatCount(high)}</span>
    </div>
  );
}

function FollowButton() {
  const session = useSession();
  const held = usePage((page) => page.looking.heldStep !== null);
  const replaying = usePage((page) => page.replay !== null);
  if (replaying) return null;
  return (
    <Button
      className={styles.follow}
      aria-pressed={!held}
      data-testid="follow"
      title={held ? 'Back to the newest step' : 'Every panel shows the newest step'}
      onClick={() => session.seek(held ? null : shownStepNumber(session.store.getState()))}
    >
      <span className={styles.dot} aria-hidden="true" />
      {held ? 'Follow live' : 'Following'}
    </Button>
  );
}
