/** A labelled number that is typed: whole or not, within bounds, its text kept while it is wrong. */
import styles from './SecondOpinion.module.css';

interface Props {
  label: string;
  testId: string;
  text: string;
  valid: boolean;
  onChange(text: string): void;
}

export function NumberField({ label, testId, text, valid, onChange }: Props) {
  return (
    <label className={styles.field}>
      {label}
      <input
        className="number"
        type="text"
        inputMode="decimal"
        autoComplete="off"
        data-testid={testId}
        value={text}
        aria-invalid={!valid || undefined}
        onChange={(event) => onChange(event.target.value.trim())}
      />
    </label>
  );
}

/** The number in `text`; null where it is none, or out of bounds. */
export function readNumber(text: string, low: number, high: number, whole: boolean): number | null {
  const value = Number(text);
  if (text === '' || !Number.isFinite(value) || value < low || value > high) return null;
  return whole && !Number.isInteger(value) ? null : value;
}
