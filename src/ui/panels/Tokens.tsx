/**
 * A rollout token by token. The shade says how surprising a token was to the policy that wrote it; hovering or
 * moving through them by arrow keys reads out its log-probability in the line below.
 */
import { Toolbar } from 'radix-ui';
import { type CSSProperties, memo, useState } from 'react';
import { formatFixed, formatPercent } from '../../run/format';
import type { Task } from '../../tasks/task';
import { places } from '../components/places';
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
        {places(tokens.length).map((i) => (
          <Chip
            key={i}
            place={i}
            text={tokenText(task, tokens[i])}
            label={wordToken(task, tokens[i], i, logps?.[i])}
            shade={shade(logps?.[i])}
            choose={setChosen}
          />
        ))}
      </Toolbar.Root>
      <p className={`${styles.readout} number`} data-testid="token-readout">
        {chosen !== null && chosen < tokens.length
          ? wordToken(task, tokens[chosen], chosen, logps?.[chosen])
          : logps
            ? 'The darker a token, the less likely the policy thought it. Hover or use the arrow keys.'
            : 'Log-probabilities come with the verdict.'}
      </p>
    </div>
  );
}

const shade = (logp: number | undefined): string =>
  `${Math.round(logp === undefined ? 0 : Math.min(1, -logp / FULL_SURPRISE) * 46)}%`;

function wordToken(task: Task, id: number, place: number, logp: number | undefined): string {
  const name = `Token ${place + 1}: ${tokenText(task, id)}`;
  if (logp === undefined) return name;
  return `${name}, log-probability ${formatFixed(logp, 3)}, probability ${formatPercent(Math.exp(logp))}`;
}

interface ChipProps {
  place: number;
  text: string;
  label: string;
  shade: string;
  choose: (place: number) => void;
}

/** Kept as it is while tokens are added after it. */
const Chip = memo(function Chip({ place, text, label, shade, choose }: ChipProps) {
  return (
    <Toolbar.Button
      className={styles.chip}
      style={{ '--surprise': shade } as CSSProperties}
      aria-label={label}
      onPointerEnter={() => choose(place)}
      onFocus={() => choose(place)}
    >
      {text}
    </Toolbar.Button>
  );
});
