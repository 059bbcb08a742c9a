/** The row's tokens as a strip, coloured by a quantity: the prompt's quieter, one of them chosen by arrow keys or press. */
import { ToggleGroup } from 'radix-ui';
import { type CSSProperties, memo } from 'react';
import { Explain } from '../../components/Explain';
import { places } from '../../components/places';
import { type Looked, useAttention, useInspector } from '../../inspector/hooks';
import { usePage, useSession } from '../../state/context';
import { shownTask } from '../../state/selectors';
import { tokenText } from '../../state/wording';
import { isClipped } from '../../views/inspector';
import { QUANTITIES, type Quantity, type QuantityKey, valuesOf } from '../../views/inspector-quantities';
import { CLIP_WORDS } from '../../views/inspector-words';
import { Picker } from '../Picker';
import styles from './Inspector.module.css';

/** Percent of the colour at a full amount: the text on it stays readable. */
const FULL_SHADE = 46;

/** The colour of an amount, as CSS: above and below zero differ in hue, the amount in depth. */
function shadeOf({ diverging }: Quantity, amount: number | null): string {
  if (amount === null) return 'transparent';
  const hue = diverging ? (amount < 0 ? 'below' : 'above') : 'accent';
  return `color-mix(in srgb, var(--${hue}) ${Math.round(Math.abs(amount) * FULL_SHADE)}%, var(--surface))`;
}

/** The quantity that is drawn: one that takes a policy is not there without. */
export function useQuantity({ answer }: Looked): Quantity {
  const key = useInspector((state) => state.quantity);
  return QUANTITIES[QUANTITIES[key].needsPolicy && !answer ? 'sampled' : key];
}

export function useValues(looked: Looked): (number | null)[] {
  const attention = useAttention(looked);
  return valuesOf(useQuantity(looked).key, looked.numbers, attention);
}

/** The choice of the quantity, with its legend. */
export function QuantityBar({ looked }: { looked: Looked }) {
  const session = useSession();
  const quantity = useQuantity(looked);
  const options = Object.values(QUANTITIES)
    .filter(({ needsPolicy }) => !needsPolicy || looked.answer)
    .map(({ key, label }) => ({ value: key, label, group: '' }));
  return (
    <div className={styles.bar}>
      <Picker
        label="Colour the tokens by"
        testId="inspector-quantity"
        value={quantity.key}
        options={options}
        groups={{}}
        onChange={(next) => session.inspector.look({ quantity: next as QuantityKey })}
      />
      <span>
        <Explain
          label={quantity.label}
          definition={quantity.definition}
          formula={quantity.formula}
          trigger="What is this?"
        >
          <p>Computed in {quantity.source}.</p>
        </Explain>
      </span>
      <ul className={`${styles.legend} number`} aria-label={`Legend: ${quantity.label}`}>
        {quantity.legend.map(({ amount, label }) => (
          <li key={label}>
            <i style={{ background: shadeOf(quantity, amount) }} /> {label}
          </li>
        ))}
        {looked.answer && (
          <li>
            <i className={styles.clippedKey} /> clipped
          </li>
        )}
      </ul>
    </div>
  );
}

export function TokenStrip({ looked }: { looked: Looked }) {
  const session = useSession();
  const position = useInspector((state) => state.position);
  const task = usePage(shownTask);
  const quantity = useQuantity(looked);
  const values = useValues(looked);
  const { numbers } = looked;
  return (
    <ToggleGroup.Root
      type="single"
      className={styles.strip}
      aria-label="Tokens of prompt and rollout"
      data-testid="inspector-tokens"
      value={String(position)}
      onValueChange={(next) => {
        if (next) session.inspector.choose(Number(next));
      }}
    >
      {places(numbers.length).map((at) => {
        const { token, inPrompt, clip } = numbers[at];
        const value = values[at];
        const clipped = clip !== null && isClipped(clip);
        const said = value === null ? '' : `, ${quantity.label.toLowerCase()} ${quantity.text(value)}`;
        return (
          <Chip
            key={at}
            position={at}
            text={tokenText(task, token)}
            label={`${inPrompt ? 'Prompt token' : 'Token'} ${at + 1}: ${tokenText(task, token)}${said}${clip && clip !== 'inside' ? `, ${CLIP_WORDS[clip]}` : ''}`}
            shade={shadeOf(quantity, value === null ? null : quantity.amount(value))}
            inPrompt={inPrompt}
            clipped={clipped}
            value={value}
          />
        );
      })}
    </ToggleGroup.Root>
  );
}

interface ChipProps {
  position: number;
  text: string;
  label: string;
  shade: string;
  inPrompt: boolean;
  clipped: boolean;
  value: number | null;
}

/** Drawn again only when something of its own changed. */
const Chip = memo(function Chip({ position, text, label, shade, inPrompt, clipped, value }: ChipProps) {
  const { inspector } = useSession();
  return (
    <ToggleGroup.Item
      value={String(position)}
      className={styles.chip}
      style={{ '--shade': shade } as CSSProperties}
      aria-label={label}
      data-testid={`inspector-token-${position}`}
      data-prompt={inPrompt}
      data-clipped={clipped}
      data-value={value ?? ''}
      // Where the arrow keys lead is what is shown, as pressing would.
      onFocus={() => inspector.choose(position)}
    >
      {text}
    </ToggleGroup.Item>
  );
});
