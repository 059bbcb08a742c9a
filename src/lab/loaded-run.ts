/**
 * A run that is loaded: its trainer, where it stands beside it (newest checkpoint, last evaluation, whether it has
 * ended), and what is due after a step. When steps are taken is the session's business.
 */
import { type LlamaConfig, parameterCount } from '../model/config';
import { snapshotFiles } from '../rl/checkpoint-files';
import type { Trainer } from '../rl/trainer';
import type { TrainerSnapshot } from '../rl/trainer-snapshot';
import type { CheckpointFiles } from '../run/checkpoint';
import type { AdapterInfo, SelfTestResult } from '../run/events';
import type { Manifest } from '../run/manifest';
import type { Task } from '../tasks/task';
import { spokenVocabulary } from '../tasks/text/recorded';
import { NoRoomError } from './errors';
import type { LoopControl } from './loop-control';
import type { OpenedModel } from './opened-model';
import type { SessionHost } from './session-host';
import { LAB_VERSION } from './version';

/** A state to go on from. */
export interface KeptCheckpoint {
  step: number;
  files: CheckpointFiles;
  /** Whether the evaluation due at its step came before it: one that was stopped is still due. */
  evaluated: boolean;
  /** Whether it is one of the checkpoints that the stream tells of, rather than the state after a step. */
  named: boolean;
}

/** Resolves once the adapter has passed its self-test in this visit. @throws SelfTestError */
export type Confirm = () => Promise<void>;

/** What a loaded run asks of its host. */
export type RunHost = Pick<SessionHost, 'onEvent' | 'keepCheckpoint' | 'keepStep' | 'isSpent'>;

export class LoadedRun {
  readonly manifest: Manifest;
  /** The base model, to begin again from. */
  readonly model: OpenedModel;
  readonly trainer: Trainer;
  /** The newest checkpoint, kept for recovery. */
  checkpoint: KeptCheckpoint | null = null;
  /** Completed or stopped; a failed run can be recovered. */
  ended = false;
  private evaluatedAt = -1;
  private readonly started = performance.now();

  constructor(
    private readonly host: RunHost,
    private readonly control: LoopControl,
    parts: Pick<LoadedRun, 'manifest' | 'model' | 'trainer'>,
  ) {
    this.manifest = parts.manifest;
    this.model = parts.model;
    this.trainer = parts.trainer;
  }

  get config(): LlamaConfig {
    return this.model.config;
  }

  /** As the model is asked it. */
  get task(): Task {
    return this.model.task;
  }

  get size(): { parameters: number; deviceBytes: number } {
    return { parameters: parameterCount(this.model.config), deviceBytes: this.trainer.policy.plan.bytes };
  }

  /** All its steps are taken, or its host has no more to give. */
  get isOver(): boolean {
    return this.trainer.step >= this.manifest.steps || (this.host.isSpent?.() ?? false);
  }

  /**
   * What is due where a run is taken up. At a run's very start it waits until the first rollouts are made, which are of
   * the same policy, as they are what a visitor wants to see first: `takeStep` has it done then.
   * @param confirm makes sure of the adapter, before anything is said of the policy.
   */
  async evaluateOnEntry(confirm: Confirm): Promise<void> {
    if (this.trainer.step === 0 && !this.isOver) return;
    await confirm();
    await this.evaluateIfDue();
  }

  /** @param confirm makes sure of the adapter, before the policy changes. */
  async takeStep(control: LoopControl, confirm: Confirm): Promise<void> {
    const isFirst = this.trainer.step === 0;
    await this.trainer.takeStep(control, async () => {
      await confirm();
      if (isFirst) await this.evaluateIfDue();
    });
  }

  async evaluateIfDue(): Promise<void> {
    const { step } = this.trainer;
    if (this.evaluatedAt === step) return;
    if (step % this.manifest.eval_steps !== 0 && !this.isOver) return;
    await this.trainer.evaluate(this.control);
    this.evaluatedAt = step;
    if (this.checkpoint?.step === step) this.checkpoint.evaluated = true;
  }

  async checkpointIfDue(): Promise<void> {
    const { step } = this.trainer;
    if (step === 0 || (this.checkpoint?.step === step && this.checkpoint.named)) return;
    if (step % this.manifest.checkpoint_steps !== 0 && !this.isOver) return;
    await this.untilThereIsRoom(() => this.keep());
  }

  /** The state after the step just taken, where the host keeps such: what a crash or a lost device goes back to. */
  async keepStep(): Promise<void> {
    if (!this.host.keepStep) return;
    const { step } = this.trainer;
    const files = await this.files();
    await this.untilThereIsRoom(() => this.host.keepStep!(step, files));
    this.checkpoint = { step, files, evaluated: false, named: false };
  }

  /** Makes a checkpoint of where the run stands, unless there is one that the stream tells of. */
  async keepNamed(): Promise<void> {
    if (this.checkpoint?.step !== this.trainer.step || !this.checkpoint.named) await this.keep();
  }

  /** Makes a checkpoint, and says so in the stream. */
  async keep(): Promise<void> {
    const { step } = this.trainer;
    this.host.onEvent({ type: 'phase', v: 1, step, phase: 'checkpoint' });
    const files = this.checkpoint?.step === step ? this.checkpoint.files : await this.files();
    await this.host.keepCheckpoint(step, files);
    // Only now: one that could not be kept is none.
    this.checkpoint = { step, files, evaluated: this.evaluatedAt === step, named: true };
  }

  restore(snapshot: TrainerSnapshot, checkpoint: KeptCheckpoint): void {
    this.trainer.restore(snapshot);
    this.checkpoint = checkpoint;
    this.evaluatedAt = checkpoint.evaluated ? checkpoint.step : -1;
  }

  /** Says in the stream that a stretch of the run begins. */
  announce(adapter: AdapterInfo, selfTest: SelfTestResult): void {
    const { parameters, deviceBytes } = this.size;
    const vocabulary = spokenVocabulary(this.task);
    this.host.onEvent({
      type: 'run_started',
      v: 1,
      manifest: this.manifest,
      lab: LAB_VERSION,
      adapter,
      self_test: selfTest,
      parameters,
      device_bytes: deviceBytes,
      memory: this.trainer.policy.memory,
      from_step: this.trainer.step,
      started_at: new Date().toISOString(),
      ...(vocabulary && { vocabulary }),
    });
  }

  /** Says in the stream that the run has ended, once. */
  finish(reason: 'completed' | 'stopped' | 'failed', message: string): void {
    if (this.ended) return;
    this.ended = reason !== 'failed';
    this.host.onEvent({
      type: 'finished',
      v: 1,
      step: this.trainer.step,
      reason,
      message,
      last_checkpoint: this.checkpoint?.step ?? null,
      seconds: (performance.now() - this.started) / 1000,
    });
  }

  /** Where there is no room the run rests, as it would in a pause, and tries again when it is resumed. */
  private async untilThereIsRoom(keep: () => Promise<void>): Promise<void> {
    for (;;) {
      try {
        return await keep();
      } catch (error) {
        if (!(error instanceof NoRoomError)) throw error;
        if (this.control.wanted !== 'stop') this.control.want('pause');
        await this.control.proceed();
      }
    }
  }

  private async files(): Promise<CheckpointFiles> {
    return snapshotFiles(await this.trainer.snapshot(), this.manifest, this.model.config);
  }
}
