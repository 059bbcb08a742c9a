/** Where the time of a step goes, by phase: the last step and the mean of the recent ones. */

import { PHASES, type Phase } from '../../run/events';
import { formatCount, formatDuration, formatShare } from '../../run/format';
import { Explain } from '../components/Explain';
import { Panel } from '../components/Panel';
import { usePage } from '../state/context';
import type { EvaluationPoint, StepPoint } from '../state/run-view';
import styles from './StepTime.module.css';

const RECENT = 20;

export const PHASE_NOTES: Record<Phase, { label: string; definition: string }> = {
  meta: {
    label: 'Prediction',
    definition: 'Generating and reading what the policy predicts of its own rollouts.',
  },
  gate: { label: 'Gate', definition: 'Deciding by the predictions which prompts are rolled out.' },
  rollout: { label: 'Rollout', definition: 'Generating the rollouts, token after token, on the GPU.' },
  reward: { label: 'Reward', definition: 'Verifying the answers.' },
  advantage: {
    label: 'Advantage',
    definition: 'Comparing each rollout with the others on its problem, and each prediction with the truth.',
  },
  update: { label: 'Update', definition: 'Forward, backward and AdamW over the rollouts of the step.' },
  clone: {
    label: 'Cloning',
    definition: 'Supervised updates of the meta side: expert predictions, or outcomes for its adapter.',
  },
  evaluate: {
    label: 'Held-out test',
    definition: 'Answering the held-out problems, in the steps that have a test.',
  },
  checkpoint: {
    label: 'Checkpoint',
    definition: 'Saving weights and optimiser state, in the steps that do.',
  },
};

/** Phases every step has; the others are shown once they have taken time. */
const ALWAYS: ReadonlySet<Phase> = new Set(['rollout', 'reward', 'update']);

type Times = Partial<Record<Phase, number>>;

/** A step's phases, with the held-out test that followed it: that one is timed by its own event. */
function timesOf(point: StepPoint, evaluations: readonly EvaluationPoint[]): Times {
  const after = evaluations.filter((evaluation) => evaluation.step === point.step + 1);
  if (after.length === 0) return point.phasesMs;
  return { ...point.phasesMs, evaluate: after.reduce((sum, each) => sum + each.durationMs, 0) };
}

const total = (times: Times): number => PHASES.reduce((sum, phase) => sum + (times[phase] ?? 0), 0);

export function StepTime() {
  const held = usePage((page) => page.looking.heldStep);
  const all = usePage((page) => page.run.steps);
  const steps = held === null ? all : all.slice(0, all.findLastIndex((point) => point.step <= held) + 1);
  const evaluations = usePage((page) => page.run.evaluations);
  const recent = steps.slice(-RECENT).map((point) => timesOf(point, evaluations));
  const last = recent.at(-1);
  const shown = PHASES.filter((phase) => ALWAYS.has(phase) || recent.some((times) => times[phase]));
  return (
    <Panel
      name="step-time"
      title="Where does the time go?"
      caption={`${held === null ? 'The last step' : `Step ${formatCount(held)}`} by phase, and the mean of the recent ones.`}
    >
      {last ? (
        <>
          <Bar times={last} />
          <table className={styles.table}>
            <thead>
              <tr>
                <th scope="col">Phase</th>
                <th scope="col">{held === null ? 'Last step' : 'This step'}</th>
                <th scope="col">Share</th>
                <th scope="col">Mean of {recent.length}</th>
              </tr>
            </thead>
            <tbody>
              {shown.map((phase) => {
                const mean = recent.reduce((sum, times) => sum + (times[phase] ?? 0), 0) / recent.length;
                const ms = last[phase];
                return (
                  <tr key={phase} data-testid={`phase-${phase}`}>
                    <th scope="row">
                      <span
                        className={styles.key}
                        style={{ background: `var(--phase-${phase})` }}
                        aria-hidden="true"
                      />
                      <Explain
                        {...PHASE_NOTES[phase]}
                        value={formatDuration(ms)}
                        source="src/rl/step/clock.ts"
                      />
                    </th>
                    <td className="number">{formatDuration(ms)}</td>
                    <td className="number">{ms === undefined ? '–' : formatShare(ms / total(last))}</td>
                    <td className="number">{formatDuration(mean)}</td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </>
      ) : (
        <p className={styles.empty}>Known after the first step.</p>
      )}
    </Panel>
  );
}

function Bar({ times }: { times: Times }) {
  const sum = total(times);
  return (
    <div className={styles.bar} aria-hidden="true">
      {PHASES.map((phase) => (
        <span
          key={phase}
          style={{
            width: `${sum > 0 ? ((times[phase] ?? 0) / sum) * 100 : 0}%`,
            background: `var(--phase-${phase})`,
          }}
        />
      ))}
    </div>
  );
}
