/**
 * Says that what is on screen was recorded: which run, on what, with which settings, and how far it got. And what was
 * wrong with a recording that could not be opened.
 */
import { formatBytes, formatCount } from '../../run/format';
import { DEFAULT_MANIFEST, manifestDifference } from '../../run/manifest';
import { Button } from '../components/Button';
import { Icon } from '../components/Icon';
import { adapterName } from '../panels/SelfTest';
import { saveReport } from '../runs/save-report';
import { usePage, useSession } from '../state/context';
import styles from './Replay.module.css';

export function ReplayBanner() {
  const name = usePage((page) => page.replay?.name);
  if (name === undefined) return null;
  return (
    <section className={styles.banner} aria-label="Recorded run" data-testid="replay-banner">
      <p className={styles.title}>
        <span className={styles.badge}>Recorded</span>
        <strong>{name}</strong>
      </p>
      <Reading />
      <SaveReport />
      <Facts />
      <Remarks />
    </section>
  );
}

function SaveReport() {
  const session = useSession();
  const ready = usePage((page) => page.replay?.reading === false);
  if (!ready) return null;
  return (
    <Button className={styles.report} onClick={() => void saveReport(session)}>
      Save report
    </Button>
  );
}

function Reading() {
  const reading = usePage((page) => page.replay?.reading === true);
  const done = usePage((page) => page.replay?.done ?? 0);
  const total = usePage((page) => page.replay?.total ?? 0);
  if (!reading) return null;
  return (
    <p className={styles.reading} role="status">
      Reading {formatBytes(done)}
      {total > 0 && ` of ${formatBytes(total)}`}…
      <progress
        max={total || undefined}
        value={total ? done : undefined}
        aria-label="Reading the recording"
      />
    </p>
  );
}

function Facts() {
  const facts = usePage((page) => page.run.facts);
  const finished = usePage((page) => page.run.steps.at(-1)?.step);
  const ending = usePage((page) => page.run.ending);
  if (!facts) return null;
  const { manifest, adapter, lab } = facts;
  const changed = Object.entries(manifestDifference(manifest, DEFAULT_MANIFEST));
  return (
    <>
      <p className={styles.facts}>
        <span className="number">
          {formatCount((finished ?? -1) + 1)} of {formatCount(manifest.steps)} steps
          {ending && ending.reason !== 'completed' ? `, ${ending.reason}` : ''}
        </span>
        <span>
          on {adapterName(adapter)}
          {adapter.software && ' (on the processor)'}
        </span>
        <span>
          model {manifest.model}, lab {lab}
        </span>
      </p>
      <details className={styles.settings}>
        <summary>
          {changed.length === 0
            ? 'All settings at their defaults'
            : `${formatCount(changed.length)} settings differ from the defaults`}
        </summary>
        <ul>
          {changed.map(([key, value]) => (
            <li key={key}>
              <code>
                {key}={String(value)}
              </code>
            </li>
          ))}
        </ul>
      </details>
    </>
  );
}

function Remarks() {
  const note = usePage((page) => page.replay?.note ?? '');
  const pastError = usePage((page) => page.pastError);
  return (
    <>
      {note && <p className={styles.note}>{note}</p>}
      {pastError && (
        <p className={styles.note} role="alert">
          {pastError}
        </p>
      )}
    </>
  );
}

export function ReplayErrorNotice() {
  const session = useSession();
  const error = usePage((page) => page.replayError);
  const kept = usePage((page) => page.replay !== null);
  if (!error) return null;
  return (
    <section className={styles.error} role="alert" data-testid="replay-error">
      <div>
        <h2>
          {kept ? 'This recording could not be read to its end' : 'This recording could not be opened'}:{' '}
          {error.name}
        </h2>
        <p className={styles.message}>{error.message}</p>
        <p>{error.remedy}</p>
        {kept && <p>What came before is shown.</p>}
      </div>
      <Button
        weight="quiet"
        icon={<Icon name="close" />}
        aria-label="Dismiss the problem of the recording"
        onClick={() => session.dismissReplayError()}
      />
    </section>
  );
}
