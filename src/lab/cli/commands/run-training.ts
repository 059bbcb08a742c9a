/**
 * `lab train`: a session from its manifest to its end, recorded in the run's folder. Ctrl-C abandons the step under
 * way and leaves a checkpoint of the last finished one.
 */
import { Session } from '../../session';
import type { Console } from '../console';
import { type Command, DONE, FAILED } from '../dispatch';
import { describeFailure, describeThrown } from '../failure';
import { INTERRUPTED, type Interrupt, listenForInterrupt } from '../interrupt';
import { NodeHost } from '../node-host';
import { Progress } from '../progress';
import { Recorder } from '../recorder';
import { SummaryCollector } from '../summary';
import { type OpenRun, openRun, readTrainRequest, TRAIN, type TrainRequest } from './train';

export const TRAIN_COMMAND: Command = {
  spec: TRAIN,
  async run(args, console) {
    const request = readTrainRequest(args);
    const run = await openRun(request);
    const interrupt = listenForInterrupt(console, { beforeExit: () => run.directory.close() });
    try {
      return await train(request, run, console, interrupt);
    } finally {
      interrupt.dispose();
      run.directory.closeUnlessBegun();
    }
  },
};

/** @returns the exit code. */
async function train(
  request: TrainRequest,
  { directory, manifest, found }: OpenRun,
  console: Console,
  interrupt: Interrupt,
): Promise<number> {
  const progress = new Progress(console, manifest.steps);
  const summary = new SummaryCollector();
  const events = found?.events ?? [];
  for (const event of events) summary.event(event);
  for (const note of found?.notes ?? []) progress.note(note);
  const host = await NodeHost.create(new Recorder(directory, progress, summary), progress);
  const session = new Session(host);
  const complain = (text: string) => {
    progress.close();
    console.err(`lab train: ${text}\n`);
    return FAILED;
  };
  try {
    await session.open();
    if (session.error || interrupt.signal.aborted) {
      await session.close();
      return session.error ? complain(describeFailure(session.error)) : INTERRUPTED;
    }
    const checkpoint = found?.checkpoint;
    const isEvaluated = events.some((e) => e.type === 'evaluation' && e.step === checkpoint?.step);
    await session.load(manifest, checkpoint?.files, isEvaluated);
  } catch (error) {
    await session.close();
    return complain(session.error ? describeFailure(session.error) : describeThrown(error));
  }

  await runUntil(session, interrupt.signal);
  const failure = session.error && describeFailure(session.error);
  await session.close();
  progress.close();
  if (failure) complain(failure);
  const result = summary.summary(request.manifest.preset, request.out);
  if (request.json) console.out(`${JSON.stringify(result)}\n`);
  if (failure) return FAILED;
  return result.reason === 'stopped' ? INTERRUPTED : DONE;
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
