/**
 * A session: one adapter and at most one run on it, as the page's worker and the command line both hold it.
 *
 * Opens the device, tests it, loads a run, and takes steps until paused, stopped, done or failed. Knows neither page
 * nor Node: its host fetches files, keeps checkpoints and hears events.
 */
import { type Gpu, openGpu } from '../gpu/device';
import { writeModel } from '../model/model-file';
import { readSnapshot } from '../rl/checkpoint-files';
import { Trainer } from '../rl/trainer';
import type { CheckpointFiles } from '../run/checkpoint';
import type { AdapterInfo, SelfTestResult } from '../run/events';
import type { Manifest } from '../run/manifest';
import { Ahead, type PreparedRun } from './ahead';
import { BenchmarkDesk } from './benchmarks';
import { orDeviceLoss } from './device-loss';
import { explainError, ModelFileError } from './errors';
import { InspectorDesk } from './inspector';
import { LoadedRun } from './loaded-run';
import { Abandoned, LoopControl } from './loop-control';
import { type OpenedModel, openModel } from './opened-model';
import type { BenchmarkRequest, InspectionRequest, LabError, LabState } from './protocol';
import { type CaseFiles, SHIPPED_CASES, START_CASES, selfTest } from './self-test';
import type { SessionHost } from './session-host';
import { tuneFor } from './tuning';

export type { SessionHost } from './session-host';

export class Session {
  private gpu: Gpu | null = null;
  private tested: SelfTestResult | null = null;
  private current: LoadedRun | null = null;
  /** Resolves once the test is under way. */
  private opening: Promise<{ gpu: Gpu; test: Promise<SelfTestResult> }> | null = null;
  private ahead: Ahead | null = null;
  private readonly control = new LoopControl(
    () => this.setState('paused'),
    () => this.benchmarks.pending,
    () => this.inspector.work(),
  );
  private loop: Promise<void> | null = null;
  private state: LabState = 'opening';
  private readonly benchmarks: BenchmarkDesk;
  private readonly inspector: InspectorDesk;
  /** The last error, for the host that wants more than the state. */
  error: LabError | null = null;

  constructor(private readonly host: SessionHost) {
    this.benchmarks = new BenchmarkDesk(host);
    this.inspector = new InspectorDesk(host, (work) => this.guard(work));
  }

  get step(): number {
    return this.current?.trainer.step ?? 0;
  }

  get manifest(): Manifest | null {
    return this.current?.manifest ?? null;
  }

  /** What the loaded run takes. */
  get size(): { parameters: number; deviceBytes: number } | null {
    return this.current?.size ?? null;
  }

  /** Acquires the device and tests it. A failed test leaves the session `unavailable`, with the result. */
  async open(): Promise<{ adapter: AdapterInfo; selfTest: SelfTestResult }> {
    this.setState('opening');
    try {
      this.opening = this.begin();
      const { gpu, test } = await this.opening;
      this.tested = await test;
      return this.wasTested(gpu, this.tested);
    } catch (error) {
      this.fail(error, 'unavailable');
      throw error;
    }
  }

  /**
   * Says what is likely to be loaded next. It is made ready while the device is tested, and loading it takes as much
   * less; loading anything else lets go of it. Only the first one is taken up.
   */
  expect(manifest: Manifest): void {
    if (!this.opening || this.current || this.ahead) return;
    this.ahead = new Ahead(manifest, this.makeAhead(manifest, this.opening));
  }

  /** Runs every shipped case on the device, whatever else is loaded. @throws when no device is open. */
  async checkEverything(): Promise<{ adapter: AdapterInfo; selfTest: SelfTestResult }> {
    if (!this.gpu) throw new Error('check: expected an open device; there is none');
    this.tested = await this.check(this.gpu, await this.host.readCases(SHIPPED_CASES));
    return { adapter: this.gpu.info, selfTest: this.tested };
  }

  /**
   * Prepares a run at its start, or where `resume` was taken. A run that is loaded already is let go of first, its
   * step abandoned.
   * @param evaluated whether the stream already has the evaluation due at the step of `resume`.
   * @param named whether it already has the checkpoint due there.
   * @throws what `explainError` explains; the session is then `failed`.
   */
  async load(manifest: Manifest, resume?: CheckpointFiles, evaluated = true, named = true): Promise<void> {
    await this.letGo();
    this.setState('loading');
    try {
      const ready = await this.takeAhead(resume ? null : manifest);
      const restored = resume ? await readSnapshot(resume) : null;
      const base = ready?.model ?? (await this.readBase(manifest));
      if (restored && JSON.stringify(restored.config) !== JSON.stringify(base.config))
        throw new ModelFileError(
          `model ${manifest.model}: expected the configuration that the checkpoint of step ${restored.state.step} was made with, got another`,
          'Put the base model back that the run began with.',
        );
      await this.prepare(manifest, base, ready?.trainer);
      if (restored)
        this.current!.restore(restored.snapshot, {
          step: restored.state.step,
          files: resume!,
          evaluated,
          named,
        });
      this.current!.announce(this.gpu!.info, this.tested!);
      this.setState('ready');
    } catch (error) {
      this.fail(error, 'failed');
      throw error;
    }
  }

