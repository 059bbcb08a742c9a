/**
 * A still picture drawn as SVG, at the size of its place on the page: a name that says what it shows, and its numbers
 * as a table for whoever does not see it. Curves that stream are `Chart`'s.
 */
import { type ReactNode, useId, useRef } from 'react';
import styles from './Picture.module.css';
import type { Table } from './panel-offers';
import { TableView } from './TableView';
import { useWidth } from './useWidth';

interface Props {
  /** Stable name: `scatter`. */
  name: string;
  title: string;
  /** What the picture shows, with its main numbers: its name for those who do not see it. */
  label: string;
  /** Height in pixels at a width. */
  height: (width: number) => number;
  /** What is drawn, in pixels. */
  children: (width: number, height: number) => ReactNode;
  legend?: ReactNode;
  table: () => Table;
  note?: ReactNode;
}

export function Picture({ name, title, label, height, children, legend, table, note }: Props) {
  const [box, width] = useWidth<HTMLDivElement>();
  const svg = useRef<SVGSVGElement>(null);
  const titleId = useId();
  const tall = width === 0 ? 0 : height(width);
  return (
    <figure className={styles.picture} data-testid={`picture-${name}`} aria-labelledby={titleId}>
      <figcaption className={styles.caption}>
        <span id={titleId} className={styles.title}>
          {title}
        </span>
        {legend}
      </figcaption>
      <div ref={box} className={styles.frame}>
        {width > 0 && (
          <svg
            ref={svg}
            width={width}
            height={tall}
            viewBox={`0 0 ${width} ${tall}`}
            role="img"
            aria-label={label}
          >
            {children(width, tall)}
          </svg>
        )}
      </div>
      {note && <div className={styles.note}>{note}</div>}
      <TableView name={name} title={title} table={table} picture={() => svg.current} />
    </figure>
  );
}
