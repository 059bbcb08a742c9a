/**
 * A name that explains itself on hover, focus or tap: definition, formula, current value, source. Wraps Radix's
 * tooltip, which alone would not open on a touch screen.
 */
import { Tooltip } from 'radix-ui';
import { type ReactNode, useState } from 'react';
import styles from './Explain.module.css';

export interface Explanation {
  label: string;
  definition: string;
  formula?: string;
  /** Where in the source it is computed, from the top of the repository; a setting is computed nowhere. */
  source?: string;
}

interface Props extends Explanation {
  /** The current value as text, where there is one. */
  value?: string;
  /** More to say, e.g. why a number is zero. */
  children?: ReactNode;
  /** What is shown; the label when left out. */
  trigger?: ReactNode;
}

export function Explain({ label, definition, formula, source, value, children, trigger }: Props) {
  const [open, setOpen] = useState(false);
  return (
    <Tooltip.Root open={open} onOpenChange={setOpen} delayDuration={250}>
      <Tooltip.Trigger asChild>
        <button
          type="button"
          className={styles.trigger}
          // Radix closes on press; a tap has to open instead.
          onPointerDown={(event) => event.preventDefault()}
          onClick={(event) => {
            event.preventDefault();
            setOpen(true);
          }}
        >
          {trigger ?? label}
        </button>
      </Tooltip.Trigger>
      <Tooltip.Portal>
        <Tooltip.Content className={styles.content} sideOffset={6} collisionPadding={12}>
          <strong className={styles.title}>{label}</strong>
          <p>{definition}</p>
          {formula && <p className={styles.formula}>{formula}</p>}
          {value !== undefined && (
            <p className={styles.value}>
              Now <span className="number">{value}</span>
            </p>
          )}
          {children}
          {source && (
            <p className={styles.source}>
              Computed in <code>{source}</code>
            </p>
          )}
        </Tooltip.Content>
      </Tooltip.Portal>
    </Tooltip.Root>
  );
}