  /** Lets go of the run, its step abandoned; the device stays open for another. */
  async unload(next: 'idle' | 'loading' = 'idle'): Promise<void> {
    await this.letGo();
    if (this.state !== 'opening' && this.state !== 'unavailable') this.setState(next);
  }

  /**
   * Goes on until paused, stopped, finished or failed; resolves then. Failures are in `error`, not thrown. While
   * benchmark sets are answered at rest, it is not begun.
   */
  run(): Promise<void> {
    return this.go('run');
  }

  /** Takes one step (or finishes the one under way), then pauses. */
  takeStep(): Promise<void> {
    return this.go('step');
  }

  /** Goes on to where the next phase begins (or the step ends), and pauses there. */
  takePhase(): Promise<void> {
    return this.go('phase');
  }

  /** Profiles the step that begins next; while none is loaded, nothing. */
  profileNextStep(): void {
    this.current?.trainer.profileNextStep();
  }

  /** Waits `delayMs` between steps while running on, from now on. */
  pace(delayMs: number): void {
    this.control.delayMs = delayMs;
  }

  /** Pauses at the next place where the work in flight allows it; mid-step, the step goes on when resumed. */
  pause(): void {
    if (!this.loop || this.state === 'paused') return;
    this.control.want('pause');
    if (this.state !== 'benchmarking') this.setState('pausing');
  }

  /**
   * Answers benchmark sets with the policy as it is between two steps: at once at rest, else when the step under way
   * is finished, even if that one was paused. Afterwards the run goes on, or is paused again.
   * @throws Error when there is no policy, when sets are being answered already, and when the request is wrong.
   */
  async answerBenchmarks(request: BenchmarkRequest): Promise<void> {
    const run = this.current;
    if (!run || this.state === 'failed' || this.state === 'loading')
      throw new Error(
        `benchmarks: expected a loaded policy, got a session that is ${this.state}; load a run`,
      );
    this.benchmarks.ask(request, run.task);
    if (!this.loop) return this.benchmarksAtRest();
    if (this.state === 'paused') this.setState('pausing');
    this.control.lookAgain();
  }

  cancelBenchmarks(): void {
    this.benchmarks.cancel();
  }

  /** Looks at a rollout, wherever no work of the trainer's is under way; its host hears what was seen. Never throws. */
  inspect(request: InspectionRequest): void {
    this.inspector.ask(request, this.state === 'failed' ? null : this.current);
    if (this.loop) this.control.lookAgain();
    else void this.inspector.work();
  }

  /** Abandons the step under way, keeps the last finished one as a checkpoint, and ends the run. */
  async stop(): Promise<void> {
    const run = this.current;
    await this.halt();
    if (!run || run.ended || this.state === 'failed') return;
    try {
      await run.keepNamed();
      run.finish('stopped', '');
      this.setState('finished');
    } catch (error) {
      this.fail(error, 'failed');
    }
  }

  /**
   * After a failure: the last checkpoint on a sound device, ready to run on.
   * @throws when there is no run or no device to be had.
   */
  async recover(): Promise<void> {
    const run = this.current;
    if (!run) throw new Error('recover: there is no run to recover');
    await this.halt();
    this.error = null;
    this.setState('loading');
    try {
      if (this.gpu?.failure()) this.gpu = await openGpu(this.host.gpu());
      else run.trainer.destroy();
      await this.prepare(run.manifest, run.model);
      const { checkpoint } = run;
      if (checkpoint) this.current!.restore((await readSnapshot(checkpoint.files)).snapshot, checkpoint);
      this.current!.announce(this.gpu!.info, this.tested!);
      this.setState('ready');
    } catch (error) {
      this.fail(error, 'failed');
      throw error;
    }
  }

  /** The newest checkpoint; one is made when the last finished step has none and nothing is under way. */
  async newestCheckpoint(): Promise<{ step: number; files: CheckpointFiles } | null> {
    const run = this.current;
    if (!run) return null;
    if (!this.loop && !this.gpu?.failure() && run.checkpoint?.step !== run.trainer.step) await run.keep();
    return run.checkpoint;
  }

