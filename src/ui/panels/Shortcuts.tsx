/**
 * The page's keys: space runs and pauses, s takes a step, p a phase, r resets, the arrows
 * left and right go back and forth among the steps, and ? lists them (`KeysDialog.tsx`). A stray r asks first once there is
 * something to lose; nothing happens while the user types or a menu or dialog is open.
 */
import { AlertDialog } from 'radix-ui';
import { useLayoutEffect, useState } from 'react';
import { Button } from '../components/Button';
import overlay from '../components/Overlay.module.css';
import { useSession } from '../state/context';

const TAKES_KEYS =
  'input:not([type=range]), textarea, select, [contenteditable], [role=combobox], [role=listbox], [role=menu], [role=dialog], [role=alertdialog]';
/** Move by arrow keys inside themselves. */
const TAKES_ARROWS =
  'input, [role=radiogroup], [role=group], [role=toolbar], [role=tablist], [role=slider], [data-radix-collection-item]';
const TAKES_SPACE = 'button, a, summary, [role=switch], [role=radio], [role=tab]';

export function Shortcuts() {
  const session = useSession();
  const [asking, setAsking] = useState(false);

  // Before the page is first painted: where it can be seen, its keys work.
  useLayoutEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
      const target = event.target instanceof Element ? event.target : null;
      if (target?.closest(TAKES_KEYS)) return;
      const { lab, replay } = session.store.getState();
      const allowed = session.allowed();
      if (event.key === '?') session.look({ keysOpen: true });
      else if (event.key === ' ' && !target?.closest(TAKES_SPACE)) {
        event.preventDefault();
        session.toggle();
      } else if (event.key === 'ArrowLeft' || event.key === 'ArrowRight') {
        if (!target?.closest(TAKES_ARROWS)) session.seekBy(event.key === 'ArrowLeft' ? -1 : 1);
      } else if (replay) {
        if (event.key === 's') session.seekBy(1);
      } else if (event.key === 's' && allowed.step) session.step();
      else if (event.key === 'p' && allowed.step) session.phase();
      else if (event.key === 'r' && allowed.reset) {
        if (lab.step > 0) setAsking(true);
        else session.reset();
      }
    };
    document.addEventListener('keydown', pressed);
    return () => document.removeEventListener('keydown', pressed);
  }, [session]);

  return (
    <AlertDialog.Root open={asking} onOpenChange={setAsking}>
      <AlertDialog.Portal>
        <AlertDialog.Overlay className={overlay.shade} />
        <AlertDialog.Content className={overlay.dialog}>
          <AlertDialog.Title className={overlay.title}>Go back to step 0?</AlertDialog.Title>
          <AlertDialog.Description className={overlay.text}>
            The policy returns to its initialisation and the charts start anew. The same settings repeat the
            same run.
          </AlertDialog.Description>
          <div className={overlay.actions}>
            <AlertDialog.Cancel asChild>
              <Button>Keep the run</Button>
            </AlertDialog.Cancel>
            <AlertDialog.Action asChild>
              <Button weight="primary" onClick={() => session.reset()}>
                Reset
              </Button>
            </AlertDialog.Action>
          </div>
        </AlertDialog.Content>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  );
}
