/**
 * A run made ready before it is asked for. While the device is tested and the first screen is read, the model that the
 * page is about to train is fetched, its kernels are compiled and its buffers are made, so that Run has little left to
 * wait for. Nothing is computed with it, and nobody is told: a run begins where it is loaded. Used by `run-maker.ts`.
 */
import type { Trainer } from '../rl/trainer';
import type { Manifest } from '../run/manifest';
import type { OpenedModel } from './opened-model';

/** All that a run at its start needs. */
export interface PreparedRun {
  model: OpenedModel;
  trainer: Trainer;
}

export class Ahead {
  private readonly key: string;

  /** @param work under way; what it fails of is for whoever loads the run to find out. */
  constructor(
    readonly manifest: Manifest,
    private readonly work: Promise<PreparedRun>,
  ) {
    this.key = JSON.stringify(manifest);
    work.catch(() => {});
  }

  isFor(manifest: Manifest): boolean {
    return this.key === JSON.stringify(manifest);
  }

  /** The run, once it is ready; null where it could not be made so. */
  async take(): Promise<PreparedRun | null> {
    try {
      return await this.work;
    } catch {
      return null;
    }
  }

  /** Frees what was made for it. */
  async drop(): Promise<void> {
    (await this.take())?.trainer.destroy();
  }
}
