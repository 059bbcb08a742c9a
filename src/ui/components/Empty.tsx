/** What stands in a panel that has nothing to draw: one sentence on how to get there, and where it helps a button. */
import type { ReactNode } from 'react';
import styles from './Empty.module.css';

interface Props {
  children: ReactNode;
  action?: ReactNode;
  /** It is on its way: nobody has to do anything. */
  busy?: boolean;
}

export function Empty({ children, action, busy = false }: Props) {
  return (
    <div className={styles.empty} data-testid="empty" aria-busy={busy}>
      <p>{children}</p>
      {action}
    </div>
  );
}