  /**
   * The policy after the last step whose state is kept, or as the run begins; nothing is made and nothing waits for it.
   * @throws Error when there is no run.
   */
  policyNow(): { step: number; manifest: Manifest; files: CheckpointFiles } {
    const run = this.current;
    if (!run) throw new Error('policy: expected a loaded run, got none; load one first');
    const { checkpoint, manifest, model } = run;
    if (checkpoint) return { step: checkpoint.step, manifest, files: checkpoint.files };
    return { step: 0, manifest, files: writeModel(model) };
  }

  /** Lets go of the run and of the device. */
  async close(): Promise<void> {
    await this.letGo();
    await this.takeAhead(null);
    this.gpu?.device.destroy();
  }

  /** For tests: loses the device as a driver reset would. */
  loseDevice(): void {
    this.gpu?.device.destroy();
  }

  /** The device, with the test begun on it; its files are fetched while the adapter is asked for. */
  private async begin(): Promise<{ gpu: Gpu; test: Promise<SelfTestResult> }> {
    const files = this.host.readCases(START_CASES);
    // Of no interest where there is no device to test.
    files.catch(() => {});
    this.host.onProgress({ task: 'adapter', label: 'Asking for a GPU', done: 0, total: 1, unit: '' });
    const gpu = await openGpu(this.host.gpu());
    this.gpu = gpu;
    this.host.onProgress({ task: 'adapter', label: 'Asking for a GPU', done: 1, total: 1, unit: '' });
    const cases = await files;
    return { gpu, test: this.check(gpu, cases) };
  }

  private wasTested(
    { info }: Gpu,
    selfTest: SelfTestResult,
  ): { adapter: AdapterInfo; selfTest: SelfTestResult } {
    if (selfTest.status === 'failed') {
      this.error = {
        code: 'self-test',
        message: `This adapter computes wrong numbers: ${selfTest.reason}.`,
        remedy:
          'Update the graphics driver or the browser, or choose another adapter. Nothing is trained on one that fails.',
      };
      void this.takeAhead(null);
      this.setState('unavailable');
    } else this.setState('idle');
    return { adapter: info, selfTest };
  }

  private check(gpu: Gpu, cases: readonly CaseFiles[]): Promise<SelfTestResult> {
    return this.guard(
      selfTest(gpu, cases, (done, total) =>
        this.host.onProgress({
          task: 'self-test',
          label: 'Checking the GPU against PyTorch',
          done,
          total,
          unit: 'cases',
        }),
      ),
    );
  }

  /** After the test's kernels, which are waited for first, and beside the test itself; only measuring waits for it. */
  private async makeAhead(
    manifest: Manifest,
    opening: Promise<{ gpu: Gpu; test: Promise<SelfTestResult> }>,
  ): Promise<PreparedRun> {
    const reading = this.readBase(manifest);
    const [model, { gpu, test }] = await Promise.all([reading, opening]);
    await this.chooseKernels(gpu, model, test);
    return { model, trainer: await this.makeTrainer(gpu, manifest, model) };
  }

  /** What was made ready for this manifest; anything else that was is let go of. */
  private async takeAhead(manifest: Manifest | null): Promise<PreparedRun | null> {
    const { ahead } = this;
    this.ahead = null;
    if (ahead && manifest && ahead.isFor(manifest) && !this.gpu?.failure()) return ahead.take();
    await ahead?.drop();
    return null;
  }

  private go(wanted: 'run' | 'step' | 'phase'): Promise<void> {
    const run = this.current;
    if (!run || run.ended || this.state === 'failed') return Promise.resolve();
    if (this.state !== 'benchmarking') this.setState('running');
    this.control.want(wanted);
    // Not at once: a host that answers the first event with a stop has to find the loop.
    this.loop ??= Promise.resolve()
      .then(() => this.steps())
      .finally(() => {
        this.loop = null;
        void this.inspector.work();
      });
    return this.loop;
  }

  /** Sets that are answered while no run is under way; the session is then as it was before. */
  private benchmarksAtRest(): Promise<void> {
    const { state } = this;
    this.control.want('pause');
    this.loop = this.inspector
      .idle()
      .then(() => this.answerIfAsked())
      .catch((error) => {
        if (!(error instanceof Abandoned)) this.fail(error, 'failed');
      })
      .finally(() => {
        this.loop = null;
        if (this.state === 'benchmarking') this.setState(state);
        void this.inspector.work();
      });
    return this.loop;
  }

