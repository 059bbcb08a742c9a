/** A session's host in Node: models and cases from the disk, events and checkpoints to the recorder. */

import type { ByteSource } from '../../model/byte-source';
import type { BudgetMeter } from '../../run/budget';
import type { CheckpointFiles } from '../../run/checkpoint';
import type { RunEvent } from '../../run/events';
import { StorageError } from '../errors';
import type { Progress as SetUp } from '../protocol';
import type { CaseFiles } from '../self-test';
import type { SessionHost } from '../session';
import { readCaseFiles, shippedCase } from './case-files';
import { FileError } from './file-errors';
import { choosingMs, fileChoices } from './kernel-choices';
import { locateModel, readSources } from './model-files';
import { nodeGpu } from './node-gpu';
import type { Progress } from './progress';
import type { Recorder } from './recorder';

export class NodeHost implements SessionHost {
  /** What kept the recorder from writing, once something has. */
  private failure: StorageError | null = null;
  readonly choices = fileChoices();
  readonly choosingMs = choosingMs;

  private constructor(
    private readonly instance: GPU,
    private readonly recorder: Recorder,
    private readonly progress: Progress,
    private readonly budget: BudgetMeter | null,
  ) {}

  /**
   * @param budget where the run ends before its manifest's last step; null for one that takes them all.
   * @throws GpuUnavailable when there is no WebGPU in this Node.
   */
  static async create(
    recorder: Recorder,
    progress: Progress,
    budget: BudgetMeter | null = null,
  ): Promise<NodeHost> {
    return new NodeHost(await nodeGpu(), recorder, progress, budget);
  }

  gpu(): GPU {
    return this.instance;
  }

  async readModel(name: string): Promise<readonly ByteSource[]> {
    return readSources(locateModel(name));
  }

  async readCases(names: readonly string[]): Promise<CaseFiles[]> {
    return names.map((name) => readCaseFiles(shippedCase(name)));
  }

  async keepCheckpoint(step: number, files: CheckpointFiles): Promise<void> {
    this.record(() => this.recorder.checkpoint(step, files));
  }

  onEvent(event: RunEvent): void {
    this.budget?.event(event);
    if (this.failure === null) this.record(() => this.recorder.event(event));
    else if (event.type === 'finished') this.recordLast(event);
  }

  isSpent(): boolean {
    return this.budget?.isSpent ?? false;
  }

  onState(): void {}

  onProgress(progress: SetUp): void {
    this.progress.setUp(progress);
  }

  /** @throws StorageError, which ends the run. */
  private record(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      this.failure = new StorageError(error.message, { cause: error });
      throw this.failure;
    }
  }

  /** The end of a run that could not be written down any more, where that much is possible. */
  private recordLast(event: RunEvent): void {
    try {
      this.recorder.event(event);
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
    }
  }
}
