/**
 * What the page and the worker say to each other about kept runs: two discriminated unions inside the one protocol
 * (`../protocol.ts`), switched exhaustively on both sides.
 */

import type { RunDigest } from '../../report';
import type { RunEvent } from '../../run/events';
import type { Manifest } from '../../run/manifest';
import type { RunEntry } from './entry';
import type { Freeable } from './retention';

/** Page to worker. */
export type RunsCommand =
  /** Answered by `list`, as is every command that changes a run. */
  | { do: 'list' }
  /** Shows a run: its events are sent as if they happened now. Whatever is on the trainer is left. */
  | { do: 'look'; id: string }
  /** Loads a run where it was left, and shows it. */
  | { do: 'continue'; id: string }
  /** Loads a new run that begins as `id` was after `step` finished steps. */
  | { do: 'fork'; id: string; step: number; manifest: Manifest }
  /** Reads finished steps of the run on the trainer back; answered by `steps`. */
  | { do: 'read-steps'; request: number; steps: readonly number[] }
  | { do: 'describe'; id: string; name: string; tags: string[]; notes: string }
  | { do: 'pin'; id: string; pinned: boolean }
  | { do: 'pin-checkpoint'; id: string; step: number; pinned: boolean }
  | { do: 'delete'; id: string }
  | { do: 'delete-checkpoint'; id: string; step: number }
  /** Deletes every run that no other tab has open. */
  | { do: 'clear' }
  /** Answered by `archive`. */
  | { do: 'export'; id: string }
  | { do: 'import'; file: Blob; name: string }
  /** What is to be known of runs to set them beside each other; answered by `digests`. */
  | { do: 'digest'; ids: string[] }
  /** A report of a run, or of several beside each other; null: of the one on the trainer, kept or not. Answered by `report`. */
  | { do: 'report'; ids: string[] | null }
  /** Removes the checkpoints that `full` named, and goes on. */
  | { do: 'make-room' }
  /** Goes on without keeping the run any more. */
  | { do: 'stop-keeping' };

export interface StorageState {
  /** Bytes this site takes, and may take; the browser's estimate. */
  usage: number;
  quota: number;
  /** The browser has promised not to clear it when space is short. */
  persisted: boolean;
}

/** Worker to page. */
export type RunsNews =
  | {
      what: 'list';
      runs: RunEntry[];
      /** Ids that another tab has open. */
      elsewhere: string[];
      /** The run on the trainer, if it is kept. */
      current: string | null;
      storage: StorageState | null;
    }
  /** Runs cannot be kept in this browser, and why. */
  | { what: 'unavailable'; reason: string }
  /** Whatever was on the page goes: what follows is of this run, first what it has said so far. */
  | { what: 'opening'; manifest: Manifest }
  /** All events of the run that was to be shown have been sent; it is not on the trainer. */
  | { what: 'shown'; id: string }
  /** The run rests: there is no room for its state. What could be removed to make some; none when nothing can. */
  | { what: 'full'; needed: number; freeable: Freeable[] }
  /** There is room again, or keeping was given up. */
  | { what: 'room' }
  /** All events of each step, in the order asked for; none of a step that is not kept. `problem` is empty when all went well. */
  | { what: 'steps'; request: number; steps: RunEvent[][]; problem: string }
  | { what: 'archive'; name: string; archive: Blob }
  | { what: 'imported'; id: string }
  | { what: 'digests'; digests: { id: string; digest: RunDigest }[] }
  /** A whole HTML document, and a name for its file. */
  | { what: 'report'; name: string; text: string }
  /** Something asked for could not be done; the run on the trainer is as it was. */
  | { what: 'trouble'; message: string };
