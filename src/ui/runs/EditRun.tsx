/** Name, tags and notes of a kept run. */
import { Dialog } from 'radix-ui';
import { type FormEvent, useId } from 'react';
import type { RunEntry } from '../../lab/store/entry';
import { Button } from '../components/Button';
import overlay from '../components/Overlay.module.css';
import { useSession } from '../state/context';
import styles from './Runs.module.css';
import { nameOf } from './table';

export function EditRun({ run, onClose }: { run: RunEntry; onClose: () => void }) {
  const session = useSession();
  const form = useId();
  const save = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const data = new FormData(event.currentTarget);
    const text = (name: string) => String(data.get(name) ?? '').trim();
    const tags = [
      ...new Set(
        text('tags')
          .split(/[\s,]+/)
          .filter(Boolean),
      ),
    ].slice(0, 50);
    session.runs.ask({ do: 'describe', id: run.id, name: text('name'), tags, notes: text('notes') });
    onClose();
  };
  return (
    <Dialog.Root open onOpenChange={(open) => !open && onClose()}>
      <Dialog.Portal>
        <Dialog.Overlay className={overlay.shade} />
        <Dialog.Content className={overlay.dialog} aria-describedby={undefined} data-testid="edit-run">
          <Dialog.Title className={overlay.title}>Name, tags and notes</Dialog.Title>
          <form id={form} onSubmit={save}>
            <label className={styles.field}>
              Name
              <input name="name" maxLength={80} defaultValue={run.name} placeholder={nameOf(run)} />
            </label>
            <label className={styles.field}>
              Tags, separated by spaces
              <input name="tags" maxLength={400} defaultValue={run.tags.join(' ')} />
            </label>
            <label className={styles.field}>
              Notes
              <textarea name="notes" rows={4} maxLength={20_000} defaultValue={run.notes} />
            </label>
          </form>
          <div className={overlay.actions}>
            <Dialog.Close asChild>
              <Button>Cancel</Button>
            </Dialog.Close>
            <Button weight="primary" type="submit" form={form}>
              Save
            </Button>
          </div>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
