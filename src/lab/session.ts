/**
 * A session: one adapter and at most one run on it, as the page's worker and the command line both hold it.
 *
 * Opens the device, loads a run, has its loop take steps, and brings back what failed. Knows neither page nor Node: its
 * host fetches files, keeps checkpoints and hears events. Not here: how a run is made ready (`run-maker.ts`), when
 * steps are taken and requests answered (`training-loop.ts`), what is due after a step (`loaded-run.ts`).
 */
import { type Gpu, openGpu } from '../gpu/device';
import { writeModel } from '../model/model-file';
import { readSnapshot } from '../rl/checkpoint-files';
import type { Trainer } from '../rl/trainer';
import type { CheckpointFiles } from '../run/checkpoint';
import type { AdapterInfo, SelfTestResult } from '../run/events';
import type { Manifest } from '../run/manifest';
import { AdapterTest } from './adapter-test';
import { orDeviceLoss } from './device-loss';
import { type DeviceUnderTest, openDevice } from './device-opening';
import { explainError, ModelFileError, SelfTestError } from './errors';
import { LoadedRun } from './loaded-run';
import type { OpenedModel } from './opened-model';
import type { BenchmarkRequest, InspectionRequest, LabError, LabState } from './protocol';
import { RunMaker } from './run-maker';
import { SHIPPED_CASES } from './self-test';
import type { SessionHost } from './session-host';
import { TrainingLoop } from './training-loop';

export type { SessionHost } from './session-host';

/** How long a session that nobody uses waits before it does what nobody waits for. */
const QUIET_MS = 1000;

export class Session {
  private gpu: Gpu | null = null;
  private readonly test: AdapterTest;
  private current: LoadedRun | null = null;
  /** Resolves once the test is under way. */
  private opening: Promise<DeviceUnderTest> | null = null;
  private state: LabState = 'opening';
  private readonly loop: TrainingLoop;
  private readonly maker: RunMaker;
  private resting: ReturnType<typeof setTimeout> | undefined;
  /** The last error, for the host that wants more than the state. */
  error: LabError | null = null;

