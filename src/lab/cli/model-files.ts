/**
 * Models on the disk: where a name or a path leads, and what is read there. A run's checkpoint is a model too, and
 * is held to its digests. Used by `train` (its base model), `eval` and `generate`.
 */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { CheckpointError, TRAINER_FILE } from '../../run/checkpoint';
import { listCheckpoints, readCheckpointFolder } from './checkpoint-folder';
import { readWhole } from './file-errors';
import { repositoryRoot } from './repository';

const CONFIG = 'config.json';
const WEIGHTS = 'model.safetensors';

/** A model's two files, found but not yet read. */
export interface ModelLocation {
  config: string;
  weights: string;
  /** The folder of a checkpoint, whose files are vouched for by its trainer.json. */
  checkpoint: string | null;
}

/** There is no model where one was expected; the message says what was found instead. */
export class ModelLocationError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ModelLocationError';
  }
}

const modelsFolder = () => join(repositoryRoot(), 'public', 'models');

/** Names of the shipped models. */
export function shippedModels(): string[] {
  const folder = modelsFolder();
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => existsSync(join(folder, name, CONFIG)))
    .sort();
}

/**
 * The files behind the name of a shipped model or a path: a model's folder, a checkpoint, a run (its newest
 * checkpoint) or a .safetensors file beside its config.json.
 * @throws ModelLocationError
 */
export function locateModel(name: string): ModelLocation {
  const shipped = join(modelsFolder(), name);
  // A name is looked for among the shipped models first; a path as it stands.
  if (existsSync(join(shipped, CONFIG))) return inFolder(shipped);
  const path = resolve(name);
  const state = statSync(path, { throwIfNoEntry: false });
  if (!state)
    throw new ModelLocationError(
      `expected the name of a shipped model (${shippedModels().join(', ') || 'there are none'}) or a path to one, got "${name}", which is neither`,
    );
  if (state.isDirectory()) return inFolder(path);
  if (!path.endsWith('.safetensors'))
    throw new ModelLocationError(`expected a folder or a .safetensors file, got "${name}"`);
  const config = join(dirname(path), CONFIG);
  if (!existsSync(config)) throw new ModelLocationError(`expected ${CONFIG} beside "${name}", got none`);
  return { config, weights: path, checkpoint: null };
}

/**
 * The task a model was made for, as the manifest or the checkpoint beside it says; null where neither does, as for a
 * model from elsewhere.
 */
export function taskNameOf(location: ModelLocation): string | null {
  for (const name of [TRAINER_FILE, 'manifest.json']) {
    const path = join(dirname(location.config), name);
    if (!existsSync(path)) continue;
    try {
      const { task } = JSON.parse(new TextDecoder().decode(readWhole(path))) as { task?: unknown };
      if (typeof task === 'string') return task;
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
  }
  return null;
}

function inFolder(folder: string): ModelLocation {
  const [newest] = listCheckpoints(join(folder, 'checkpoints'));
  if (newest !== undefined) return inFolder(join(folder, 'checkpoints', `step-${newest}`));
  const missing = [CONFIG, WEIGHTS].filter((file) => !existsSync(join(folder, file)));
  if (missing.length > 0)
    throw new ModelLocationError(`expected ${missing.join(' and ')} in the folder ${folder}, got none`);
  return {
    config: join(folder, CONFIG),
    weights: join(folder, WEIGHTS),
    checkpoint: existsSync(join(folder, TRAINER_FILE)) ? folder : null,
  };
}

/**
 * Reads a model's files.
 * @throws CheckpointError when a checkpoint's files are not those that were written; FileError.
 */
export async function readModelFiles(
  location: ModelLocation,
): Promise<{ config: string; weights: Uint8Array }> {
  if (location.checkpoint !== null) {
    const { checkpoint } = location;
    try {
      const { files } = await readCheckpointFolder(checkpoint);
      const bytes = (name: string) => files.find((file) => file.name === name)?.bytes ?? new Uint8Array();
      return { config: new TextDecoder().decode(bytes(CONFIG)), weights: bytes(WEIGHTS) };
    } catch (error) {
      if (!(error instanceof CheckpointError)) throw error;
      throw new CheckpointError(
        error.issues.map(({ file, message }) => ({ file: join(checkpoint, file), message })),
      );
    }
  }
  const { config, weights } = location;
  return { config: readText(config), weights: readWhole(weights) };
}

function readText(path: string): string {
  return new TextDecoder().decode(readWhole(path));
}
