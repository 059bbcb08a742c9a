/** The numbers behind a picture: opened on demand as a table, or saved as CSV with every digit. */
import { useState } from 'react';
import { formatNumber } from '../../run/format';
import { downloadFiles } from '../state/download';
import { type Cell, csv, type Table } from '../views/table';
import { Button } from './Button';
import { places } from './places';
import styles from './TableView.module.css';

/** Rows shown; the file has them all. */
const MOST_ROWS = 200;

export function TableView({ name, table }: { name: string; table: () => Table }) {
  const [open, setOpen] = useState(false);
  return (
    <details className={styles.details} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>The numbers</summary>
      {open && <Opened name={name} table={table()} />}
    </details>
  );
}

function Opened({ name, table }: { name: string; table: Table }) {
  const { columns, rows } = table;
  const save = () => {
    const bytes = new TextEncoder().encode(csv(table));
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

function cellText(cell: Cell): string {
  if (typeof cell === 'boolean') return cell ? 'yes' : 'no';
  return typeof cell === 'string' ? cell : formatNumber(cell);
}
