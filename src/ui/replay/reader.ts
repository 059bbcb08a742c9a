/**
 * Reads a recorded run piece by piece: gives out what tells of the run as a whole, and keeps of the rest only where
 * each step stands in the file, so that memory does not grow with the recording. A file comes from anyone: sizes and
 * counts are bounded, text stays text. Knows no worker and no page.
 */
import type { RunEvent } from '../../run/events';
import {
  EventReader,
  EventStreamError,
  type PlacedEvent,
  readEvents,
  type TruncatedLine,
} from '../../run/jsonl';
import { EMPTY_HISTORY, recordEvents } from '../history/history';
import type { StepRecord } from '../history/step-record';

/** A line longer than this is no event of a run: the largest group of rollouts takes a tenth of it. */
export const MOST_LINE_BYTES = 32 * 2 ** 20;
/** Steps are read back one stretch at a time; one that takes more than this is left with its metrics. */
const MOST_STEP_BYTES = 128 * 2 ** 20;
/** What a panel draws one of each: beyond it, the file was not written by a run. */
const MOST_KEYS = 1000;
const MOST_TIERS = 64;
const MOST_SUITES = 16;
const MOST_ROLLOUTS = 4096;
const MOST_KERNELS = 4096;

/**
 * What an event tells of: the run as a whole, one step (read back when that is looked at), or both. What is only live
 * has no place in a file.
 */
const TELLS_OF: Readonly<Record<RunEvent['type'], 'run' | 'step' | 'both' | 'nothing'>> = {
  run_started: 'run',
  phase: 'nothing',
  rollouts_started: 'nothing',
  rollouts_grown: 'nothing',
  rollouts_judged: 'nothing',
  prompt_group: 'step',
  sampling_plan: 'step',
  meta_group: 'step',
  gate_decision: 'step',
  gate_plan: 'step',
  cutoff: 'step',
  audit: 'step',
  expert_update: 'step',
  kernel_profile: 'run',
  step_metrics: 'both',
  evaluation: 'run',
  benchmarks: 'run',
  warning: 'both',
  checkpoint: 'run',
  finished: 'run',
};

const LINE_FEED = 0x0a;

/** Bytes of the file. */
export interface Place {
  from: number;
  to: number;
}

export class RecordingReader {
  readonly #reader = new EventReader();
  readonly #places = new Map<number, Place>();
  readonly #suites = new Set<string>();
  #lineBytes = 0;
  #lastEnd = 0;
  #line = 0;

  /**
   * Adds the events of the run as a whole that `bytes` completes to `events`, line by line: before a wrong line, all
   * those before it are there.
   * @throws EventStreamError
   */
  push(bytes: Uint8Array, events: RunEvent[]): void {
    for (let start = 0; start < bytes.length; ) {
      const feed = bytes.indexOf(LINE_FEED, start);
      const end = feed < 0 ? bytes.length : feed + 1;
      this.#lineBytes += end - start;
      // Before anything is put together: a line without end would take all memory there is.
      if (this.#lineBytes > MOST_LINE_BYTES)
        throw new EventStreamError(
          this.#line + 1,
          `expected lines of at most ${MOST_LINE_BYTES / 2 ** 20} MiB, got a longer one`,
        );
      for (const placed of this.#reader.push(bytes.subarray(start, end))) events.push(...this.#take(placed));
      if (feed >= 0) this.#lineBytes = 0;
      start = end;
    }
  }

  /** @throws EventStreamError */
  end(): { events: RunEvent[]; truncated: TruncatedLine | null } {
    const { last, truncated } = this.#reader.end();
    const events = last ? this.#take(last) : [];
    if (this.#line === 0)
      throw new EventStreamError(1, 'expected the events of a run, got a file without a whole line');
    return { events, truncated };
  }

  /** Where the steps stand that can be read back, in rising order. */
  places(): ReadonlyMap<number, Place> {
    return new Map([...this.#places].filter(([, { from, to }]) => to - from <= MOST_STEP_BYTES));
  }

  #take({ event, line, end_byte }: PlacedEvent): RunEvent[] {
    const from = this.#lastEnd;
    this.#lastEnd = end_byte;
    this.#line = line;
    if (line === 1 && event.type !== 'run_started')
      throw new EventStreamError(
        1,
        `expected run_started, got ${event.type}: a recording begins with its run`,
      );
    this.#checkCounts(event, line);
    if (event.type === 'run_started') {
      for (const step of this.#places.keys()) if (step >= event.from_step) this.#places.delete(step);
      return [event];
    }
    const tellsOf = TELLS_OF[event.type];
    const place = this.#places.get(event.step);
    if (tellsOf === 'step') this.#places.set(event.step, { from: place?.from ?? from, to: end_byte });
    else if (tellsOf === 'both' && place) place.to = end_byte;
    return tellsOf === 'run' || tellsOf === 'both' ? [event] : [];
  }

  #checkCounts(event: RunEvent, line: number): void {
    const atMost = (most: number, count: number, what: string) => {
      if (count > most)
        throw new EventStreamError(line, `${event.type}: expected at most ${most} ${what}, got ${count}`);
    };
    if (event.type === 'step_metrics') atMost(MOST_KEYS, Object.keys(event.metrics).length, 'metrics');
    if (event.type === 'kernel_profile') atMost(MOST_KERNELS, event.kernels.length, 'kernels');
    if (event.type === 'prompt_group') atMost(MOST_ROLLOUTS, event.rollouts.length, 'rollouts');
    if (event.type === 'meta_group') atMost(MOST_ROLLOUTS, event.predictions.length, 'predictions');
    if (event.type === 'evaluation') {
      atMost(MOST_TIERS, Object.keys(event.by_tier).length, 'tiers');
      atMost(MOST_SUITES, this.#suites.add(event.suite).size, 'suites');
    }
  }
}

/** The record of `step` from the stretch of the file it stands in. @throws EventStreamError */
export function readStep(bytes: Uint8Array, step: number): StepRecord | null {
  const { events } = readEvents(bytes);
  const own = events.filter(
    (event) => 'step' in event && event.step === step && ['step', 'both'].includes(TELLS_OF[event.type]),
  );
  return recordEvents(EMPTY_HISTORY, own).records[0] ?? null;
}
