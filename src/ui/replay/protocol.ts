/** What the page and the reader of recordings, a worker of its own, say to each other. Switched exhaustively. */
import type { RunEvent } from '../../run/events';
import type { StepRecord } from '../history/step-record';

/** Page to reader. */
export type ReaderCommand =
  | { type: 'open'; source: Blob | string }
  /** Events were taken in: that many more may be sent. */
  | { type: 'more'; count: number }
  /** The records of these steps, in full; answered by `steps` with the same number. */
  | { type: 'read'; request: number; steps: readonly number[] }
  /** A report of the recorded run, called `name` where it has no name of its own; answered by `report`. */
  | { type: 'report'; name: string };

/** Why a recording could not be read, or not to its end. */
export interface ReadError {
  message: string;
  remedy: string;
}

/** Reader to page. */
export type ReaderMessage =
  /** Of `total` bytes, 0 where that is not known. */
  | { type: 'progress'; done: number; total: number }
  /** Of the run as a whole, in order; the detail of steps is read when it is asked for. */
  | { type: 'events'; events: RunEvent[] }
  /** All there is was read: to the end, to a last line cut short (`note`), or to where `error` is. */
  | { type: 'read'; steps: number[]; note: string; error: ReadError | null }
  | { type: 'steps'; request: number; records: StepRecord[]; error: string }
  /** A whole HTML document and its file's name, or what was in the way. */
  | { type: 'report'; name: string; text: string; error: string };

/** Events on the way to the page at most, so that a long recording waits in the file and not in memory. */
export const MOST_ON_THE_WAY = 512;
