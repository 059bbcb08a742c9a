/**
 * Where the events of a headless run go: to the disk, to the progress line and into the summary, in this order,
 * so that nothing is shown that is not written down. What a step says is written once the step is whole
 * (`held-events.ts`). Used by `train`.
 */
import type { CheckpointFiles } from '../../run/checkpoint';
import type { RunEvent } from '../../run/events';
import { HeldEvents } from '../held-events';
import type { Progress } from './progress';
import type { RunDirectory } from './run-directory';
import type { SummaryCollector } from './summary';

export class Recorder {
  readonly #held = new HeldEvents();

  constructor(
    private readonly directory: RunDirectory,
    private readonly progress: Progress,
    private readonly summary: SummaryCollector,
  ) {}

  /** @throws FileError when it cannot be written. */
  event(event: RunEvent): void {
    for (const each of this.#held.take(event)) {
      this.directory.append(each);
      this.#show(each);
    }
  }

  /** Writes a checkpoint of `step` finished steps, with its event. @throws FileError when it cannot be written. */
  checkpoint(step: number, files: CheckpointFiles): void {
    this.#held.drop();
    this.#show(this.directory.writeCheckpoint(step, files));
  }

  #show(event: RunEvent): void {
    this.progress.event(event);
    this.summary.event(event);
  }
}
