/** Play, and one step back or forth, through a recorded run; and back to the live one. */
import { Button } from '../components/Button';
import { Icon } from '../components/Icon';
import { neighbour } from '../history/select';
import styles from '../panels/Controls.module.css';
import { usePage, useSession } from '../state/context';

export function ReplayControls() {
  const session = useSession();
  const playing = usePage((page) => page.replay?.playing === true);
  const reading = usePage((page) => page.replay?.reading === true);
  const hasEarlier = usePage((page) => neighbour(page, -1) !== null);
  const hasLater = usePage((page) => neighbour(page, 1) !== null);
  return (
    <fieldset className={styles.controls} aria-label="Recording controls">
      <Button
        weight="primary"
        className={styles.main}
        icon={<Icon name={playing ? 'pause' : 'run'} />}
        shortcut="Space"
        disabled={reading}
        onClick={() => session.replayer.toggle()}
        data-testid="play"
      >
        {playing ? 'Pause' : 'Play'}
      </Button>
      <Button
        icon={<Icon name="back" />}
        aria-label="Earlier step"
        aria-keyshortcuts="ArrowLeft"
        disabled={!hasEarlier}
        onClick={() => session.seekBy(-1)}
        title="Earlier step (left arrow)"
      />
      <Button
        icon={<Icon name="step" />}
        aria-label="Later step"
        aria-keyshortcuts="ArrowRight"
        disabled={!hasLater}
        onClick={() => session.seekBy(1)}
        title="Later step (right arrow)"
      />
      <Button icon={<Icon name="close" />} onClick={() => session.replayer.close()}>
        Close recording
      </Button>
    </fieldset>
  );
}
