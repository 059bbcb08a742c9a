/**
 * Where things are in a run's event stream: for each step, the byte up to which the stream is what a run that goes
 * on from there has said. Kept while writing, rebuilt while reading. Holds places, no events; used by kept runs.
 */
import type { RunEvent } from '../../run/events';
import type { Manifest } from '../../run/manifest';

interface Place {
  type: 'step_metrics' | 'evaluation' | 'checkpoint';
  step: number;
  /** The byte behind its line feed. */
  end: number;
}

/** How much of the stream belongs to a state. */
export interface Covered {
  bytes: number;
  /** The evaluation at this step, if one is due, is among it. */
  evaluated: boolean;
  /** So many bytes when the checkpoint of this step is told of as well; null when it is not. */
  with_checkpoint: number | null;
}

/** How many suites an evaluation of a run has: the events of one come together. */
export const suitesOf = (manifest: Manifest): number => (manifest.eval_out_of_domain ? 2 : 1);

export class StreamMap {
  #places: Place[] = [];

  add(event: RunEvent, end: number): void {
    if (event.type === 'step_metrics' || event.type === 'evaluation' || event.type === 'checkpoint')
      this.#places.push({ type: event.type, step: event.step, end });
  }

  /** The stretch of the stream with all that a finished step has said; null when the stream has no such step. */
  stretchOf(step: number): { from: number; to: number } | null {
    const at = this.#places.findLastIndex((each) => each.type === 'step_metrics' && each.step === step);
    // What a step says is held back until its metrics come, so that nothing of another stands in between.
    return at === -1 ? null : { from: this.#places[at - 1]?.end ?? 0, to: this.#places[at].end };
  }

  /** Forgets what lies behind `bytes`. */
  cut(bytes: number): void {
    this.#places = this.#places.filter((place) => place.end <= bytes);
  }

  /**
   * What the stream holds of the state after `step` finished steps; null when it does not reach it. An evaluation of
   * which a part is missing does not count: it is made again.
   */
  covered(step: number, suites: number): Covered | null {
    if (step === 0) return { bytes: 0, evaluated: false, with_checkpoint: null };
    const last = this.#places.findLastIndex((each) => each.type === 'step_metrics' && each.step === step - 1);
    if (last === -1) return null;
    const after = this.#places.slice(last + 1);
    const until = after.findIndex((each) => each.type === 'step_metrics' || each.step !== step);
    const own = until === -1 ? after : after.slice(0, until);
    const evaluations = own.filter((each) => each.type === 'evaluation');
    const evaluated = evaluations.length >= suites;
    const partly = evaluations.length > 0 && !evaluated;
    return {
      bytes: (evaluated ? evaluations.at(-1)! : this.#places[last]).end,
      evaluated,
      with_checkpoint: partly ? null : (own.findLast((each) => each.type === 'checkpoint')?.end ?? null),
    };
  }
}
