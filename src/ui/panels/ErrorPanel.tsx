/**
 * What went wrong, what to do about it, and the button that does it. Without a usable GPU it says which
 * browsers work and how to switch WebGPU on in each. Never a blank page.
 */
import type { LabError } from '../../lab/protocol';
import { Button } from '../components/Button';
import { OfferRecording } from '../replay/OfferRecording';
import { recoverableStep } from '../state/allowed';
import { useAllowed, usePage, useSession } from '../state/context';
import { BrowserHelp } from './BrowserHelp';
import styles from './ErrorPanel.module.css';

const TITLES: Readonly<Record<string, string>> = {
  'no-webgpu': 'This browser does not offer WebGPU',
  'no-adapter': 'The browser found no usable GPU',
  'self-test': 'Your GPU computes something else than it should',
  'memory-plan': 'This run does not fit your GPU’s memory',
  'device-lost': 'The GPU was lost in the middle of the run',
  'non-finite': 'The run diverged: a number became infinite',
  'model-file': 'The base model could not be read',
  manifest: 'These settings do not hold together',
  storage: 'The run could not be written down',
  internal: 'Something in the lab itself went wrong',
};

const NEEDS_BROWSER_HELP: ReadonlySet<string> = new Set(['no-webgpu', 'no-adapter', 'self-test']);
/** Errors that leave nothing to start: the session has to be opened anew. */
const NEEDS_RELOAD: ReadonlySet<string> = new Set(['no-webgpu', 'no-adapter', 'self-test', 'internal']);

export function ErrorPanel() {
  const error = usePage((page) => page.lab.error);
  const ending = usePage((page) => (page.run.ending?.reason === 'failed' ? page.run.ending : null));
  const replaying = usePage((page) => page.replay !== null);
  // A recording needs no GPU: what is wrong with the live run is told when it is on screen again.
  if (error && !replaying) return <ErrorCard error={error} />;
  if (!ending) return null;
  const stopped = { code: 'failed', message: ending.message, remedy: '' };
  return <ErrorCard error={stopped} />;
}

function ErrorCard({ error }: { error: LabError }) {
  const session = useSession();
  const allowed = useAllowed();
  const kept = usePage((page) => recoverableStep(page.run));
  const state = usePage((page) => page.lab.state);
  const loaded = usePage((page) => page.lab.loaded !== null);
  const canChange = error.code === 'memory-plan' || error.code === 'manifest' || error.code === 'non-finite';
  return (
    <section className={styles.panel} role="alert" data-testid="error-panel" data-code={error.code}>
      <h2>{TITLES[error.code] ?? 'The run stopped'}</h2>
      <p className={styles.message}>{error.message}</p>
      {error.issues && error.issues.length > 0 && (
        <ul className={styles.issues}>
          {error.issues.map((issue) => (
            <li key={`${issue.key} ${issue.message}`}>
              <code>{issue.key}</code>: {issue.message}
            </li>
          ))}
        </ul>
      )}
      {error.remedy && <p>{error.remedy}</p>}
      <div className={styles.actions}>
        {allowed.recover && kept !== null && (
          <Button weight="primary" onClick={() => session.recover()}>
            Recover from step {kept}
          </Button>
        )}
        {canChange && <Button onClick={() => session.look({ settingsOpen: true })}>Change settings</Button>}
        {state === 'failed' && loaded && allowed.reset && (
          <Button onClick={() => session.reset()}>Start again from step 0</Button>
        )}
        {NEEDS_RELOAD.has(error.code) && <Button onClick={() => location.reload()}>Reload the page</Button>}
        {(state !== 'failed' || !loaded) && state !== 'unavailable' && (
          <Button weight="quiet" onClick={() => session.dismissError()}>
            Dismiss
          </Button>
        )}
      </div>
      {NEEDS_BROWSER_HELP.has(error.code) && (
        <>
          <OfferRecording />
          <BrowserHelp />
        </>
      )}
    </section>
  );
}
