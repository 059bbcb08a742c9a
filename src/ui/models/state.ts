/** What the page knows of models from elsewhere: a part of its store, written by `desk.ts` alone. */
import type { ShelvedModel } from '../../lab/models-protocol';

export interface ModelsState {
  /** The dialog is on screen. */
  open: boolean;
  /** null until the worker has said. */
  list: readonly ShelvedModel[] | null;
  /** Bytes of the model that is being opened; null when none is. */
  reading: { named: string; done: number; total: number } | null;
  /** Name of the model that was opened last. */
  opened: string | null;
  /** Why the last one was not opened. */
  trouble: string | null;
}

export const INITIAL_MODELS: ModelsState = {
  open: false,
  list: null,
  reading: null,
  opened: null,
  trouble: null,
};
