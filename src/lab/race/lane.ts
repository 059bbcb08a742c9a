/**
 * One arm on one seed in a race: a loaded run, the record that is gathered from its stream, and how it ended. When it
 * takes its steps is the race's business.
 */
import type { Gpu } from '../../gpu/device';
import { RecordCollector } from '../../rl/comparison/record';
import { Trainer } from '../../rl/trainer';
import type { RunEvent, SelfTestResult } from '../../run/events';
import type { Manifest } from '../../run/manifest';
import { LoadedRun } from '../loaded-run';
import type { LoopControl } from '../loop-control';
import type { OpenedModel } from '../opened-model';
import type { LabError } from '../protocol';
import type { Standing } from './pace';
import type { Entry } from './report';

export interface LaneParts {
  arm: string;
  manifest: Manifest;
  base: OpenedModel;
  gpu: Gpu;
  control: LoopControl;
  onEvent(event: RunEvent): void;
  onProgress(done: number, total: number): void;
}

export class Lane {
  readonly arm: string;
  readonly seed: number;
  readonly #record: RecordCollector;
  readonly #run: LoadedRun;
  #milliseconds = 0;
  #ending: 'completed' | 'stopped' | 'failed' | null = null;
  #failure: LabError | null = null;

  private constructor(
    arm: string,
    run: LoadedRun,
    record: RecordCollector,
    private readonly control: LoopControl,
  ) {
    this.arm = arm;
    this.seed = run.manifest.seed;
    this.#run = run;
    this.#record = record;
  }

  /** @throws MemoryPlanError, DeviceError, ManifestError. */
  static async prepare({ arm, manifest, base, gpu, control, onEvent, onProgress }: LaneParts): Promise<Lane> {
    const record = new RecordCollector();
    const hear = (event: RunEvent) => {
      record.event(event);
      lane?.hear(event);
      onEvent(event);
    };
    let lane: Lane | null = null;
    const trainer = await Trainer.create({
      gpu,
      manifest,
      ...base,
      emit: hear,
      onProgress,
    });
    // A race keeps no checkpoints: a seed that was interrupted is repeated, bit for bit.
    const host = { onEvent: hear, keepCheckpoint: async () => {} };
    const run = new LoadedRun(host, control, { manifest, model: base, trainer });
    lane = new Lane(arm, run, record, control);
    return lane;
  }

  get deviceBytes(): number {
    return this.#run.size.deviceBytes;
  }

  get steps(): number {
    return this.#run.trainer.step;
  }

  get isOver(): boolean {
    return this.#ending !== null;
  }

  /** Milliseconds of what it did so far, evaluations included. */
  get milliseconds(): number {
    return this.#milliseconds;
  }

  get standing(): Standing {
    const tokens = this.#record.record()?.steps.at(-1)?.costs.tokens_with_audit ?? 0;
    return { steps: this.steps, tokens, isOver: this.isOver };
  }

  /** What the report makes of it; null before it was announced. */
  get entry(): Entry | null {
    const record = this.#record.record();
    if (!record) return null;
    return {
      arm: this.arm,
      seed: this.seed,
      record,
      ended: this.#ending === 'completed' || this.#ending === 'failed',
      failed: this.#failure ? `it failed at step ${this.steps}: ${this.#failure.message}` : '',
    };
  }

  announce(gpu: Gpu, selfTest: SelfTestResult): void {
    this.#run.announce(gpu.info, selfTest);
  }

  /** A step; the first has the start's evaluation in it. */
  async takeStep(): Promise<void> {
    // The race has asked for the adapter's test before it began.
    await this.#run.takeStep(this.control, async () => {});
  }

  async evaluateIfDue(): Promise<void> {
    await this.#run.evaluateIfDue();
  }

  /** Evaluations so far. */
  get evaluations(): number {
    return this.#record.record()?.points.length ?? 0;
  }

  /** All its steps are taken. */
  get isDone(): boolean {
    return this.#run.isOver;
  }

  /** Says in its stream how it ended, and gives its memory back. */
  end(reason: 'completed' | 'stopped' | 'failed', failure: LabError | null = null): void {
    if (this.#ending !== null) return;
    this.#ending = reason;
    this.#failure = failure;
    this.#run.finish(reason, failure ? `${failure.message} ${failure.remedy}` : '');
    this.#run.trainer.destroy();
  }

  private hear(event: RunEvent): void {
    if (event.type === 'step_metrics') this.#milliseconds += event.step_ms;
    if (event.type === 'evaluation') this.#milliseconds += event.duration_ms;
  }
}
