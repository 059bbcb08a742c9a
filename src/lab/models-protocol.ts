/** What the page and the trainer's worker say to each other about models that the user opens. */

/** Page to worker. */
export type ModelsCommand =
  /** Which are kept; answered by `list`. */
  | { do: 'list' }
  /** Read a model from its files and keep it for runs. `named` is what the user calls it: its folder, say. */
  | { do: 'open'; named: string; files: readonly { name: string; file: Blob }[] }
  /** Leave the model that is being opened. */
  | { do: 'cancel' }
  | { do: 'delete'; model: string };

/** A model that runs can begin with. */
export interface ShelvedModel {
  /** What a manifest calls it. */
  model: string;
  parameters: number;
  /** Rows of its embedding. */
  tokens: number;
  /** Of its files. */
  bytes: number;
  /** How it is asked: as the shipped models are, in the task's words through other ids, or in plain text. */
  speaks: 'the task’s own tokens' | 'its own words' | 'plain text';
  /** Longest prompt of the task it was tried with, in its tokens. */
  longestPrompt: number;
  /** A problem as the model is asked it. */
  example: string;
  /** Where it stays: for as long as the page is open, or until it is deleted. */
  kept: boolean;
}

/** Worker to page. */
export type ModelsNews =
  | { what: 'list'; models: ShelvedModel[] }
  | { what: 'reading'; done: number; total: number }
  | { what: 'opened'; model: ShelvedModel }
  | { what: 'cancelled' }
  | { what: 'trouble'; message: string };
