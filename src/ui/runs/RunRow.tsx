/** A run's row in the table, with its pin and its menu. */
import { DropdownMenu } from 'radix-ui';
import { formatCount, formatDuration } from '../../run/format';
import { Button } from '../components/Button';
import overlay from '../components/Overlay.module.css';
import { useAllowed, usePage, useSession } from '../state/context';
import styles from './Runs.module.css';
import { canContinue } from './state';
import type { Row } from './table';
import { accuracyText, STATUS_WORDS, stepsText, whenText } from './wording';

export interface RowActions {
  edit: (row: Row) => void;
  checkpoints: (row: Row) => void;
  remove: (row: Row) => void;
}

export function RunRow({ row, actions }: { row: Row; actions: RowActions }) {
  const session = useSession();
  const { run } = row;
  const current = usePage((page) => page.runs.current === run.id);
  const chosen = usePage((page) => page.runs.chosen.includes(run.id));
  const place = row.elsewhere ? ', open in another tab' : current ? ', on the trainer' : '';
  return (
    <tr data-testid="run-row" data-run={run.id} data-status={run.status} data-parent={run.parent?.run}>
      <td>
        <input
          type="checkbox"
          aria-label={`Compare ${row.name}`}
          checked={chosen}
          disabled={row.elsewhere || run.steps === 0}
          onChange={(event) => session.runs.choose(run.id, event.target.checked)}
        />
      </td>
      <td>
        <Button
          weight="quiet"
          aria-pressed={run.pinned}
          aria-label={`${run.pinned ? 'Unpin' : 'Pin'} ${row.name}`}
          disabled={row.elsewhere}
          onClick={() => session.runs.ask({ do: 'pin', id: run.id, pinned: !run.pinned })}
        >
          {run.pinned ? '★' : '☆'}
        </Button>
      </td>
      <th scope="row">
        {row.name}
        <span className={styles.small}>
          {STATUS_WORDS[run.status]}
          {place}, {whenText(run.updated)}
        </span>
        {row.lineage && (
          <span className={styles.small} data-testid="lineage">
            fork of {row.lineage}
          </span>
        )}
      </th>
      <td>{row.arm}</td>
      <td data-numeric="true" className="number">
        {run.manifest.seed}
      </td>
      <td data-numeric="true" className="number">
        {stepsText(run)}
      </td>
      <td data-numeric="true" className="number">
        {accuracyText(run)}
      </td>
      <td data-numeric="true" className="number">
        {formatCount(run.tokens)}
      </td>
      <td data-numeric="true" className="number">
        {formatDuration(run.seconds * 1000)}
      </td>
      <td>
        {run.tags.map((tag) => (
          <span key={tag} className={styles.tag}>
            {tag}
          </span>
        ))}
      </td>
      <td className={styles.notes}>{run.notes}</td>
      <td>
        <RowMenu row={row} actions={actions} />
      </td>
    </tr>
  );
}

function RowMenu({ row, actions }: { row: Row; actions: RowActions }) {
  const { runs } = useSession();
  const allowed = useAllowed();
  const current = usePage((page) => page.runs.current === row.run.id);
  const { id } = row.run;
  const items: { label: string; off?: boolean; act: () => void }[] = [
    { label: 'Look at it', off: current, act: () => runs.look(id) },
    {
      label: 'Continue',
      off: current || !canContinue(row.run) || !(allowed.run || allowed.reset),
      act: () => runs.continue(id),
    },
    { label: 'Kept steps and forks…', act: () => actions.checkpoints(row) },
    { label: 'Name, tags and notes…', act: () => actions.edit(row) },
    { label: 'Save report', off: row.run.steps === 0, act: () => runs.report([id]) },
    { label: 'Export as an archive', act: () => runs.ask({ do: 'export', id }) },
    { label: 'Delete…', act: () => actions.remove(row) },
  ];
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger asChild>
        <Button aria-label={`More for ${row.name}`} disabled={row.elsewhere}>
          <span aria-hidden="true">⋯</span>
        </Button>
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className={overlay.menu} align="end" sideOffset={6} collisionPadding={12}>
          {items.map(({ label, off, act }) => (
            <DropdownMenu.Item key={label} className={overlay.item} disabled={off} onSelect={act}>
              <span className={overlay.itemText}>{label}</span>
            </DropdownMenu.Item>
          ))}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