  constructor(private readonly host: SessionHost) {
    this.test = new AdapterTest(host);
    this.loop = new TrainingLoop(host, {
      state: () => this.state,
      setState: (state) => this.setState(state),
      fail: (thrown) => this.fail(thrown, 'failed'),
      guard: (work) => this.guard(work),
      confirm: () => this.test.confirm(this.gpu!),
    });
    this.maker = new RunMaker(host, (phase) => this.loop.phaseBegins(phase));
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

  /**
   * Acquires the device and tests it; a failed test leaves the session `unavailable`. Where an earlier visit passed, its
   * result is taken for now: the test is repeated before the first update, or at rest.
   */
  async open(): Promise<{ adapter: AdapterInfo; selfTest: SelfTestResult }> {
    this.setState('opening');
    try {
      this.opening = openDevice(this.host, this.test, (gpu) => {
        this.gpu = gpu;
      });
      const { gpu, test } = await this.opening;
      const selfTest = await test;
      if (selfTest.status === 'failed') this.fail(new SelfTestError(selfTest.reason), 'unavailable');
      else this.setState('idle');
      this.resting = setTimeout(() => void this.rest(), QUIET_MS);
      return { adapter: gpu.info, selfTest };
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
    if (this.opening && !this.current) this.maker.expect(manifest, this.opening);
  }

  /** Runs every shipped case on the device, whatever else is loaded. @throws when no device is open. */
  async checkEverything(): Promise<{ adapter: AdapterInfo; selfTest: SelfTestResult }> {
    if (!this.gpu) throw new Error('check: expected an open device; there is none');
    await this.maker.endRest();
    const selfTest = await this.test.make(this.gpu, await this.host.readCases(SHIPPED_CASES));
    return { adapter: this.gpu.info, selfTest };
  }

  /**
   * What the self-test found in this visit; it is made now where only an earlier one's result is known.
   * @throws SelfTestError when it fails; the session is then `unavailable`. Error when no device is open.
   */
  async confirm(): Promise<SelfTestResult> {
    if (!this.gpu) throw new Error('self-test: expected an open device; there is none');
    try {
      await this.test.confirm(this.gpu);
      return this.test.result!;
    } catch (error) {
      // A run under way meets it where it waits for the same test.
      if (error instanceof SelfTestError && !this.loop.isUnderWay) this.fail(error, 'unavailable');
      throw error;
    }
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
      const ready = await this.maker.takeAhead(resume ? null : manifest, this.gpu);
      const restored = resume ? await readSnapshot(resume) : null;
      const base = ready?.model ?? (await this.maker.readBase(manifest));
      if (restored && JSON.stringify(restored.config) !== JSON.stringify(base.config))
        throw new ModelFileError(
          `model ${manifest.model}: expected the configuration that the checkpoint of step ${restored.state.step} was made with, got another`,
          'Put the base model back that the run began with.',
        );
      await this.prepare(manifest, base, ready?.trainer);
      if (restored) {
        const { step } = restored.state;
        this.current!.restore(restored.snapshot, { step, files: resume!, evaluated, named });
      }
      this.current!.announce(this.gpu!.info, this.test.result!);
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
    this.loop.control.delayMs = delayMs;
  }

  /** Pauses at the next place where the work in flight allows it; mid-step, the step goes on when resumed. */
  pause(): void {
    this.loop.pause();
    void this.maker.endRest();
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
    await this.loop.answerBenchmarks(run, request);
  }

  cancelBenchmarks(): void {
    this.loop.cancelBenchmarks();
  }

  /** Looks at a rollout, wherever no work of the trainer's is under way; its host hears what was seen. Never throws. */
  inspect(request: InspectionRequest): void {
    this.loop.inspect(request, this.state === 'failed' ? null : this.current);
  }

  /** Abandons the step under way, keeps the last finished one as a checkpoint, and ends the run. */
  async stop(): Promise<void> {
    const run = this.current;
    await this.loop.halt();
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
    await this.loop.halt();
    this.error = null;
    this.setState('loading');
    try {
      if (this.gpu?.failure()) this.gpu = await openGpu(this.host.gpu());
      else run.trainer.destroy();
      await this.prepare(run.manifest, run.model);
      const { checkpoint } = run;
      if (checkpoint) this.current!.restore((await readSnapshot(checkpoint.files)).snapshot, checkpoint);
      this.current!.announce(this.gpu!.info, this.test.result!);
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
    if (!this.loop.isUnderWay && !this.gpu?.failure() && run.checkpoint?.step !== run.trainer.step)
      await run.keep();
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
    clearTimeout(this.resting);
    await this.letGo();
    await this.maker.takeAhead(null, this.gpu);
    this.gpu?.device.destroy();
  }

  /** For tests: loses the device as a driver reset would. */
  loseDevice(): void {
    this.gpu?.device.destroy();
  }

  /** What is done while nobody waits for anything, once what is expected is ready. */
  private async rest(): Promise<void> {
    const isAtRest = () => !this.loop.isUnderWay && ['idle', 'ready'].includes(this.state);
    await this.maker.isReady(isAtRest);
    if (!isAtRest()) return;
    // Anything but a failed test is met again where the test is waited for.
    if (this.test.result?.tested_at !== undefined) await this.confirm().catch(() => {});
    await this.maker.chooseAtRest(this.gpu!);
  }

  private go(wanted: 'run' | 'step' | 'phase'): Promise<void> {
    return this.current ? this.loop.go(this.current, wanted) : Promise.resolve();
  }

  private async letGo(): Promise<void> {
    await this.loop.halt();
    this.current?.trainer.destroy();
    this.current = null;
    this.error = null;
  }

  /** @param made the trainer, where there is one already. */
  private async prepare(manifest: Manifest, model: OpenedModel, made?: Trainer): Promise<void> {
    const { gpu } = this;
    const { result } = this.test;
    if (!gpu || !result || result.status === 'failed') {
      made?.destroy();
      if (result?.status === 'failed') throw new SelfTestError(result.reason);
      throw new Error('load: expected an adapter that passed its self-test; open the session first');
    }
    const trainer = made ?? (await this.maker.makeTrainer(gpu, manifest, model));
    this.current = new LoadedRun(this.host, this.loop.control, { manifest, model, trainer });
  }

  private guard<T>(work: Promise<T>): Promise<T> {
    return this.gpu ? orDeviceLoss(this.gpu, work) : work;
  }

  private fail(thrown: unknown, state: 'unavailable' | 'failed'): void {
    this.error = explainError(thrown, this.gpu);
    this.loop.dropRequests();
    const isUnfit = thrown instanceof SelfTestError;
    if (isUnfit) void this.maker.takeAhead(null, this.gpu);
    if ((state === 'failed' || isUnfit) && this.current) {
      const kept = this.current.checkpoint?.step;
      const last =
        kept === undefined
          ? 'No checkpoint was kept yet.'
          : `The last good checkpoint is that of step ${kept}.`;
      this.error = { ...this.error, message: `${this.error.message.replace(/\.$/, '')}. ${last}` };
      this.current.finish('failed', `${this.error.message} ${this.error.remedy}`);
    }
    this.setState(isUnfit ? 'unavailable' : state);
  }

  private setState(state: LabState): void {
    this.state = state;
    this.host.onState(state, this.step);
  }
}