  private async answerIfAsked(): Promise<void> {
    const { trainer, manifest, task } = this.current!;
    if (!this.benchmarks.pending) return;
    this.setState('benchmarking');
    await this.guard(
      this.benchmarks.answer(trainer.policy, task, manifest, trainer.step, () => {
        if (this.control.wanted === 'stop') throw new Abandoned();
      }),
    );
  }

  /** Where no step is under way: answers what was asked for, waits out a pause, gives up on a stop. */
  private async betweenSteps(): Promise<void> {
    do {
      await this.answerIfAsked();
      if (this.state === 'benchmarking')
        this.setState(this.control.wanted === 'pause' ? 'pausing' : 'running');
      await this.control.proceed();
    } while (this.benchmarks.pending);
  }

  private async steps(): Promise<void> {
    const run = this.current!;
    const { control } = this;
    try {
      await this.inspector.idle();
      await this.guard(run.evaluateOnEntry());
      await this.guard(run.checkpointIfDue());
      while (!run.isOver) {
        await this.betweenSteps();
        await this.guard(run.takeStep(control));
        this.inspector.isAhead = false;
        await this.guard(run.keepStep());
        // The same state, a step further.
        this.setState(this.state);
        await this.guard(run.evaluateIfDue());
        await this.guard(run.checkpointIfDue());
        control.stepEnds();
        if (!run.isOver) await control.rest();
      }
      await this.answerIfAsked();
      run.finish('completed', '');
      this.setState('finished');
    } catch (error) {
      if (!(error instanceof Abandoned)) this.fail(error, 'failed');
    }
  }

  /** Brings the loop to rest, abandoning the step under way. */
  private async halt(): Promise<void> {
    if (this.loop) {
      this.control.want('stop');
      await this.loop;
      this.benchmarks.drop('cancelled');
    }
    this.inspector.drop();
    await this.inspector.idle();
  }

  private async letGo(): Promise<void> {
    await this.halt();
    this.current?.trainer.destroy();
    this.current = null;
    this.error = null;
  }

  private async readBase({ model, task }: Manifest): Promise<OpenedModel> {
    const onProgress = (done: number, total: number) =>
      this.host.onProgress({ task: 'model', label: 'Loading the base model', done, total, unit: 'bytes' });
    return openModel(await this.host.readModel(model, onProgress), task, onProgress);
  }

  /** @param made the trainer, where there is one already. */
  private async prepare(manifest: Manifest, model: OpenedModel, made?: Trainer): Promise<void> {
    const { gpu } = this;
    if (!gpu || this.tested?.status === 'failed') {
      made?.destroy();
      throw new Error('load: expected an adapter that passed its self-test; open the session first');
    }
    if (!made) await this.chooseKernels(gpu, model);
    const trainer = made ?? (await this.makeTrainer(gpu, manifest, model));
    this.current = new LoadedRun(this.host, this.control, { manifest, model, trainer });
  }

  private chooseKernels(gpu: Gpu, { config }: OpenedModel, ahead?: Promise<unknown>): Promise<void> {
    return this.guard(tuneFor(gpu, config, this.host.choices, (p) => this.host.onProgress(p), ahead));
  }

  private makeTrainer(gpu: Gpu, manifest: Manifest, model: OpenedModel): Promise<Trainer> {
    return this.guard(
      Trainer.create({
        gpu,
        manifest,
        ...model,
        emit: (event) => {
          this.host.onEvent(event);
          if (event.type !== 'phase') return;
          this.inspector.isAhead = event.phase === 'clone';
          this.control.phaseBegins();
        },
        onProgress: (done, total) =>
          this.host.onProgress({
            task: 'pipelines',
            label: 'Compiling the kernels',
            done,
            total,
            unit: 'pipelines',
          }),
      }),
    );
  }

  private guard<T>(work: Promise<T>): Promise<T> {
    return this.gpu ? orDeviceLoss(this.gpu, work) : work;
  }

  private fail(thrown: unknown, state: 'unavailable' | 'failed'): void {
    this.error = explainError(thrown, this.gpu);
    this.benchmarks.drop('failed');
    this.inspector.drop();
    if (state === 'failed' && this.current) {
      const kept = this.current.checkpoint?.step;
      const last =
        kept === undefined
          ? 'No checkpoint was kept yet.'
          : `The last good checkpoint is that of step ${kept}.`;
      this.error = { ...this.error, message: `${this.error.message.replace(/\.$/, '')}. ${last}` };
      this.current.finish('failed', `${this.error.message} ${this.error.remedy}`);
    }
    this.setState(state);
  }

  private setState(state: LabState): void {
    this.state = state;
    this.host.onState(state, this.step);
  }
}
