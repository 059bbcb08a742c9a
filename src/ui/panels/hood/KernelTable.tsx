/** The kernels of a profile as a table that can be sorted by each of its columns; a name opens its source. */
import { useMemo, useState } from 'react';
import { formatCount, formatDuration, formatNumber, formatPercent, NO_VALUE } from '../../../run/format';
import { Explain } from '../../components/Explain';
import { Icon } from '../../components/Icon';
import { fileOf, gigaPerSecond, type KernelRow, type SortKey, sortRows } from '../../views/hood';
import { openFile } from './hood-store';
import styles from './Kernels.module.css';

interface Column {
  key: SortKey;
  label: string;
  definition: string;
  formula?: string;
}

const COLUMNS: readonly Column[] = [
  {
    key: 'kernel',
    label: 'Kernel',
    definition:
      'The file in shaders/ that it is compiled from; with _float16 behind its name, the one without, over weights stored as halves.',
  },
  {
    key: 'time',
    label: 'Time',
    definition: 'On the device, of all its calls in the step, and its share of all kernels’ time.',
    formula: 'Σ (timestamp after − timestamp before)',
  },
  { key: 'calls', label: 'Calls', definition: 'How often it was dispatched in the step.' },
  {
    key: 'gflops',
    label: 'GFLOP/s',
    definition:
      'Operations a second, in thousand millions: of matrix products and attention, counted from the shapes of every call, recomputed ones included. Other arithmetic is not counted.',
    formula: 'flops / device_ms / 10⁶',
  },
  {
    key: 'gbytes',
    label: 'GB/s',
    definition:
      'Bytes that have to be moved at least (every value of its operands once) a second. Less than the memory gave where values are read again.',
    formula: 'bytes / device_ms / 10⁶',
  },
];

export function KernelTable({ rows }: { rows: readonly KernelRow[] }) {
  const [by, setBy] = useState<{ key: SortKey; reversed: boolean }>({ key: 'time', reversed: false });
  const sorted = useMemo(() => sortRows(rows, by.key, by.reversed), [rows, by]);
  const largest = Math.max(0, ...rows.map((row) => row.share ?? 0));
  return (
    <div className={styles.scroll}>
      <table className={styles.table} data-testid="kernel-table">
        <thead>
          <tr>
            {COLUMNS.map(({ key, label, ...about }) => (
              <th
                key={key}
                scope="col"
                aria-sort={
                  by.key === key ? (isRising(key, by.reversed) ? 'ascending' : 'descending') : 'none'
                }
              >
                <Explain label={label} {...about} />
                <button
                  type="button"
                  className={styles.sort}
                  aria-label={`Sort by ${label}`}
                  data-active={by.key === key}
                  data-reversed={isRising(key, by.reversed)}
                  onClick={() => setBy({ key, reversed: by.key === key && !by.reversed })}
                >
                  <Icon name="down" size={12} />
                </button>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {sorted.map((row) => (
            <Row key={row.kernel} row={row} largest={largest} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Numbers stand largest first, names from A on, until they are turned round. */
const isRising = (key: SortKey, reversed: boolean): boolean => (key === 'kernel') !== reversed;

function Row({ row, largest }: { row: KernelRow; largest: number }) {
  const { kernel, ms, share, calls } = row;
  const flops = gigaPerSecond(row.flops, ms);
  const bytes = gigaPerSecond(row.bytes, ms);
  return (
    <tr data-testid={`kernel-${kernel}`} data-ms={ms ?? ''} data-calls={calls} data-flops={row.flops ?? ''}>
      <th scope="row">
        <button type="button" className={styles.open} onClick={() => openFile(fileOf(kernel))}>
          {kernel}
        </button>
      </th>
      <td>
        <div className={styles.time}>
          <span className="number">{ms === null ? NO_VALUE : formatDuration(ms)}</span>
          <span className={styles.track} aria-hidden="true">
            <span style={{ width: `${largest > 0 ? ((share ?? 0) / largest) * 100 : 0}%` }} />
          </span>
          <span className="number">{share === null ? '' : formatPercent(share)}</span>
        </div>
      </td>
      <td className="number">{formatCount(calls)}</td>
      <td className="number">
        {row.flops === null ? (
          <abbr title="Not counted: its arithmetic is neither a matrix product nor attention">
            {NO_VALUE}
          </abbr>
        ) : (
          formatNumber(flops, 3)
        )}
      </td>
      <td className="number">{formatNumber(bytes, 3)}</td>
    </tr>
  );
}
