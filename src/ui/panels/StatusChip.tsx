/** One line on where the run is: state, step of how many, and the phase of the step under way. */
import type { LabState } from '../../lab/protocol';
import type { Phase } from '../../run/events';
import { formatCount } from '../../run/format';
import { usePage } from '../state/context';
import { shownManifest } from '../state/selectors';
import styles from './StatusChip.module.css';

const STATE_WORDS: Record<LabState, string> = {
  opening: 'Opening the GPU',
  unavailable: 'No GPU',
  idle: 'Ready to start',
  loading: 'Loading',
  ready: 'Ready',
  running: 'Running',
  pausing: 'Pausing',
  paused: 'Paused',
  benchmarking: 'Answering benchmark sets',
  finished: 'Finished',
  failed: 'Stopped by an error',
};

export const PHASE_WORDS: Record<Phase, string> = {
  meta: 'predicting its rollouts',
  gate: 'choosing prompts',
  rollout: 'generating rollouts',
  reward: 'judging answers',
  advantage: 'comparing rollouts',
  update: 'updating the policy',
  clone: 'learning from outcomes',
  evaluate: 'held-out test',
  checkpoint: 'saving',
};

export function StatusChip() {
  const state = usePage((page) => page.lab.state);
  const step = usePage((page) => page.lab.step);
  const steps = usePage((page) => shownManifest(page).steps);
  const phase = usePage((page) => page.run.phase?.phase ?? null);
  const hasRun = usePage((page) => page.lab.loaded !== null);
  const recorded = usePage((page) => page.replay !== null);
  if (recorded)
    return (
      <p className={styles.chip} data-testid="status" data-state={state} data-step={step}>
        <span className={styles.badge}>Recorded</span>
        <span className={styles.live}>{STATE_WORDS[state]}</span>
      </p>
    );
  const showPhase = phase !== null && (state === 'running' || state === 'pausing');
  return (
    <p className={styles.chip} data-testid="status" data-state={state} data-step={step}>
      <span className={styles.dot} aria-hidden="true" />
      {/* The phase changes several times a step: it is not read out. */}
      <span role="status">{STATE_WORDS[state]}</span>
      {hasRun && (
        <span className={`${styles.step} number`}>
          step {formatCount(step)} of {formatCount(steps)}
        </span>
      )}
      {showPhase && <span className={styles.phase}>{PHASE_WORDS[phase]}</span>}
    </p>
  );
}
