/**
 * A policy read from files, wherever they lie: a whole checkpoint, a base model, or a shipped policy with the manifest
 * of its run. Exports and the second opinion begin here; the trainer reads checkpoints by itself.
 */
import { type AdapterFile, readAdapter } from '../model/adapter-file';
import type { LlamaConfig } from '../model/config';
import { readModel } from '../model/model-file';
import type { NamedTensors } from '../model/parameters';
import { readCheckpointPolicy } from '../rl/checkpoint-files';
import { type CheckpointFiles, TRAINER_FILE } from '../run/checkpoint';
import { type Manifest, parseManifest } from '../run/manifest';
import { getTask } from '../tasks';
import type { Task } from '../tasks/task';
import { ModelFileError } from './errors';

export interface ReadPolicy {
  config: LlamaConfig;
  weights: NamedTensors;
  /** The meta adapter; null where the run has none. */
  adapter: AdapterFile | null;
  task: Task;
  /** The run's settings; null for a base model. */
  manifest: Manifest | null;
  /** Steps the run had finished; 0 for a base model. */
  step: number;
}

/** What the files do not say themselves. */
export interface PolicyOrigin {
  task: string;
  manifest?: Manifest | null;
  step?: number;
}

/**
 * A checkpoint where trainer.json is among the files, which is then held to its sums; else a model, with a manifest.json
 * of the run it comes from where there is one and that is a run's.
 * @throws CheckpointError, ConfigError, SafetensorsError, AdapterFileError, ManifestError or ModelFileError.
 */
export async function readPolicyFiles(files: CheckpointFiles, origin: PolicyOrigin): Promise<ReadPolicy> {
  const find = (name: string) => files.find((file) => file.name === name)?.bytes ?? null;
  if (find(TRAINER_FILE)) {
    const { state, config, weights, adapter } = await readCheckpointPolicy(files);
    const { manifest, step } = state;
    return { config, weights, adapter, task: getTask(state.task), manifest, step };
  }
  const need = (name: string): Uint8Array => {
    const bytes = find(name);
    if (!bytes) throw new ModelFileError(`${name}: expected it beside the model, got no such file`);
    return bytes;
  };
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  const { config, weights } = readModel(text(need('config.json')), need('model.safetensors'));
  const adapterConfig = find('adapter_config.json');
  const adapter =
    adapterConfig && readAdapter(config, weights, text(adapterConfig), need('adapter_model.safetensors'));
  const written = find('manifest.json');
  const manifest = origin.manifest ?? (written ? parseManifest(JSON.parse(text(written))) : null);
  return {
    config,
    weights,
    adapter,
    task: getTask(manifest?.task ?? origin.task),
    manifest,
    step: origin.step ?? (written && manifest ? manifest.steps : 0),
  };
}
