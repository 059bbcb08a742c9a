/**
 * `lab train`: a session from its manifest to its end, recorded in the run's folder. Ctrl-C abandons the step under
 * way and leaves a checkpoint of the last finished one.
 */
import type { BudgetMeter } from '../../../run/budget';
import { Session } from '../../session';
import type { Console } from '../console';
import { type Command, DONE, FAILED } from '../dispatch';
import { describeFailure, describeThrown } from '../failure';
import { INTERRUPTED, listenForInterrupt } from '../interrupt';
import { NodeHost } from '../node-host';
import { Progress } from '../progress';
import { Recorder } from '../recorder';
import { SummaryCollector } from '../summary';
import { type OpenRun, openRun, readTrainRequest, TRAIN } from './train';

export const TRAIN_COMMAND: Command = {
  spec: TRAIN,
  async run(args, console) {
    const request = readTrainRequest(args);
    const run = await openRun(request);
    const interrupt = listenForInterrupt(console, { beforeExit: () => run.directory.close() });
    try {
      const { code, summary } = await trainRun(run, console, interrupt.signal, null);
      if (request.json && summary)
        console.out(`${JSON.stringify(summary.summary(request.manifest.preset, request.out))}\n`);
      return code;
    } finally {
      interrupt.dispose();
      run.directory.closeUnlessBegun();
    }
  },
};

/**
 * Takes a run to its end and says how it goes. Used by `train` and `compare`.
 * @param budget where the run ends before its manifest's last step; null for one that takes them all.
 * @returns the exit code, and what the run came to; no summary when it could not begin.
 */
export async function trainRun(
  { directory, manifest, found }: OpenRun,
  console: Console,
  signal: AbortSignal,
  budget: BudgetMeter | null,
): Promise<{ code: number; summary: SummaryCollector | null }> {
  const progress = new Progress(console, manifest.steps);
  const summary = new SummaryCollector();
  const events = found?.events ?? [];
  for (const event of events) {
    summary.event(event);
    budget?.event(event);
  }
  for (const note of found?.notes ?? []) progress.note(note);
  const host = await NodeHost.create(new Recorder(directory, progress, summary), progress, budget);
  const session = new Session(host);
  const complain = (text: string) => {
    progress.close();
    console.err(`lab train: ${text}\n`);
    return FAILED;
  };
  try {
    await session.open();
    if (session.error || signal.aborted) {
      await session.close();
      const code = session.error ? complain(describeFailure(session.error)) : INTERRUPTED;
      return { code, summary: null };
    }
    const checkpoint = found?.checkpoint;
    const isEvaluated = events.some((e) => e.type === 'evaluation' && e.step === checkpoint?.step);
    await session.load(manifest, checkpoint?.files, isEvaluated);
  } catch (error) {
    await session.close();
    const code = complain(session.error ? describeFailure(session.error) : describeThrown(error));
    return { code, summary: null };
  }

  await runUntil(session, signal);
  const failure = session.error && describeFailure(session.error);
  await session.close();
  progress.close();
  if (failure) return { code: complain(failure), summary };
  return { code: summary.reason === 'stopped' ? INTERRUPTED : DONE, summary };
}

/** Runs to the end, or until `signal` asks for a stop. */
async function runUntil(session: Session, signal: AbortSignal): Promise<void> {
  let stopped: Promise<void> | undefined;
  const stop = () => {
    stopped = session.stop();
  };
  if (signal.aborted) stop();
  else {
    signal.addEventListener('abort', stop, { once: true });
    await session.run();
    signal.removeEventListener('abort', stop);
  }
  await stopped;
}
