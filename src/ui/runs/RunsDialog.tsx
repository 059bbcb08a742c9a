/** The table of runs this browser keeps: to find one, look at it, go on with it, fork it, take it along or delete it. */
import { Dialog } from 'radix-ui';
import { type ChangeEvent, useEffect, useMemo, useRef, useState } from 'react';
import { formatBytes, formatCount } from '../../run/format';
import { Button } from '../components/Button';
import overlay from '../components/Overlay.module.css';
import { usePage, useSession } from '../state/context';
import { saveBlob } from '../state/download';
import { Checkpoints } from './Checkpoints';
import { Confirm, type Question } from './Confirm';
import { EditRun } from './EditRun';
import { RunRow } from './RunRow';
import styles from './Runs.module.css';
import { findRun } from './state';
import { arrange, COLUMNS, type ColumnKey, csvOf, type Row, rowsOf, type Sorting } from './table';

export function RunsDialog() {
  const session = useSession();
  const open = usePage((page) => page.runs.open);
  return (
    <Dialog.Root open={open} onOpenChange={(now) => session.runs.show(now)}>
      <Dialog.Portal>
        <Dialog.Overlay className={overlay.shade} />
        <Dialog.Content
          className={`${overlay.dialog} ${styles.dialog}`}
          aria-describedby={undefined}
          data-testid="runs"
        >
          <div className={styles.head}>
            <Dialog.Title className={overlay.title}>Runs kept in this browser</Dialog.Title>
            <StorageLine />
          </div>
          <Runs />
          <div className={overlay.actions}>
            <Dialog.Close asChild>
              <Button weight="primary">Close</Button>
            </Dialog.Close>
          </div>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function StorageLine() {
  const storage = usePage((page) => page.runs.storage);
  if (!storage) return null;
  return (
    <p className={styles.storage} data-testid="storage">
      {formatBytes(storage.usage)} of {formatBytes(storage.quota)} that the browser allows,{' '}
      {storage.persisted ? 'kept until you delete it' : 'which it may clear when the disk is full'}
    </p>
  );
}

function Runs() {
  const session = useSession();
  const list = usePage((page) => page.runs.list);
  const elsewhere = usePage((page) => page.runs.elsewhere);
  const unavailable = usePage((page) => page.runs.unavailable);
  const notice = usePage((page) => page.runs.notice);
  const waiting = usePage((page) => page.runs.waiting);
  const [filter, setFilter] = useState('');
  const [sorting, setSorting] = useState<Sorting | null>(null);
  const [question, setQuestion] = useState<Question | null>(null);
  const [part, setPart] = useState<{ what: 'edit' | 'checkpoints'; id: string } | null>(null);
  const chosen = usePage((page) => findRun(page.runs, part?.id ?? null));
  const rows = useMemo(() => rowsOf(list ?? [], elsewhere), [list, elsewhere]);
  const shown = useMemo(() => arrange(rows, filter, sorting), [rows, filter, sorting]);
  // The run on the trainer goes on behind the table.
  useEffect(() => {
    const { store, runs } = session;
    return store.subscribe((page, before) => {
      if (page.lab.step !== before.lab.step || page.lab.state !== before.lab.state) runs.refresh();
    });
  }, [session]);
  if (unavailable) return <p className={styles.empty}>{unavailable}</p>;

  const sort = (key: ColumnKey) =>
    setSorting((now) => (now?.key !== key ? { key, down: false } : now.down ? null : { key, down: true }));
  const remove = ({ run, name }: Row) =>
    setQuestion({
      title: `Delete ${name}?`,
      text: `Its ${formatCount(run.steps)} steps, ${formatCount(run.checkpoints.length)} checkpoints and ${formatBytes(run.bytes)} go for good. A run on screen goes on without being kept.`,
      yes: 'Delete',
      onYes: () => session.runs.ask({ do: 'delete', id: run.id }),
    });
  const clear = () =>
    setQuestion({
      title: 'Delete all runs?',
      text: `All ${formatCount(rows.length)} runs go for good, pinned ones as well, except those that are open in another tab.`,
      yes: 'Delete all',
      onYes: () => session.runs.ask({ do: 'clear' }),
    });
  const exportCsv = () =>
    saveBlob('masa-lab-runs.csv', new Blob([csvOf(shown)], { type: 'text/csv;charset=utf-8' }));
  return (
    <>
      {(waiting ?? notice) && <p role="status">{waiting ?? notice?.text}</p>}
      <div className={styles.tools}>
        <input
          className={styles.filter}
          type="search"
          aria-label="Filter runs"
          placeholder="Filter by name, arm, seed, tag or note"
          value={filter}
          onChange={(event) => setFilter(event.target.value)}
        />
        <CompareButton shown={shown} />
        <ImportButton />
        <Button disabled={shown.length === 0} onClick={exportCsv}>
          Export as CSV
        </Button>
        <Button weight="quiet" disabled={rows.length === 0} onClick={clear}>
          Delete all…
        </Button>
      </div>
      {shown.length === 0 ? (
        <p className={styles.empty}>
          {rows.length === 0
            ? 'No runs yet: every run you start is kept here as it goes.'
            : 'No run matches.'}
        </p>
      ) : (
        <div className={styles.scroll}>
          <table className={styles.table}>
            <thead>
              <tr>
                <th scope="col">
                  <span className="visually-hidden">Compare</span>
                </th>
                <th scope="col">
                  <span className="visually-hidden">Pinned</span>
                </th>
                {COLUMNS.map(({ key, label }) => (
                  <th key={key} scope="col" aria-sort={sortState(sorting, key)}>
                    <button type="button" className={styles.sort} onClick={() => sort(key)}>
                      {label}
                      {sorting?.key === key && <span aria-hidden="true">{sorting.down ? ' ↓' : ' ↑'}</span>}
                    </button>
                  </th>
                ))}
                <th scope="col">
                  <span className="visually-hidden">Actions</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {shown.map((row) => (
                <RunRow
                  key={row.run.id}
                  row={row}
                  actions={{
                    edit: () => setPart({ what: 'edit', id: row.run.id }),
                    checkpoints: () => setPart({ what: 'checkpoints', id: row.run.id }),
                    remove,
                  }}
                />
              ))}
            </tbody>
          </table>
        </div>
      )}
      <Confirm question={question} onClose={() => setQuestion(null)} />
      {chosen && part?.what === 'edit' && <EditRun run={chosen} onClose={() => setPart(null)} />}
      {chosen && part?.what === 'checkpoints' && <Checkpoints run={chosen} onClose={() => setPart(null)} />}
    </>
  );
}

const sortState = (sorting: Sorting | null, key: ColumnKey) =>
  sorting?.key !== key ? 'none' : sorting.down ? 'descending' : 'ascending';

/** Of the chosen runs; which are in the table is a matter of the filter, and a choice outlives it. */
function CompareButton({ shown }: { shown: readonly Row[] }) {
  const session = useSession();
  const chosen = usePage((page) => page.runs.chosen);
  const free = shown.filter(({ run, elsewhere }) => run.steps > 0 && !elsewhere);
  const all = free.length > 0 && free.every(({ run }) => chosen.includes(run.id));
  return (
    <>
      <Button
        disabled={free.length === 0}
        onClick={() => {
          for (const { run } of free) session.runs.choose(run.id, !all);
        }}
      >
        {all ? 'Choose none' : 'Choose all'}
      </Button>
      <Button
        weight={chosen.length > 1 ? 'primary' : undefined}
        disabled={chosen.length < 2}
        title={chosen.length < 2 ? 'Choose two runs or more, by the boxes in front of them' : undefined}
        onClick={() => session.runs.compare(chosen)}
        data-testid="compare"
      >
        Compare{chosen.length > 1 ? ` ${formatCount(chosen.length)}` : ''}
      </Button>
    </>
  );
}

function ImportButton() {
  const session = useSession();
  const input = useRef<HTMLInputElement>(null);
  const choose = (event: ChangeEvent<HTMLInputElement>) => {
    const file = event.target.files?.[0];
    event.target.value = '';
    if (file) session.runs.ask({ do: 'import', file, name: file.name });
  };
  return (
    <>
      <Button onClick={() => input.current?.click()}>Import…</Button>
      <input
        ref={input}
        className={styles.file}
        type="file"
        accept=".zip,application/zip"
        aria-label="Archive of a run"
        tabIndex={-1}
        data-testid="import-file"
        onChange={choose}
      />
    </>
  );
}
