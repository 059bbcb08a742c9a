/**
 * What the page says of kept runs above everything else: a run that was left in the middle and can go on, a run that
 * is only looked at, a fork about to be started, and what went wrong.
 */
import { type ReactNode, useEffect } from 'react';
import { formatCount } from '../../run/format';
import { Button } from '../components/Button';
import { useAllowed, usePage, useSession } from '../state/context';
import { isFirstVisit } from '../state/selectors';
import { changedKeys, hasInvalid } from '../state/settings';
import styles from './Runs.module.css';
import { canContinue, findRun, unfinishedRuns } from './state';
import { nameOf } from './table';
import { stepsText, whenText } from './wording';

export function RunNotes() {
  const session = useSession();
  // What other tabs did while this one was out of sight.
  useEffect(() => {
    const refresh = () => !document.hidden && session.runs.refresh();
    document.addEventListener('visibilitychange', refresh);
    return () => document.removeEventListener('visibilitychange', refresh);
  }, [session]);
  return (
    <>
      <Notice />
      <ForkNote />
      <ShownNote />
      <ContinueOffer />
    </>
  );
}

function Note({
  name,
  kind,
  text,
  children,
}: {
  name: string;
  kind?: string;
  text: ReactNode;
  children: ReactNode;
}) {
  return (
    <section className={styles.note} role="status" data-testid={name} data-kind={kind}>
      <p>{text}</p>
      <div className={styles.row}>{children}</div>
    </section>
  );
}

function Notice() {
  const { runs } = useSession();
  const notice = usePage((page) => page.runs.notice);
  if (!notice) return null;
  return (
    <Note name="runs-notice" kind={notice.kind} text={notice.text}>
      <Button weight="quiet" onClick={() => runs.dismissNotice()}>
        Dismiss
      </Button>
    </Note>
  );
}

function ContinueOffer() {
  const { runs } = useSession();
  const allowed = useAllowed();
  const first = usePage(isFirstVisit);
  const state = usePage((page) => page.runs);
  const offered = unfinishedRuns(state);
  if (!first || state.fork || offered.length === 0) return null;
  const [run] = offered;
  const more = offered.length - 1;
  return (
    <Note
      name="continue-offer"
      text={
        <>
          <strong>{nameOf(run)}</strong> was left at step {stepsText(run)}, {whenText(run.updated)}. It goes
          on as if nothing had happened.
          {more > 0 && ` ${formatCount(more)} more ${more === 1 ? 'is' : 'are'} in Runs.`}
        </>
      }
    >
      <Button weight="primary" disabled={!allowed.run} onClick={() => runs.continue(run.id)}>
        Continue
      </Button>
      <Button onClick={() => runs.look(run.id)}>Look at it</Button>
    </Note>
  );
}

function ShownNote() {
  const { runs } = useSession();
  const allowed = useAllowed();
  const run = usePage((page) => findRun(page.runs, page.runs.shown));
  const forking = usePage((page) => page.runs.fork !== null);
  if (!run || forking) return null;
  return (
    <Note
      name="shown-run"
      text={
        <>
          You are looking at <strong>{nameOf(run)}</strong>, kept {whenText(run.updated)} at step{' '}
          {stepsText(run)}.
        </>
      }
    >
      {canContinue(run) && (
        <Button weight="primary" disabled={!allowed.run} onClick={() => runs.continue(run.id)}>
          Continue
        </Button>
      )}
      <Button onClick={() => runs.show(true)}>Runs</Button>
    </Note>
  );
}

function ForkNote() {
  const { runs } = useSession();
  const allowed = useAllowed();
  const fork = usePage((page) => page.runs.fork);
  const run = usePage((page) => findRun(page.runs, page.runs.fork?.id ?? null));
  const settings = usePage((page) => page.settings);
  const busy = usePage((page) => page.lab.state === 'running' || page.lab.state === 'pausing');
  if (!fork || !run) return null;
  const changed = changedKeys(settings, run.manifest);
  const tooFew = settings.draft.steps < fork.step;
  return (
    <Note
      name="fork-note"
      text={
        <>
          <strong>
            A fork of {nameOf(run)} from step {formatCount(fork.step)}.
          </strong>{' '}
          {tooFew
            ? `It needs at least ${formatCount(fork.step)} steps; raise “Steps” in the settings.`
            : changed.length === 0
              ? 'Change what you like in the settings; with nothing changed it will be identical.'
              : `Changed: ${changed.join(', ')}.`}
          {busy && ' The run on screen is left as it is kept, and can be continued later.'}
        </>
      }
    >
      <Button
        weight="primary"
        disabled={hasInvalid(settings) || tooFew || !(allowed.run || allowed.reset)}
        onClick={() => runs.startFork()}
      >
        Start the fork
      </Button>
      <Button onClick={() => runs.cancelFork()}>Cancel</Button>
    </Note>
  );
}
