/**
 * A session: one adapter and at most one run on it, as the page's worker and the command line both hold it.
 *
 * Opens the device, tests it, loads a run, and takes steps until paused, stopped, done or failed. Knows neither page
 * nor Node: its host fetches files, keeps checkpoints and hears events.
 */
import { type Gpu, openGpu } from '../gpu/device';
import { type LlamaConfig, parameterCount } from '../model/config';
import { readModel } from '../model/model-file';
import type { NamedTensors } from '../model/parameters';
import { readSnapshot, snapshotFiles } from '../rl/checkpoint-files';
import { Trainer } from '../rl/trainer';
import type { TrainerSnapshot } from '../rl/trainer-snapshot';
import type { CheckpointFiles } from '../run/checkpoint';
import type { AdapterInfo, RunEvent, SelfTestResult } from '../run/events';
import type { Manifest } from '../run/manifest';
import { getTask } from '../tasks';
import { BenchmarkDesk } from './benchmarks';
import { explainError, ModelFileError } from './errors';
import { Abandoned, LoopControl } from './loop-control';
import type { BenchmarkRequest, BenchmarkStatus, LabError, LabState, Progress } from './protocol';
import { type CaseFiles, SHIPPED_CASES, START_CASES, selfTest } from './self-test';
import { LAB_VERSION } from './version';

export interface SessionHost {
  /** Where WebGPU comes from; undefined when there is none. */
  gpu(): GPU | undefined;
  /** The files of a base model. @throws ModelFileError */
  readModel(
    name: string,
    onProgress: (done: number, total: number) => void,
  ): Promise<{ config: string; weights: Uint8Array }>;
  /** Shipped cases of the self-test, by name. */
  readCases(names: readonly string[]): Promise<CaseFiles[]>;
  /** Keeps a checkpoint and sends its `checkpoint` event where the other events go. */
  keepCheckpoint(step: number, files: CheckpointFiles): Promise<void>;
  onEvent(event: RunEvent): void;
  /** Asked after a step: whether the run has used up what it was given, and ends there as one that is complete. */
  isSpent?(): boolean;
  onState(state: LabState, step: number): void;
  onProgress(progress: Progress): void;
  /** Needed where benchmark sets are asked for. */
  onBenchmarks?(status: BenchmarkStatus): void;
}

/** A checkpoint, and whether the evaluation due at its step came before it: one that was stopped is still due. */
interface KeptCheckpoint {
  step: number;
  files: CheckpointFiles;
  evaluated: boolean;
}

/** How long a failure waits to hear that the device was lost. */
const LOSS_NOTICE_MS = 200;

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

export class Session {
  private gpu: Gpu | null = null;
  private tested: SelfTestResult | null = null;
  private current: {
    manifest: Manifest;
    config: LlamaConfig;
    base: NamedTensors;
    trainer: Trainer;
    /** The newest checkpoint, kept for recovery. */
    checkpoint: KeptCheckpoint | null;
    evaluatedAt: number;
    started: number;
    ended: boolean;
  } | null = null;
  private readonly control = new LoopControl(
    () => this.setState('paused'),
    () => this.benchmarks.pending,
  );
  private loop: Promise<void> | null = null;
  private state: LabState = 'opening';
  private readonly benchmarks: BenchmarkDesk;
  /** The last error, for the host that wants more than the state. */
  error: LabError | null = null;

  constructor(private readonly host: SessionHost) {
    this.benchmarks = new BenchmarkDesk(host);
  }

  get step(): number {
    return this.current?.trainer.step ?? 0;
  }

  get manifest(): Manifest | null {
    return this.current?.manifest ?? null;
  }

  /** What the loaded run takes. */
  get size(): { parameters: number; deviceBytes: number } | null {
    const run = this.current;
    return run && { parameters: parameterCount(run.config), deviceBytes: run.trainer.policy.plan.bytes };
  }

  /** Acquires the device and tests it. A failed test leaves the session `unavailable`, with the result. */
  async open(): Promise<{ adapter: AdapterInfo; selfTest: SelfTestResult }> {
    this.setState('opening');
    try {
      this.host.onProgress({ task: 'adapter', label: 'Asking for a GPU', done: 0, total: 1, unit: '' });
      this.gpu = await openGpu(this.host.gpu());
      this.host.onProgress({ task: 'adapter', label: 'Asking for a GPU', done: 1, total: 1, unit: '' });
      this.tested = await this.check(this.gpu, START_CASES);
    } catch (error) {
      this.fail(error, 'unavailable');
      throw error;
    }
    if (this.tested.status === 'failed') {
      this.error = {
        code: 'self-test',
        message: `This adapter computes wrong numbers: ${this.tested.reason}.`,
        remedy:
          'Update the graphics driver or the browser, or choose another adapter. Nothing is trained on one that fails.',
      };
      this.setState('unavailable');
    } else this.setState('idle');
    return { adapter: this.gpu.info, selfTest: this.tested };
  }

