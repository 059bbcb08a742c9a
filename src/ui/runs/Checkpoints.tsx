/** The kept steps of a run: to rewind to one and fork from there, to pin one, to delete one. */
import { Dialog } from 'radix-ui';
import type { RunEntry } from '../../lab/store/entry';
import { formatBytes, formatCount } from '../../run/format';
import { Button } from '../components/Button';
import overlay from '../components/Overlay.module.css';
import { panelId } from '../components/PanelMenu';
import { keptName } from '../second-opinion/sources';
import { useSession } from '../state/context';
import styles from './Runs.module.css';
import { nameOf } from './table';

export function Checkpoints({ run, onClose }: { run: RunEntry; onClose: () => void }) {
  const session = useSession();
  const fork = (step: number) => {
    onClose();
    session.runs.prepareFork(run.id, step, run.manifest);
  };
  const tryIt = (step: number) => {
    onClose();
    session.runs.show(false);
    session.opinion.choose(keptName(run.id, step));
    location.hash = panelId('try');
  };
  const latest = run.steps > 0 && !run.checkpoints.some((each) => each.step === run.steps);
  return (
    <Dialog.Root open onOpenChange={(open) => !open && onClose()}>
      <Dialog.Portal>
        <Dialog.Overlay className={overlay.shade} />
        <Dialog.Content className={`${overlay.dialog} ${overlay.wide}`} data-testid="checkpoints">
          <Dialog.Title className={overlay.title}>Kept steps of {nameOf(run)}</Dialog.Title>
          <Dialog.Description className={overlay.text}>
            A fork begins as the run was after a step and goes on beside it, with the settings you choose. The
            three newest checkpoints stay, evaluated ones (thinned out when there are many), and those you
            pin.
          </Dialog.Description>
          <table className={styles.table}>
            <thead>
              <tr>
                <th scope="col">After step</th>
                <th scope="col">Size</th>
                <th scope="col">
                  <span className="visually-hidden">Actions</span>
                </th>
              </tr>
            </thead>
            <tbody>
              <tr data-testid="kept-step-0">
                <th scope="row">The start</th>
                <td />
                <td>
                  <ForkButton step={0} onFork={fork} />
                </td>
              </tr>
              {run.checkpoints.map(({ step, bytes, evaluated, pinned }) => (
                <tr key={step} data-testid={`kept-step-${step}`}>
                  <th scope="row">
                    {formatCount(step)}
                    {evaluated && <span className={styles.small}>evaluated</span>}
                  </th>
                  <td className="number">{formatBytes(bytes)}</td>
                  <td>
                    <div className={styles.row}>
                      <ForkButton step={step} onFork={fork} />
                      <TryButton step={step} onTry={tryIt} />
                      <Button
                        aria-pressed={pinned}
                        onClick={() =>
                          session.runs.ask({ do: 'pin-checkpoint', id: run.id, step, pinned: !pinned })
                        }
                      >
                        {pinned ? 'Unpin' : 'Pin'} <span className="visually-hidden">step {step}</span>
                      </Button>
                      <Button
                        weight="quiet"
                        onClick={() => session.runs.ask({ do: 'delete-checkpoint', id: run.id, step })}
                      >
                        Delete <span className="visually-hidden">step {step}</span>
                      </Button>
                    </div>
                  </td>
                </tr>
              ))}
              {latest && (
                <tr data-testid={`kept-step-${run.steps}`}>
                  <th scope="row">
                    {formatCount(run.steps)}
                    <span className={styles.small}>the newest</span>
                  </th>
                  <td />
                  <td>
                    <div className={styles.row}>
                      <ForkButton step={run.steps} onFork={fork} />
                      <TryButton step={run.steps} onTry={tryIt} />
                    </div>
                  </td>
                </tr>
              )}
            </tbody>
          </table>
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

/** Leads to the panels where the policy of that step is tried, evaluated and exported. */
function TryButton({ step, onTry }: { step: number; onTry: (step: number) => void }) {
  return (
    <Button onClick={() => onTry(step)}>
      Try or export <span className="visually-hidden">step {step}</span>
    </Button>
  );
}

function ForkButton({ step, onFork }: { step: number; onFork: (step: number) => void }) {
  return (
    <Button onClick={() => onFork(step)}>
      Fork <span className="visually-hidden">from step {step}</span>
    </Button>
  );
}
