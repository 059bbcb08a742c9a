/**
 * Where the events of a headless run go: to the disk, to the progress line and into the summary, in this order,
 * so that nothing is shown that is not written down. Used by `train`.
 *
 * What a step says before its metrics (its groups, decisions and warnings) is held back until they come: a step that
 * is abandoned is taken again when the run goes on, and says all of it again.
 */
import type { CheckpointFiles } from '../../run/checkpoint';
import type { RunEvent } from '../../run/events';
import type { Progress } from './progress';
import type { RunDirectory } from './run-directory';
import type { SummaryCollector } from './summary';

export class Recorder {
  #held: RunEvent[] = [];

  constructor(
    private readonly directory: RunDirectory,
    private readonly progress: Progress,
    private readonly summary: SummaryCollector,
  ) {}

  /** @throws FileError when it cannot be written. */
  event(event: RunEvent): void {
    switch (event.type) {
      case 'prompt_group':
      case 'sampling_plan':
      case 'meta_group':
      case 'gate_decision':
      case 'gate_plan':
      case 'cutoff':
      case 'audit':
      case 'expert_update':
        this.#held.push(event);
        return;
      case 'warning':
        if (this.#held.length > 0) this.#held.push(event);
        else this.#write(event);
        return;
      case 'finished':
        // A step that failed says what it failed on; one that was stopped never was.
        if (event.reason !== 'failed') this.#held = [];
        break;
    }
    if (event.type === 'step_metrics' || event.type === 'finished') {
      const held = this.#held;
      this.#held = [];
      for (const each of held) this.#write(each);
    }
    this.#write(event);
  }

  /** Writes a checkpoint of `step` finished steps, with its event. @throws FileError when it cannot be written. */
  checkpoint(step: number, files: CheckpointFiles): void {
    this.#held = [];
    this.#show(this.directory.writeCheckpoint(step, files));
  }

  #write(event: RunEvent): void {
    this.directory.append(event);
    this.#show(event);
  }

  #show(event: RunEvent): void {
    this.progress.event(event);
    this.summary.event(event);
  }
}
