/** What stands in a panel that has nothing to draw: one sentence on how to get there, and where it helps a button. */
import type { ReactNode } from 'react';
import styles from './Empty.module.css';

export function Empty({ children, action }: { children: ReactNode; action?: ReactNode }) {
  return (
    <div className={styles.empty} data-testid="empty">
      <p>{children}</p>
      {action}
    </div>
  );
}
