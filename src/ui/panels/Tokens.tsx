/**
 * A rollout token by token. The shade says how surprising a token was to the policy that wrote it; hovering or
 * moving through them by arrow keys reads out its log-probability in the line below.
 */
import { Toolbar } from 'radix-ui';
import { useState } from 'react';
import { formatFixed, formatPercent } from '../../run/format';
import type { Task } from '../../tasks/task';
import type { RolloutView } from '../state/run-view';
import { tokenText } from '../state/wording';
import styles from './Tokens.module.css';

/** Surprise, in nats, from which on the shade is full: a probability of 5%. */
const FULL_SURPRISE = 3;

export function Tokens({ rollout, task }: { rollout: RolloutView; task: Task }) {
  const [chosen, setChosen] = useState<number | null>(null);
  const { tokens, logps } = rollout;
  if (tokens.length === 0) return <p className={styles.readout}>Nothing written yet.</p>;
  return (
    <div className={styles.tokens} data-testid="tokens">
      <Toolbar.Root
        className={styles.chips}
        aria-label="Tokens of the rollout"
        onPointerLeave={() => setChosen(null)}
      >
        {tokens.map((id, i) => (
          <Toolbar.Button
            // biome-ignore lint/suspicious/noArrayIndexKey: a token is its position in the rollout
            key={i}
            className={styles.chip}
            style={{ '--surprise': shade(logps?.[i]) } as React.CSSProperties}
            aria-label={wordToken(task, rollout, i)}
            onPointerEnter={() => setChosen(i)}
            onFocus={() => setChosen(i)}
          >
            {tokenText(task, id)}
          </Toolbar.Button>
        ))}
      </Toolbar.Root>
      <p className={`${styles.readout} number`} data-testid="token-readout">
        {chosen !== null && chosen < tokens.length
          ? wordToken(task, rollout, chosen)
          : logps
            ? 'The darker a token, the less likely the policy thought it. Hover or use the arrow keys.'
            : 'Log-probabilities come with the verdict.'}
      </p>
    </div>
  );
}

const shade = (logp: number | undefined): string =>
  `${Math.round(logp === undefined ? 0 : Math.min(1, -logp / FULL_SURPRISE) * 46)}%`;

function wordToken(task: Task, { tokens, logps }: RolloutView, i: number): string {
  const place = `Token ${i + 1} of ${tokens.length}: ${tokenText(task, tokens[i])}`;
  if (!logps) return place;
  return `${place}, log-probability ${formatFixed(logps[i], 3).replace('-', '−')}, probability ${formatPercent(Math.exp(logps[i]))}`;
}
