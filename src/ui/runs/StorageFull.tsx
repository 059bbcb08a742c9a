/** The run rests because the browser has no room for its state: what could go, and what happens otherwise. */
import { AlertDialog } from 'radix-ui';
import { formatBytes, formatCount } from '../../run/format';
import { Button } from '../components/Button';
import overlay from '../components/Overlay.module.css';
import { usePage, useSession } from '../state/context';

export function StorageFull() {
  const session = useSession();
  const full = usePage((page) => page.runs.full);
  // While the user clears out runs in the table, the question waits behind it.
  const tableOpen = usePage((page) => page.runs.open);
  if (!full) return null;
  const { freeable } = full;
  const bytes = freeable.reduce((sum, each) => sum + each.bytes, 0);
  const enough = bytes >= full.needed;
  return (
    <AlertDialog.Root open={!tableOpen}>
      <AlertDialog.Portal>
        <AlertDialog.Overlay className={overlay.shade} />
        <AlertDialog.Content className={overlay.dialog} data-testid="storage-full">
          <AlertDialog.Title className={overlay.title}>No room left to keep this run</AlertDialog.Title>
          <AlertDialog.Description className={overlay.text}>
            The run rests; nothing of it is lost. The browser gives this site no room for its next state,{' '}
            {formatBytes(full.needed)} or so.{' '}
            {freeable.length > 0
              ? `The ${freeable.length === 1 ? 'oldest checkpoint that is' : `${formatCount(freeable.length)} oldest checkpoints that are`} not pinned can go to make ${enough ? 'room' : 'some'}: ${formatBytes(bytes)}. Their runs stay.`
              : 'There is no checkpoint left that could go: delete runs you no longer need, or unpin some.'}
          </AlertDialog.Description>
          <div className={overlay.actions}>
            <Button weight="quiet" onClick={() => session.runs.ask({ do: 'stop-keeping' })}>
              Go on without keeping it
            </Button>
            <Button onClick={() => session.runs.show(true)}>Choose what to delete</Button>
            {freeable.length > 0 ? (
              <Button weight="primary" onClick={() => session.runs.ask({ do: 'make-room' })}>
                Delete {freeable.length === 1 ? 'it' : 'them'} and go on
              </Button>
            ) : (
              <Button weight="primary" onClick={() => session.run()}>
                Try again
              </Button>
            )}
          </div>
        </AlertDialog.Content>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  );
}