  /** Runs every shipped case on the device, whatever else is loaded. @throws when no device is open. */
  async checkEverything(): Promise<{ adapter: AdapterInfo; selfTest: SelfTestResult }> {
    if (!this.gpu) throw new Error('check: expected an open device; there is none');
    this.tested = await this.check(this.gpu, SHIPPED_CASES);
    return { adapter: this.gpu.info, selfTest: this.tested };
  }

  /**
   * Prepares a run at its start, or where `resume` was taken. A run that is loaded already is let go of first, its
   * step abandoned.
   * @param evaluated whether the stream already has the evaluation due at the step of `resume`.
   * @throws what `explainError` explains; the session is then `failed`.
   */
  async load(manifest: Manifest, resume?: CheckpointFiles, evaluated = true): Promise<void> {
    await this.halt();
    this.current?.trainer.destroy();
    this.current = null;
    this.error = null;
    this.setState('loading');
    try {
      const restored = resume ? await readSnapshot(resume) : null;
      const { config, weights } = await this.readBase(manifest.model);
      if (restored && JSON.stringify(restored.config) !== JSON.stringify(config))
        throw new ModelFileError(
          `model ${manifest.model}: expected the configuration that the checkpoint of step ${restored.state.step} was made with, got another`,
          'Put the base model back that the run began with.',
        );
      await this.prepare(manifest, config, weights);
      if (restored) this.restore(restored.snapshot, { step: restored.state.step, files: resume!, evaluated });
      this.announce();
      this.setState('ready');
    } catch (error) {
      this.fail(error, 'failed');
      throw error;
    }
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
    this.benchmarks.ask(request, getTask(run.manifest.task));
    if (!this.loop) return this.benchmarksAtRest();
    if (this.state === 'paused') this.setState('pausing');
    this.control.lookAgain();
  }

  cancelBenchmarks(): void {
    this.benchmarks.cancel();
  }

