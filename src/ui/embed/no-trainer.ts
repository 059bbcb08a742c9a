/** Stands in for the trainer's worker where there is nothing to train: takes every command, and never says a word. */
import type { WorkerLike } from '../../lab/client';

export const NO_TRAINER: WorkerLike = {
  postMessage() {},
  terminate() {},
  addEventListener() {},
};
