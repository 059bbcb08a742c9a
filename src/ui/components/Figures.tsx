/** Named numbers of a panel in a row or a column, each with what it is out of. The page's head has its own, larger. */
import type { ReactNode } from 'react';
import styles from './Figures.module.css';

interface FiguresProps {
  children: ReactNode;
  /** Below each other, where each has a line of detail. */
  column?: boolean;
}

export function Figures({ children, column = false }: FiguresProps) {
  return (
    <dl className={styles.figures} data-column={column}>
      {children}
    </dl>
  );
}

interface FigureProps {
  /** Its test id, under which the plain number can be read off the page. */
  name: string;
  /** An `Explain`. */
  label: ReactNode;
  value: number | null;
  text: string;
  detail?: string;
}

export function Figure({ name, label, value, text, detail }: FigureProps) {
  return (
    <div>
      <dt>{label}</dt>
      <dd className="number">
        <span className={styles.figure} data-testid={name} data-value={value ?? ''}>
          {text}
        </span>
        {detail && <span className={styles.detail}>{detail}</span>}
      </dd>
    </div>
  );
}
