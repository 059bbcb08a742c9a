/** Where a race stands: its controls, which arm is at work, how much is left, and what went wrong. */
import { Progress } from 'radix-ui';
import { formatBytes, formatCount, formatDuration } from '../../run/format';
import { Button } from '../components/Button';
import { Icon } from '../components/Icon';
import { useSession } from '../state/context';
import styles from './Race.module.css';
import { type RaceView, UNDER_WAY } from './state';

const STATES: Record<RaceView['state'], string> = {
  preparing: 'Preparing',
  running: 'Under way',
  pausing: 'Pausing after the work in flight',
  paused: 'Paused',
  finished: 'Finished',
  stopped: 'Stopped',
  failed: 'Failed',
};

const DOING: Record<NonNullable<RaceView['progress']>['doing'], string> = {
  loading: 'loading the base model',
  compiling: 'preparing',
  evaluating: 'answering held-out problems',
  training: 'taking a step',
};

export function RaceStatus({ race }: { race: RaceView }) {
  const { races } = useSession();
  const { state, progress, error, setup } = race;
  const done = progress?.done ?? race.lanes.reduce((sum, { steps }) => sum + steps, 0);
  const total =
    progress?.total ?? setup.seeds.length * setup.arms.reduce((sum, { manifest }) => sum + manifest.steps, 0);
  // What its settings rule out fails again.
  const again = state === 'failed' && error?.code !== 'manifest';
  return (
    <section
      className={styles.status}
      aria-label="The race’s state"
      data-testid="race-status"
      data-state={state}
    >
      <fieldset className={styles.controls} aria-label="Race controls">
        {(state === 'paused' || again) && (
          <Button weight="primary" icon={<Icon name="run" />} shortcut="Space" onClick={() => races.resume()}>
            Go on
          </Button>
        )}
        {(state === 'running' || state === 'preparing') && (
          <Button icon={<Icon name="pause" />} shortcut="Space" onClick={() => races.pause()}>
            Pause
          </Button>
        )}
        {(UNDER_WAY.has(state) || again) && (
          <Button icon={<Icon name="stop" />} onClick={() => races.stop()}>
            Stop
          </Button>
        )}
      </fieldset>
      {/* Which arm is at work changes many times a minute: only the state is announced. */}
      <span className="visually-hidden" role="status">
        {STATES[state]}
      </span>
      <p className={styles.where}>
        <strong>{STATES[state]}</strong>
        {progress && (
          <>
            {' '}
            seed {progress.seed} ({progress.place + 1} of {progress.of}): {progress.arm} is{' '}
            {DOING[progress.doing]}
          </>
        )}
      </p>
      <p className={`${styles.left} number`}>
        {formatCount(done)} of {formatCount(total)} steps
        {progress?.left_ms != null && `, about ${formatDuration(progress.left_ms)} left`}
        {race.deviceBytes !== null && `, ${formatBytes(race.deviceBytes)} on the device`}
      </p>
      <Progress.Root
        className={styles.track}
        value={done}
        max={Math.max(1, total)}
        aria-label="Steps of the race"
        getValueLabel={() => `${done} of ${total} steps`}
      >
        <Progress.Indicator
          className={styles.bar}
          style={{ width: `${(100 * done) / Math.max(1, total)}%` }}
        />
      </Progress.Root>
      {error && (
        <p className={styles.error} role="alert" data-testid="race-error">
          {error.message} {error.remedy}
        </p>
      )}
    </section>
  );
}
