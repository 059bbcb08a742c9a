/** A panel of the page: a titled region with room for controls at its right and a caption under its title. */
import { type ReactNode, useId } from 'react';
import styles from './Panel.module.css';

interface Props {
  /** Stable name, for links and tests: `groups`, `charts`. */
  name: string;
  title: ReactNode;
  caption?: ReactNode;
  tools?: ReactNode;
  children: ReactNode;
  className?: string;
}

export function Panel({ name, title, caption, tools, children, className }: Props) {
  const heading = useId();
  return (
    <section
      id={name}
      data-testid={`panel-${name}`}
      aria-labelledby={heading}
      className={className ? `${styles.panel} ${className}` : styles.panel}
    >
      <header className={styles.header}>
        <h2 id={heading}>{title}</h2>
        {tools && <div className={styles.tools}>{tools}</div>}
        {caption && <p className={styles.caption}>{caption}</p>}
      </header>
      {children}
    </section>
  );
}
