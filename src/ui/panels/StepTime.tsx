/** Where the time of a step goes, by phase: the last step and the mean of the recent ones. */

import { PHASES, type Phase } from '../../run/events';
import { formatDuration, formatPercent } from '../../run/format';
import { Explain } from '../components/Explain';
import { Panel } from '../components/Panel';
import { usePage } from '../state/context';
import type { StepPoint } from '../state/run-view';
import styles from './StepTime.module.css';

const RECENT = 20;

const PHASE_NOTES: Record<Phase, { label: string; definition: string }> = {
  rollout: { label: 'Rollout', definition: 'Generating the rollouts, token after token, on the GPU.' },
  reward: { label: 'Reward', definition: 'Verifying the answers and computing the advantages.' },
  update: { label: 'Update', definition: 'Forward, backward and AdamW over the rollouts of the step.' },
  evaluate: {
    label: 'Held-out test',
    definition: 'Answering the held-out problems, in the steps that have a test.',
  },
  checkpoint: {
    label: 'Checkpoint',
    definition: 'Saving weights and optimiser state, in the steps that do.',
  },
};

const sumOf = (point: StepPoint): number =>
  PHASES.reduce((sum, phase) => sum + (point.phasesMs[phase] ?? 0), 0);

export function StepTime() {
  const steps = usePage((page) => page.run.steps);
  const last = steps.at(-1);
  const recent = steps.slice(-RECENT);
  return (
    <Panel name="step-time" title="Where does the time go?" caption="Each step by phase.">
      {last ? (
        <>
          <Bar point={last} />
          <table className={styles.table}>
            <thead>
              <tr>
                <th scope="col">Phase</th>
                <th scope="col">Last step</th>
                <th scope="col">Share</th>
                <th scope="col">Mean of {recent.length}</th>
              </tr>
            </thead>
            <tbody>
              {PHASES.map((phase) => {
                const mean =
                  recent.reduce((sum, point) => sum + (point.phasesMs[phase] ?? 0), 0) / recent.length;
                const ms = last.phasesMs[phase];
                return (
                  <tr key={phase} data-testid={`phase-${phase}`}>
                    <th scope="row">
                      <span
                        className={styles.key}
                        style={{ background: `var(--phase-${phase})` }}
                        aria-hidden="true"
                      />
                      <Explain {...PHASE_NOTES[phase]} value={formatDuration(ms)} />
                    </th>
                    <td className="number">{formatDuration(ms)}</td>
                    <td className="number">{ms === undefined ? '–' : formatPercent(ms / sumOf(last))}</td>
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

function Bar({ point }: { point: StepPoint }) {
  const total = sumOf(point);
  return (
    <div className={styles.bar} aria-hidden="true">
      {PHASES.map((phase) => (
        <span
          key={phase}
          style={{
            width: `${total > 0 ? ((point.phasesMs[phase] ?? 0) / total) * 100 : 0}%`,
            background: `var(--phase-${phase})`,
          }}
        />
      ))}
    </div>
  );
}
