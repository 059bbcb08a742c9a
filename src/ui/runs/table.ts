/**
 * The table of runs as data: what its columns hold, in which order and which rows, and the same as CSV. Pure; knows no
 * React.
 */
import type { RunEntry } from '../../lab/store/entry';
import { armOf, runName } from '../../run/arm';

export { armOf };

export const nameOf = (run: RunEntry): string => runName(run.name, run.manifest);

export interface Row {
  run: RunEntry;
  name: string;
  arm: string;
  /** "NAME at step N" of the run it was forked from; null for a run of its own. */
  lineage: string | null;
  elsewhere: boolean;
}

export type ColumnKey = 'name' | 'arm' | 'seed' | 'steps' | 'accuracy' | 'tokens' | 'time' | 'tags' | 'notes';

interface Column {
  key: ColumnKey;
  label: string;
  numeric: boolean;
  /** What rows are ordered by; null comes last either way. */
  value(row: Row): string | number | null;
}

export const COLUMNS: readonly Column[] = [
  { key: 'name', label: 'Name', numeric: false, value: (row) => row.name.toLowerCase() },
  { key: 'arm', label: 'Arm', numeric: false, value: (row) => row.arm.toLowerCase() },
  { key: 'seed', label: 'Seed', numeric: true, value: (row) => row.run.manifest.seed },
  { key: 'steps', label: 'Steps', numeric: true, value: (row) => row.run.steps },
  {
    key: 'accuracy',
    label: 'Accuracy (95% interval)',
    numeric: true,
    value: (row) => row.run.accuracy?.accuracy ?? null,
  },
  { key: 'tokens', label: 'Tokens', numeric: true, value: (row) => row.run.tokens },
  { key: 'time', label: 'Time', numeric: true, value: (row) => row.run.seconds },
  {
    key: 'tags',
    label: 'Tags',
    numeric: false,
    value: (row) => row.run.tags.join(' ').toLowerCase() || null,
  },
  { key: 'notes', label: 'Notes', numeric: false, value: (row) => row.run.notes.toLowerCase() || null },
];

/** null is the order they came in, the newest first. */
export interface Sorting {
  key: ColumnKey;
  down: boolean;
}

export function rowsOf(runs: readonly RunEntry[], elsewhere: readonly string[]): Row[] {
  const names = new Map(runs.map((run) => [run.id, nameOf(run)]));
  return runs.map((run) => {
    const { parent } = run;
    const from = parent && (names.get(parent.run) ?? `${parent.name || 'a run'} (deleted)`);
    return {
      run,
      name: nameOf(run),
      arm: armOf(run.manifest),
      lineage: parent && `${from} at step ${parent.step}`,
      elsewhere: elsewhere.includes(run.id),
    };
  });
}

/** The rows that hold every word of `filter` somewhere, pinned ones first, else in order. */
export function arrange(rows: readonly Row[], filter: string, sorting: Sorting | null): Row[] {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  const found = rows.filter((row) => {
    const { run, name, arm, lineage } = row;
    const text = [name, arm, lineage, `seed ${run.manifest.seed}`, run.status, ...run.tags, run.notes]
      .join(' ')
      .toLowerCase();
    return words.every((word) => text.includes(word));
  });
  const column = COLUMNS.find((each) => each.key === sorting?.key);
  return found.sort((a, b) => {
    if (a.run.pinned !== b.run.pinned) return a.run.pinned ? -1 : 1;
    return column ? compare(column.value(a), column.value(b), sorting!.down) : 0;
  });
}

function compare(a: string | number | null, b: string | number | null, down: boolean): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  const order =
    typeof a === 'number' && typeof b === 'number' ? a - b : String(a).localeCompare(String(b), 'en');
  return down ? -order : order;
}

const CSV_HEAD = [
  'id',
  'name',
  'arm',
  'seed',
  'status',
  'steps',
  'steps_planned',
  'accuracy',
  'accuracy_low',
  'accuracy_high',
  'accuracy_samples',
  'accuracy_step',
  'tokens',
  'seconds',
  'created',
  'pinned',
  'tags',
  'notes',
  'parent',
  'parent_step',
];

/** The rows as they are shown, with every digit; RFC 4180. */
export function csvOf(rows: readonly Row[]): string {
  const lines = rows.map(({ run, name, arm }) => {
    const { accuracy: a, parent } = run;
    return [
      run.id,
      name,
      arm,
      run.manifest.seed,
      run.status,
      run.steps,
      run.manifest.steps,
      a?.accuracy,
      a?.low,
      a?.high,
      a?.samples,
      a?.step,
      run.tokens,
      run.seconds,
      run.created,
      run.pinned,
      run.tags.join(' '),
      run.notes,
      parent?.run,
      parent?.step,
    ];
  });
  return `${[CSV_HEAD, ...lines].map((cells) => cells.map(csvCell).join(',')).join('\r\n')}\r\n`;
}

/** Text that a spreadsheet would take for a formula gets an apostrophe: names and notes come with imported runs. */
function csvCell(value: string | number | boolean | undefined): string {
  if (value === undefined) return '';
  if (typeof value !== 'string') return String(value);
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
