/** The page's keys, listed: opened by `?` or from the header's menu. `Shortcuts.tsx` is what listens to them. */
import { Dialog } from 'radix-ui';
import { Button } from '../components/Button';
import overlay from '../components/Overlay.module.css';
import { usePage, useSession } from '../state/context';
import styles from './KeysDialog.module.css';

const KEYS: readonly [keys: readonly string[], what: string][] = [
  [['Space'], 'run or pause; play or stop a recording'],
  [['S'], 'one step; in a recording the next one'],
  [['P'], 'to where the next phase of the step begins'],
  [['←', '→'], 'the step before or after, in every panel'],
  [['R'], 'back to step 0, after asking'],
  [['Tab', '⇧ Tab'], 'through everything that can be used; Enter or Space uses it'],
  [['Esc'], 'closes what is open'],
  [['?'], 'this list'],
];

export function KeysDialog() {
  const session = useSession();
  const open = usePage((page) => page.looking.keysOpen);
  return (
    <Dialog.Root open={open} onOpenChange={(keysOpen) => session.look({ keysOpen })}>
      <Dialog.Portal>
        <Dialog.Overlay className={overlay.shade} />
        <Dialog.Content className={overlay.dialog} aria-describedby={undefined} data-testid="keys">
          <Dialog.Title className={overlay.title}>Keys</Dialog.Title>
          <dl className={styles.keys}>
            {KEYS.map(([keys, what]) => (
              <div key={what}>
                <dt>
                  {keys.map((key) => (
                    <kbd key={key}>{key}</kbd>
                  ))}
                </dt>
                <dd>{what}</dd>
              </div>
            ))}
          </dl>
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
