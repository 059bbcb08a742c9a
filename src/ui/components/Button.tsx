/** The page's button in its three weights. A shortcut, where there is one, is shown and announced. */
import type { ButtonHTMLAttributes, ReactNode } from 'react';
import styles from './Button.module.css';

interface Props extends ButtonHTMLAttributes<HTMLButtonElement> {
  weight?: 'primary' | 'plain' | 'quiet';
  icon?: ReactNode;
  /** The key that does the same: 'S', 'Space'. */
  shortcut?: string;
  large?: boolean;
}

export function Button({ weight = 'plain', icon, shortcut, large, children, className, ...rest }: Props) {
  const names = [styles.button, styles[weight], large ? styles.large : '', className ?? ''];
  return (
    <button
      type="button"
      className={names.filter(Boolean).join(' ')}
      aria-keyshortcuts={shortcut === 'Space' ? 'Space' : shortcut?.toLowerCase()}
      {...rest}
    >
      {icon}
      {children !== undefined && <span>{children}</span>}
      {shortcut && (
        <span className={styles.key} aria-hidden="true">
          {shortcut}
        </span>
      )}
    </button>
  );
}