  /** Abandons the step under way, keeps the last finished one as a checkpoint, and ends the run. */
  async stop(): Promise<void> {
    const run = this.current;
    await this.halt();
    if (!run || run.ended || this.state === 'failed') return;
    try {
      if (run.checkpoint?.step !== run.trainer.step) await this.checkpoint();
      this.finish('stopped', '');
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
      await this.prepare(run.manifest, run.config, run.base);
      if (run.checkpoint) this.restore((await readSnapshot(run.checkpoint.files)).snapshot, run.checkpoint);
      this.announce();
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
    if (!this.loop && !this.gpu?.failure() && run.checkpoint?.step !== run.trainer.step)
      await this.checkpoint();
    return run.checkpoint;
  }

  /** Lets go of the run and of the device. */
  async close(): Promise<void> {
    await this.halt();
    this.current?.trainer.destroy();
    this.current = null;
    this.gpu?.device.destroy();
  }

  /** For tests: loses the device as a driver reset would. */
  loseDevice(): void {
    this.gpu?.device.destroy();
  }

  private async check(gpu: Gpu, names: readonly string[]): Promise<SelfTestResult> {
    const cases = await this.host.readCases(names);
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
      });
    return this.loop;
  }

  /** Sets that are answered while no run is under way; the session is then as it was before. */
  private benchmarksAtRest(): Promise<void> {
    const { state } = this;
    this.control.want('pause');
    this.loop = this.answerIfAsked()
      .catch((error) => {
        if (!(error instanceof Abandoned)) this.fail(error, 'failed');
      })
      .finally(() => {
        this.loop = null;
        if (this.state === 'benchmarking') this.setState(state);
      });
    return this.loop;
  }

  private async answerIfAsked(): Promise<void> {
    const { trainer, manifest } = this.current!;
    if (!this.benchmarks.pending) return;
    this.setState('benchmarking');
    await this.guard(
      this.benchmarks.answer(trainer.policy, manifest, trainer.step, () => {
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
      await this.guard(this.evaluateIfDue(control));
      while (!this.isOver()) {
        await this.betweenSteps();
        await this.guard(run.trainer.takeStep(control));
        // The same state, a step further.
        this.setState(this.state);
        await this.guard(this.evaluateIfDue(control));
        if (run.trainer.step % run.manifest.checkpoint_steps === 0 || this.isOver())
          await this.guard(this.checkpoint());
        control.stepEnds();
        if (run.trainer.step < run.manifest.steps) await control.rest();
      }
      await this.answerIfAsked();
      this.finish('completed', '');
      this.setState('finished');
    } catch (error) {
      if (!(error instanceof Abandoned)) this.fail(error, 'failed');
    }
  }

  /** Brings the loop to rest, abandoning the step under way. */
  private async halt(): Promise<void> {
    if (!this.loop) return;
    this.control.want('stop');
    await this.loop;
    this.benchmarks.drop('cancelled');
  }

  /** All its steps are taken, or its host has no more to give. */
  private isOver(): boolean {
    const { trainer, manifest } = this.current!;
    return trainer.step >= manifest.steps || (this.host.isSpent?.() ?? false);
  }

  private async evaluateIfDue(control: { proceed(): Promise<void> }): Promise<void> {
    const run = this.current!;
    const { step } = run.trainer;
    if (run.evaluatedAt === step) return;
    if (step % run.manifest.eval_steps !== 0 && !this.isOver()) return;
    await run.trainer.evaluate(control);
    run.evaluatedAt = step;
    if (run.checkpoint?.step === step) run.checkpoint.evaluated = true;
  }

  private restore(snapshot: TrainerSnapshot, checkpoint: KeptCheckpoint): void {
    const run = this.current!;
    run.trainer.restore(snapshot);
    run.checkpoint = checkpoint;
    run.evaluatedAt = checkpoint.evaluated ? checkpoint.step : -1;
  }

  private async checkpoint(): Promise<void> {
    const run = this.current!;
    this.host.onEvent({ type: 'phase', v: 1, step: run.trainer.step, phase: 'checkpoint' });
    const { step } = run.trainer;
    const files = await snapshotFiles(await run.trainer.snapshot(), run.manifest, run.config);
    await this.host.keepCheckpoint(step, files);
    // Only now: one that could not be kept is none.
    run.checkpoint = { step, files, evaluated: run.evaluatedAt === step };
  }

  private async readBase(name: string): Promise<{ config: LlamaConfig; weights: NamedTensors }> {
    const files = await this.host.readModel(name, (done, total) =>
      this.host.onProgress({ task: 'model', label: 'Loading the base model', done, total, unit: 'bytes' }),
    );
    return readModel(files.config, files.weights);
  }

  private async prepare(manifest: Manifest, config: LlamaConfig, base: NamedTensors): Promise<void> {
    if (!this.gpu || this.tested?.status === 'failed')
      throw new Error('load: expected an adapter that passed its self-test; open the session first');
    const trainer = await this.guard(
      Trainer.create({
        gpu: this.gpu,
        manifest,
        task: getTask(manifest.task),
        config,
        weights: base,
        emit: (event) => {
          this.host.onEvent(event);
          if (event.type === 'phase') this.control.phaseBegins();
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
    this.current = {
      manifest,
      config,
      base,
      trainer,
      checkpoint: null,
      evaluatedAt: -1,
      started: performance.now(),
      ended: false,
    };
  }

  private announce(): void {
    const { manifest, trainer, config } = this.current!;
    this.host.onEvent({
      type: 'run_started',
      v: 1,
      manifest,
      lab: LAB_VERSION,
      adapter: this.gpu!.info,
      self_test: this.tested!,
      parameters: parameterCount(config),
      device_bytes: trainer.policy.plan.bytes,
      from_step: trainer.step,
      started_at: new Date().toISOString(),
    });
  }

  private finish(reason: 'completed' | 'stopped' | 'failed', message: string): void {
    const run = this.current;
    if (!run || run.ended) return;
    run.ended = reason !== 'failed';
    this.host.onEvent({
      type: 'finished',
      v: 1,
      step: run.trainer.step,
      reason,
      message,
      last_checkpoint: run.checkpoint?.step ?? null,
      seconds: (performance.now() - run.started) / 1000,
    });
  }

  /** Rejects with the device's loss where `work` might otherwise wait for ever, or fail for that reason. */
  private guard<T>(work: Promise<T>): Promise<T> {
    const { gpu } = this;
    if (!gpu) return work;
    const patient = work.catch(async (error) => {
      // A lost device fails the work in flight first and says so a moment later.
      if (!(error instanceof Abandoned))
        await Promise.race([gpu.lost.catch(() => {}), pause(LOSS_NOTICE_MS)]);
      throw error;
    });
    // When the device is lost first, what becomes of the work is no longer of interest.
    patient.catch(() => {});
    return Promise.race([patient, gpu.lost]);
  }

  private fail(thrown: unknown, state: 'unavailable' | 'failed'): void {
    this.error = explainError(thrown, this.gpu);
    this.benchmarks.drop('failed');
    if (state === 'failed' && this.current) {
      const kept = this.current.checkpoint?.step;
      const last =
        kept === undefined
          ? 'No checkpoint was kept yet.'
          : `The last good checkpoint is that of step ${kept}.`;
      this.error = { ...this.error, message: `${this.error.message.replace(/\.$/, '')}. ${last}` };
      this.finish('failed', `${this.error.message} ${this.error.remedy}`);
    }
    this.setState(state);
  }

  private setState(state: LabState): void {
    this.state = state;
    this.host.onState(state, this.step);
  }
}
