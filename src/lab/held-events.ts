/**
 * Which events of a run may be written down, and when. What a step says before its metrics (its groups, decisions
 * and warnings) is held back until they come: a step that is abandoned is taken again when the run goes on, and says
 * all of it again. Knows nothing of where events go.
 *
 * Used by the command line's recorder and by the page's kept runs.
 */
import type { RunEvent } from '../run/events';

export class HeldEvents {
  #held: RunEvent[] = [];

  /** The events to be written now that `event` has come, in order; none while it is held back. */
  take(event: RunEvent): readonly RunEvent[] {
    switch (event.type) {
      case 'prompt_group':
      case 'sampling_plan':
      case 'meta_group':
      case 'gate_decision':
      case 'gate_plan':
      case 'cutoff':
      case 'audit':
      case 'expert_update':
      case 'kernel_profile':
        this.#held.push(event);
        return [];
      case 'warning':
        if (this.#held.length === 0) return [event];
        this.#held.push(event);
        return [];
      case 'finished':
        // A step that failed says what it failed on; one that was stopped never was.
        if (event.reason !== 'failed') this.drop();
        return this.#with(event);
      case 'step_metrics':
        return this.#with(event);
      default:
        return [event];
    }
  }

  /** Forgets what the step under way has said: it is abandoned. */
  drop(): void {
    this.#held = [];
  }

  #with(event: RunEvent): RunEvent[] {
    const held = this.#held;
    this.drop();
    return [...held, event];
  }
}
