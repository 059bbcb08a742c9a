/** A session's host in Node: models and cases from the disk, events and checkpoints to the recorder. */

import { readModel } from '../../model/model-file';
import type { CheckpointFiles } from '../../run/checkpoint';
import type { RunEvent } from '../../run/events';
import { ModelFileError } from '../errors';
import type { Progress as SetUp } from '../protocol';
import type { CaseFiles } from '../self-test';
import type { SessionHost } from '../session';
import { readCaseFiles, SELF_TEST_CASE, shippedCase } from './case-files';
import { locateModel, type ModelLocation, readModelFiles } from './model-files';
import { nodeGpu } from './node-gpu';
import type { Progress } from './progress';
import type { Recorder } from './recorder';

export class NodeHost implements SessionHost {
  /** What kept the recorder from writing. From then on nothing is written, so that the stream has no gap. */
  failure: Error | null = null;

  private constructor(
    private readonly instance: GPU,
    private readonly recorder: Recorder,
    private readonly progress: Progress,
  ) {}

  /** @throws GpuUnavailable when there is no WebGPU in this Node. */
  static async create(recorder: Recorder, progress: Progress): Promise<NodeHost> {
    return new NodeHost(await nodeGpu(), recorder, progress);
  }

  gpu(): GPU {
    return this.instance;
  }

  async readModel(name: string): Promise<{ config: string; weights: Uint8Array }> {
    return readSoundModel(locateModel(name));
  }

  async readCases(): Promise<CaseFiles[]> {
    return [readCaseFiles(shippedCase(SELF_TEST_CASE))];
  }

  async keepCheckpoint(step: number, files: CheckpointFiles): Promise<void> {
    this.record(() => this.recorder.checkpoint(step, files));
  }

  onEvent(event: RunEvent): void {
    // The failure of the recorder ends the run; the run's own last words would meet it again.
    if (this.failure === null) this.record(() => this.recorder.event(event));
  }

  onState(): void {}

  onProgress(progress: SetUp): void {
    this.progress.setUp(progress);
  }

  private record(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.failure = error instanceof Error ? error : new Error(String(error));
      throw error;
    }
  }
}

/** A model's files, once they make a model; what is wrong with them is said with their path. */
export async function readSoundModel(
  location: ModelLocation,
): Promise<{ config: string; weights: Uint8Array }> {
  const files = await readModelFiles(location);
  try {
    readModel(files.config, files.weights);
  } catch (error) {
    throw new ModelFileError(
      `${location.weights}: ${error instanceof Error ? error.message : error}.`,
      'Use an unchanged copy of the model’s files.',
    );
  }
  return files;
}
