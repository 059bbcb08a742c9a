/**
 * A still picture drawn as SVG, at the size of its place on the page: a name that says what it shows, and its numbers
 * as a table for whoever does not see it. Curves that stream are `Chart`'s.
 */
import { type ReactNode, useId } from 'react';
import type { Table } from '../views/table';
import styles from './Picture.module.css';
import { TableView } from './TableView';
import { useWidth } from './useWidth';

interface Props {
  /** Stable name: `scatter`. */
  name: string;
  title?: ReactNode;
  /** What the picture shows, with its main numbers: its name for those who do not see it. */
  label: string;
  /** Height in pixels at a width. */
  height: (width: number) => number;
  /** What is drawn, in pixels. */
  children: (width: number, height: number) => ReactNode;
  legend?: ReactNode;
  table?: () => Table;
  note?: ReactNode;
}

export function Picture({ name, title, label, height, children, legend, table, note }: Props) {
  const [box, width] = useWidth<HTMLDivElement>();
  const titleId = useId();
  const tall = width === 0 ? 0 : height(width);
  return (
    <figure
      className={styles.picture}
      data-testid={`picture-${name}`}
      aria-labelledby={title ? titleId : undefined}
    >
      {(title || legend) && (
        <figcaption className={styles.caption}>
          {title && (
            <span id={titleId} className={styles.title}>
              {title}
            </span>
          )}
          {legend}
        </figcaption>
      )}
      <div ref={box} className={styles.frame}>
        {width > 0 && (
          <svg width={width} height={tall} viewBox={`0 0 ${width} ${tall}`} role="img" aria-label={label}>
            {children(width, tall)}
          </svg>
        )}
      </div>
      {note && <div className={styles.note}>{note}</div>}
      {table && <TableView name={name} table={table} />}
    </figure>
  );
}
