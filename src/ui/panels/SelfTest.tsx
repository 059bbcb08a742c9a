/**
 * The adapter and its self-test: passed, failed or skipped at a glance, every checked quantity with its error
 * and tolerance on demand. The stored case's truth comes from PyTorch; see the reference folder's README.
 */
import { Dialog } from 'radix-ui';
import type { AdapterInfo, CheckedQuantity, SelfTestResult } from '../../run/events';
import { formatDuration, formatNumber } from '../../run/format';
import { Button } from '../components/Button';
import { Icon } from '../components/Icon';
import overlay from '../components/Overlay.module.css';
import { ProgressBar } from '../components/ProgressBar';
import { whenText } from '../runs/wording';
import { usePage, useSession } from '../state/context';
import styles from './SelfTest.module.css';

export function adapterName(adapter: AdapterInfo): string {
  const name = adapter.description || adapter.device || [adapter.vendor, adapter.architecture].join(' ');
  return name.trim() || 'an adapter without a name';
}

const WORDS = {
  passed: 'Passed',
  kept: 'Passed on an earlier visit',
  failed: 'Failed',
  skipped: 'Skipped',
} as const;
const MEASURES: Record<CheckedQuantity['measure'], string> = {
  absolute: 'largest absolute error',
  'relative-norm': 'norm of the error over the norm of the truth',
};

export function SelfTest() {
  const adapter = usePage((page) => page.lab.adapter);
  const result = usePage((page) => page.lab.selfTest);
  const adapterProgress = usePage((page) => page.lab.progress.adapter);
  const testProgress = usePage((page) => page.lab.progress['self-test']);
  const state = usePage((page) => page.lab.state);
  return (
    <dl className={styles.card} data-testid="adapter-card">
      <div>
        <dt>Your GPU</dt>
        <dd data-testid="adapter-name">
          {adapter ? (
            <>
              <strong>{adapterName(adapter)}</strong>
              {adapter.software && (
                <span className={styles.note}>
                  Runs on the processor, not on a graphics card: everything works, only slower. The preset
                  “Quick look” takes smaller steps.
                </span>
              )}
            </>
          ) : state === 'unavailable' || state === 'failed' ? (
            'None found'
          ) : (
            (adapterProgress && <ProgressBar progress={adapterProgress} />) || 'Asking the browser…'
          )}
        </dd>
      </div>
      <div>
        <dt>Self-test</dt>
        <dd data-testid="self-test" data-status={result ? statusOf(result) : 'pending'}>
          {result ? (
            <Outcome result={result} />
          ) : testProgress ? (
            <ProgressBar progress={testProgress} />
          ) : (
            <span className={styles.note}>Not run yet</span>
          )}
        </dd>
      </div>
    </dl>
  );
}

/** What an earlier visit found is no test passed, until it is repeated. */
const statusOf = ({ status, tested_at }: SelfTestResult): keyof typeof WORDS =>
  tested_at === undefined ? status : 'kept';

function Outcome({ result }: { result: SelfTestResult }) {
  const progress = usePage((page) => page.lab.progress['self-test']);
  const quantities = result.cases.flatMap((each) => each.quantities);
  const good = quantities.filter((quantity) => quantity.ok).length;
  const status = statusOf(result);
  return (
    <>
      <span className={styles.outcome} data-status={status}>
        <Icon name={result.status === 'passed' ? 'check' : 'close'} />
        <strong>{WORDS[status]}</strong>
        {quantities.length > 0 && (
          <span className={`${styles.note} number`}>
            {good} of {quantities.length} quantities agree with PyTorch, {formatDuration(result.duration_ms)}
          </span>
        )}
      </span>
      {result.reason && <span className={styles.note}>{result.reason}</span>}
      {status === 'kept' && (
        <span className={styles.note}>
          That was {whenText(result.tested_at!)}. The test is repeated before anything is learned.
        </span>
      )}
      {status === 'kept' && progress && <ProgressBar progress={progress} />}
      {quantities.length > 0 && <Details result={result} />}
    </>
  );
}

function Details({ result }: { result: SelfTestResult }) {
  const session = useSession();
  const progress = usePage((page) => page.lab.progress['self-test']);
  const checking = progress !== undefined && progress.done < progress.total;
  return (
    <Dialog.Root>
      <Dialog.Trigger asChild>
        <Button weight="quiet" className={styles.details}>
          What was checked
        </Button>
      </Dialog.Trigger>
      <Dialog.Portal>
        <Dialog.Overlay className={overlay.shade} />
        <Dialog.Content className={`${overlay.dialog} ${overlay.wide}`} data-testid="self-test-dialog">
          <Dialog.Title className={overlay.title}>What was checked on your GPU</Dialog.Title>
          <Dialog.Description className={overlay.text}>
            Some drivers silently compute zeros. So a small stored case runs first, forward and backward, and
            its loss and gradients are compared with what PyTorch computed. An error has to stay under its
            tolerance.
          </Dialog.Description>
          {checking && <ProgressBar progress={progress} />}
          {result.cases.map((each) => (
            <table key={each.name} className={styles.table}>
              <caption>
                Case {each.name}: {each.ok ? 'passed' : 'failed'}
              </caption>
              <thead>
                <tr>
                  <th scope="col">Quantity</th>
                  <th scope="col">Error</th>
                  <th scope="col">Tolerance</th>
                  <th scope="col">Result</th>
                </tr>
              </thead>
              <tbody>
                {each.quantities.map((quantity) => (
                  <tr key={quantity.name} title={MEASURES[quantity.measure]}>
                    <th scope="row">{quantity.name}</th>
                    <td className="number">
                      {quantity.error === null ? 'not a number' : formatNumber(quantity.error, 2)}
                    </td>
                    <td className="number">{formatNumber(quantity.tolerance, 2)}</td>
                    <td className={styles.verdict} data-ok={quantity.ok}>
                      {quantity.ok ? 'within' : 'out of tolerance'}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          ))}
          <div className={overlay.actions}>
            <Button disabled={checking} onClick={() => session.checkEverything()}>
              Check every stored case
            </Button>
            <Dialog.Close asChild>
              <Button weight="primary">Close</Button>
            </Dialog.Close>
          </div>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
