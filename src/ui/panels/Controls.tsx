/** Run, pause, step, phase, reset, stop: what the worker's state allows, with the keys that do the same. */
import { Button } from '../components/Button';
import { Icon } from '../components/Icon';
import { useAllowed, usePage, useSession } from '../state/context';
import styles from './Controls.module.css';

export function Controls() {
  const session = useSession();
  const allowed = useAllowed();
  const state = usePage((page) => page.lab.state);
  const running = state === 'running' || state === 'pausing';
  return (
    <fieldset className={styles.controls} aria-label="Run controls">
      {running ? (
        <Button
          weight="primary"
          className={styles.main}
          icon={<Icon name="pause" />}
          shortcut="Space"
          disabled={!allowed.pause}
          onClick={() => session.pause()}
        >
          {state === 'pausing' ? 'Pausing' : 'Pause'}
        </Button>
      ) : (
        <Button
          weight="primary"
          className={styles.main}
          icon={<Icon name="run" />}
          shortcut="Space"
          disabled={!allowed.run}
          onClick={() => session.run()}
        >
          {state === 'paused' ? 'Resume' : state === 'finished' ? 'Run again' : 'Run'}
        </Button>
      )}
      <Button
        icon={<Icon name="step" />}
        shortcut="S"
        disabled={!allowed.step}
        onClick={() => session.step()}
        title="Take one step, then pause"
      >
        Step
      </Button>
      <Button
        icon={<Icon name="phase" />}
        shortcut="P"
        aria-label="Next phase"
        disabled={!allowed.step}
        onClick={() => session.phase()}
        title="Go on to the next phase of the step, then pause"
      >
        Phase
      </Button>
      <Button
        className={styles.least}
        icon={<Icon name="reset" />}
        shortcut="R"
        disabled={!allowed.reset}
        onClick={() => session.reset()}
        title="Back to step 0: the same settings give the same initial policy"
      >
        Reset
      </Button>
      <Button
        className={styles.least}
        icon={<Icon name="stop" />}
        disabled={!allowed.stop}
        onClick={() => session.stop()}
        title="End the run and keep the last finished step as a checkpoint"
      >
        Stop
      </Button>
    </fieldset>
  );
}
