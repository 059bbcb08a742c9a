/**
 * The numbers behind a picture: opened on demand as a table, or saved as CSV with every digit, here or by the panel's
 * menu.
 */
import { useEffect, useMemo, useRef, useState } from 'react';
import { formatNumber } from '../../run/format';
import { downloadFiles } from '../state/download';
import { Button } from './Button';
import { toCsv } from './csv';
import { type Cell, type Table, useOffer } from './panel-offers';
import { places } from './places';
import styles from './TableView.module.css';

/** Rows shown; the file has them all. */
const MOST_ROWS = 200;

interface Props {
  /** Stable name, the file's: `rewards`. */
  name: string;
  /** What it is of, for the panel's menu: `Rewards`. */
  title: string;
  table: () => Table;
  /** The picture it belongs to, to be saved with it. */
  picture?: () => SVGSVGElement | null;
}

export function TableView({ name, title, table, picture }: Props) {
  const [open, setOpen] = useState(false);
  const latest = useRef({ table, picture });
  useEffect(() => {
    latest.current = { table, picture };
  }, [table, picture]);
  useOffer(
    useMemo(
      () => ({
        title,
        table: () => latest.current.table(),
        picture: () => latest.current.picture?.() ?? null,
      }),
      [title],
    ),
  );
  return (
    <details className={styles.details} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{title}, as a table</summary>
      {open && <Opened name={name} table={table()} />}
    </details>
  );
}

function Opened({ name, table }: { name: string; table: Table }) {
  const { columns, rows } = table;
  const save = () => {
    const bytes = new TextEncoder().encode(toCsv(table));
    downloadFiles(name, [{ name: `${name}.csv`, bytes: bytes.buffer }]);
  };
  return (
    <>
      <div className={styles.scroll}>
        {/* Inside of what scrolls, so that the keyboard gets there too. */}
        <Button weight="quiet" className={styles.save} onClick={save}>
          Save as CSV
        </Button>
        <table>
          <thead>
            <tr>
              {columns.map((column) => (
                <th key={column} scope="col">
                  {column}
                </th>
              ))}
            </tr>
          </thead>
          <tbody className="number">
            {places(Math.min(rows.length, MOST_ROWS)).map((row) => (
              <tr key={row}>
                {places(columns.length).map((column) => (
                  <td key={column} data-kind={typeof rows[row][column]}>
                    {cellText(rows[row][column])}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {rows.length > MOST_ROWS && (
        <p>
          The first {MOST_ROWS} of {rows.length} rows; the file has them all.
        </p>
      )}
    </>
  );
}

const cellText = (cell: Cell): string => (typeof cell === 'string' ? cell : formatNumber(cell));
