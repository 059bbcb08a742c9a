/**
 * What every export is made of: a policy as it is handed over, and the files it becomes. No disk and no network: the
 * command line writes the files to a folder, the page can offer them as downloads.
 */
import type { AdapterFile } from '../model/adapter-file';
import type { LlamaConfig } from '../model/config';
import type { NamedTensors } from '../model/parameters';
import { DEFAULT_MANIFEST, type Manifest } from '../run/manifest';
import type { Problem, Task } from '../tasks/task';

/** A policy, and where it comes from. */
export interface ExportedPolicy {
  /** What a person calls it: a run's name, a shipped model's. */
  name: string;
  config: LlamaConfig;
  weights: NamedTensors;
  task: Task;
  /** The run's settings; null for a model that no run is known of. */
  manifest: Manifest | null;
  /** Steps the run had finished; 0 without one. */
  step: number;
  /** The last prompt groups the run recorded up to that step, where it is known. */
  groups?: readonly RecordedGroup[];
  /** The meta adapter, where the run has one. */
  adapter?: AdapterFile | null;
}

/** The run's settings; of a policy without a run, the defaults with what its task needs. */
export const settingsOf = ({ manifest, task }: Pick<ExportedPolicy, 'manifest' | 'task'>): Manifest =>
  manifest ?? {
    ...DEFAULT_MANIFEST,
    task: task.name as Manifest['task'],
    max_completion_length: task.maxCompletionLength,
  };

/** A prompt group as a run recorded it, for predictions to be held against. */
export interface RecordedGroup {
  problem: Problem;
  /** Those that count: [n] */
  rollouts: readonly { correct: boolean; length: number; notions: readonly string[] }[];
}

export interface ExportFile {
  /** Path below the export's folder, with forward slashes. */
  name: string;
  bytes: Uint8Array;
}

export const textFile = (name: string, text: string): ExportFile => ({
  name,
  bytes: new TextEncoder().encode(text),
});

export const jsonFile = (name: string, value: unknown): ExportFile =>
  textFile(name, `${JSON.stringify(value, null, 2)}\n`);

/** The same files in a folder of that name. */
export const inFolder = (folder: string, files: readonly ExportFile[]): ExportFile[] =>
  files.map(({ name, bytes }) => ({ name: `${folder}/${name}`, bytes }));
