/** Asks before something that cannot be undone. The safe answer has the focus. */
import { AlertDialog } from 'radix-ui';
import type { ReactNode } from 'react';
import { Button } from '../components/Button';
import overlay from '../components/Overlay.module.css';

export interface Question {
  title: string;
  text: ReactNode;
  yes: string;
  onYes: () => void;
}

export function Confirm({ question, onClose }: { question: Question | null; onClose: () => void }) {
  return (
    <AlertDialog.Root open={question !== null} onOpenChange={(open) => !open && onClose()}>
      <AlertDialog.Portal>
        <AlertDialog.Overlay className={overlay.shade} />
        <AlertDialog.Content className={overlay.dialog} data-testid="confirm">
          <AlertDialog.Title className={overlay.title}>{question?.title}</AlertDialog.Title>
          <AlertDialog.Description className={overlay.text}>{question?.text}</AlertDialog.Description>
          <div className={overlay.actions}>
            <AlertDialog.Cancel asChild>
              <Button>Cancel</Button>
            </AlertDialog.Cancel>
            <AlertDialog.Action asChild>
              <Button weight="primary" onClick={() => question?.onYes()}>
                {question?.yes}
              </Button>
            </AlertDialog.Action>
          </div>
        </AlertDialog.Content>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  );
}
