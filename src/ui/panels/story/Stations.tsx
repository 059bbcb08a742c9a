/**
 * A step told in three stations, left to right: what the policy expected, what the gate did, what came of it. Numbers
 * above, the prompts as lines below. On the first screen for a recorded step, in the panel for the one on screen.
 */
import type { ReactNode } from 'react';
import { formatCount, formatPercent, NO_VALUE } from '../../../run/format';
import { Explain } from '../../components/Explain';
import type { Story } from '../../views/story';
import { Flow } from './Flow';
import styles from './Stations.module.css';

interface Props {
  story: Story;
  step: number;
  readable: (prompt: readonly number[]) => string;
}

export function Stations({ story, step, readable }: Props) {
  const { prompts, gate, expected, got, expectedOfTried, error, tried } = story;
  return (
    <div className={styles.stations}>
      <ol className={styles.heads}>
        <Station
          name="expected"
          title="It predicted"
          raw={expected}
          figure={formatPercent(expected)}
          label={
            <Explain
              label="right, on average"
              definition="The share of its rollouts that the policy expected to get right, before it tried: the mean over the step’s prompts."
              formula={`mean of the predicted pass rates of ${prompts.length} prompts`}
              value={formatPercent(expected)}
              source="src/ui/views/story.ts"
            />
          }
        >
          for each of {formatCount(prompts.length)} prompts, before trying any
        </Station>
        {gate ? (
          <Station
            name="skipped"
            title="The gate"
            raw={gate.skipped}
            figure={`${formatCount(gate.skipped)} of ${formatCount(prompts.length)}`}
            label={
              <Explain
                label="skipped"
                definition="Prompts that were given no rollouts to train on, since the predictions say that all of them would be right, or all wrong: such a group teaches nothing."
                formula={`${prompts.length} prompts − ${gate.kept} let through`}
                value={formatCount(gate.skipped)}
                source="src/rl/masa/gate-plan.ts"
              />
            }
          >
            {gate.skipped === 0
              ? 'none looked all right or all wrong'
              : gate.checked === 0
                ? 'as all right or all wrong; none was checked'
                : `as all right or all wrong; ${formatCount(gate.rightlySkipped)} of ${formatCount(gate.checked)} checked were`}
          </Station>
        ) : (
          <Station name="skipped" title="No gate" raw={null} figure={NO_VALUE} label="skipped">
            in this run every prompt is tried
          </Station>
        )}
        <Station
          name="got"
          title="What happened"
          raw={got}
          figure={formatPercent(got)}
          label={
            <Explain
              label="right"
              definition="The share of right rollouts over the prompts that were tried. A prompt’s prediction is off by its distance from the share that came out right."
              formula={`mean over ${tried} tried prompts of right rollouts / rollouts; off by ${formatPercent(error)} on average`}
              value={formatPercent(got)}
              source="src/ui/views/story.ts"
            />
          }
        >
          {error === null
            ? 'the rollouts are being written'
            : `of ${formatCount(tried)} prompts tried, where it expected ${formatPercent(expectedOfTried)}`}
        </Station>
      </ol>
      <Flow story={story} step={step} readable={readable} />
    </div>
  );
}

interface StationProps {
  name: string;
  title: string;
  /** The plain number, for whoever reads the page by script. */
  raw: number | null;
  figure: string;
  label: ReactNode;
  children: ReactNode;
}

function Station({ name, title, raw, figure, label, children }: StationProps) {
  return (
    <li data-station={name}>
      <h3>{title}</h3>
      <p className={styles.line}>
        <span className={`${styles.figure} number`} data-testid={`story-${name}`} data-value={raw ?? ''}>
          {figure}
        </span>{' '}
        {label}
      </p>
      <p className={`${styles.detail} number`}>{children}</p>
    </li>
  );
}
