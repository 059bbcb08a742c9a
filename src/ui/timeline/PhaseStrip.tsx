/**
 * The phases of a step in their order: which one is under way, or, of a step that ended, how long each took. A run
 * at rest between two phases shows the one that comes next.
 */
import { PHASES, type Phase } from '../../run/events';
import { formatDuration } from '../../run/format';
import type { Manifest } from '../../run/manifest';
import { shownStepNumber } from '../history/select';
import { usePage, usePageFields } from '../state/context';
import { shownManifest } from '../state/selectors';
import type { PageState } from '../state/store';
import styles from './Timeline.module.css';

const WORDS: Record<Phase, string> = {
  meta: 'Predict',
  gate: 'Gate',
  rollout: 'Roll out',
  reward: 'Reward',
  advantage: 'Advantage',
  update: 'Update',
  clone: 'Clone',
  evaluate: 'Test',
  checkpoint: 'Save',
};

/** The phases that a step of this run has; the test and the saving come between steps. */
function phasesOf(manifest: Manifest): Phase[] {
  return PHASES.filter((phase) => {
    if (phase === 'meta') return manifest.masa_meta !== 'off';
    if (phase === 'gate') return manifest.masa_gate;
    if (phase === 'clone') return manifest.masa_experts || manifest.meta_adapter !== 'none';
    return phase !== 'evaluate' && phase !== 'checkpoint';
  });
}

/** The phase under way, while the newest step is what is on screen; null otherwise. */
function phaseUnderWay(page: PageState): Phase | null {
  const { state } = page.lab;
  const alive = state === 'running' || state === 'pausing' || state === 'paused';
  if (page.replay || page.looking.heldStep !== null || !alive || !page.run.phase) return null;
  const { step, phase } = page.run.phase;
  const ended = page.run.steps.at(-1)?.step;
  // After a step its last phase stays in the view until the next one begins.
  return phase !== 'evaluate' && phase !== 'checkpoint' && ended === step ? null : phase;
}

export function PhaseStrip() {
  const phases = usePageFields((page) => phasesOf(shownManifest(page)));
  const now = usePage(phaseUnderWay);
  const resting = usePage((page) => page.lab.state === 'paused');
  const times = usePage((page) => {
    const step = shownStepNumber(page);
    return now === null ? page.run.steps.findLast((point) => point.step === step)?.phasesMs : undefined;
  });
  const between = now === 'evaluate' || now === 'checkpoint';
  const shown = between ? [now] : phases;
  const at = now === null ? -1 : shown.indexOf(now);
  return (
    <ol className={styles.phases} aria-label="Phases of the step" data-testid="phases" data-phase={now ?? ''}>
      {shown.map((phase, i) => {
        const state = at < 0 ? 'past' : i < at ? 'past' : i > at ? 'ahead' : resting ? 'next' : 'now';
        const time = times?.[phase];
        return (
          <li
            key={phase}
            data-state={state}
            aria-current={i === at ? 'step' : undefined}
            style={{ '--phase': `var(--phase-${phase})` } as React.CSSProperties}
          >
            <span className={styles.mark} aria-hidden="true" />
            <span className={styles.word}>
              {state === 'next' && <span className="visually-hidden">Next: </span>}
              {WORDS[phase]}
            </span>
            {time !== undefined && <span className={`${styles.time} number`}>{formatDuration(time)}</span>}
          </li>
        );
      })}
    </ol>
  );
}
