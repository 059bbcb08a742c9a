/**
 * The loop of a session: takes steps of the run it is handed until paused, stopped, done or failed, and answers
 * benchmark sets and looks at rollouts where no step is in their way. What is loaded, on which device, and what a
 * failure comes to is the session's; what a step consists of and what is due after it, `LoadedRun`'s. Used by
 * `session.ts`.
 */
import type { Phase } from '../run/events';
import { BenchmarkDesk } from './benchmarks';
import { InspectorDesk } from './inspector';
import type { LoadedRun } from './loaded-run';
import { Abandoned, LoopControl } from './loop-control';
import type { BenchmarkRequest, InspectionRequest, LabState } from './protocol';
import type { SessionHost } from './session-host';

/** What the loop asks of the session it belongs to. */
export interface LoopSession {
  state(): LabState;
  setState(state: LabState): void;
  /** The loop has ended by this. */
  fail(thrown: unknown): void;
  /** Rejects when the device is lost meanwhile. */
  guard<T>(work: Promise<T>): Promise<T>;
  /** Before the policy changes, and before anything is said of it. @throws SelfTestError */
  confirm(): Promise<void>;
}

export class TrainingLoop {
  readonly control = new LoopControl(
    () => this.session.setState('paused'),
    () => this.benchmarks.pending,
    () => this.inspector.work(),
  );
  private readonly benchmarks: BenchmarkDesk;
  private readonly inspector: InspectorDesk;
  private underWay: Promise<void> | null = null;

  constructor(
    host: Pick<SessionHost, 'onEvent' | 'onBenchmarks' | 'onInspected'>,
    private readonly session: LoopSession,
  ) {
    this.benchmarks = new BenchmarkDesk(host);
    this.inspector = new InspectorDesk(host, (work) => session.guard(work));
  }

  /** Steps are taken, or the loop is paused between two of them or within one, or sets are answered. */
  get isUnderWay(): boolean {
    return this.underWay !== null;
  }

  /** Goes on with the run as far as is wanted. Resolves when the loop has ended; of a failure the session is told. */
  go(run: LoadedRun, wanted: 'run' | 'step' | 'phase'): Promise<void> {
    const { session } = this;
    if (run.ended || session.state() === 'failed' || session.state() === 'unavailable')
      return Promise.resolve();
    if (session.state() !== 'benchmarking') session.setState('running');
    this.control.want(wanted);
    // Not at once: a host that answers the first event with a stop has to find the loop.
    this.underWay ??= Promise.resolve()
      .then(() => this.steps(run))
      .finally(() => {
        this.underWay = null;
        void this.inspector.work();
      });
    return this.underWay;
  }

  /** Pauses at the next place where the work in flight allows it. */
  pause(): void {
    const state = this.session.state();
    if (!this.underWay || state === 'paused') return;
    this.control.want('pause');
    if (state !== 'benchmarking') this.session.setState('pausing');
  }

  /** A phase of a step begins. */
  phaseBegins(phase: Phase): void {
    this.inspector.isAhead = phase === 'clone';
    this.control.phaseBegins();
  }

  /**
   * Answers benchmark sets with the run's policy as it is between two steps: at once at rest, else when the step under
   * way is finished, even if that one was paused. Resolves when they are answered at rest, else at once.
   * @throws Error when sets are being answered already, and when the request is wrong.
   */
  async answerBenchmarks(run: LoadedRun, request: BenchmarkRequest): Promise<void> {
    this.benchmarks.ask(request, run.task);
    if (!this.underWay) return this.benchmarksAtRest(run);
    if (this.session.state() === 'paused') this.session.setState('pausing');
    this.control.lookAgain();
  }

  cancelBenchmarks(): void {
    this.benchmarks.cancel();
  }

  /** Looks at a rollout, wherever no work of the trainer's is under way. @param run null where there is no policy. */
  inspect(request: InspectionRequest, run: LoadedRun | null): void {
    this.inspector.ask(request, run);
    if (this.underWay) this.control.lookAgain();
    else void this.inspector.work();
  }

  /** Brings the loop to rest, abandoning the step under way. */
  async halt(): Promise<void> {
    if (this.underWay) {
      this.control.want('stop');
      await this.underWay;
      this.benchmarks.drop('cancelled');
    }
    this.inspector.drop();
    await this.inspector.idle();
  }

  /** Gives up what was asked for and has to do without an answer, the session having failed. */
  dropRequests(): void {
    this.benchmarks.drop('failed');
    this.inspector.drop();
  }

  /** Sets that are answered while no run is under way; the session is then as it was before. */
  private benchmarksAtRest(run: LoadedRun): Promise<void> {
    const { session } = this;
    const state = session.state();
    this.control.want('pause');
    this.underWay = this.inspector
      .idle()
      .then(() => this.answerIfAsked(run))
      .catch((error) => {
        if (!(error instanceof Abandoned)) session.fail(error);
      })
      .finally(() => {
        this.underWay = null;
        if (session.state() === 'benchmarking') session.setState(state);
        void this.inspector.work();
      });
    return this.underWay;
  }

  private async answerIfAsked({ trainer, manifest, task }: LoadedRun): Promise<void> {
    const { benchmarks, session } = this;
    if (!benchmarks.pending) return;
    session.setState('benchmarking');
    await session.guard(session.confirm());
    await session.guard(
      benchmarks.answer(trainer.policy, task, manifest, trainer.step, () => {
        if (this.control.wanted === 'stop') throw new Abandoned();
      }),
    );
  }

  /** Where no step is under way: answers what was asked for, waits out a pause, gives up on a stop. */
  private async betweenSteps(run: LoadedRun): Promise<void> {
    const { session } = this;
    do {
      await this.answerIfAsked(run);
      if (session.state() === 'benchmarking')
        session.setState(this.control.wanted === 'pause' ? 'pausing' : 'running');
      await this.control.proceed();
    } while (this.benchmarks.pending);
  }

  private async steps(run: LoadedRun): Promise<void> {
    const { control, session } = this;
    const confirm = () => session.confirm();
    try {
      await this.inspector.idle();
      await session.guard(run.evaluateOnEntry(confirm));
      await session.guard(run.checkpointIfDue());
      while (!run.isOver) {
        await this.betweenSteps(run);
        await session.guard(run.takeStep(control, confirm));
        this.inspector.isAhead = false;
        await session.guard(run.keepStep());
        // The same state, a step further.
        session.setState(session.state());
        await session.guard(run.evaluateIfDue());
        await session.guard(run.checkpointIfDue());
        control.stepEnds();
        if (!run.isOver) await control.rest();
      }
      await this.answerIfAsked(run);
      run.finish('completed', '');
      session.setState('finished');
    } catch (error) {
      if (!(error instanceof Abandoned)) session.fail(error);
    }
  }
}
