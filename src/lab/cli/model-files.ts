/**
 * Models on the disk: where a name or a path leads, and what is read there. A run's checkpoint is a model too, and
 * is held to its digests. Used by `train` (its base model), `eval` and `generate`.
 */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { type ByteSource, memorySource } from '../../model/byte-source';
import { CONFIG_FILE, INDEX_FILE, WEIGHTS_FILE } from '../../model/model-folder';
import { CheckpointError, TRAINER_FILE } from '../../run/checkpoint';
import { JsonError, parseJson, STATE_JSON } from '../../run/json';
import { TASKS } from '../../tasks';
import { GENERATION_CONFIG_FILE, TOKENIZER_CONFIG_FILE, TOKENIZER_FILE } from '../../tasks/text/tokenizer';
import { listCheckpoints, readCheckpointFolder } from './checkpoint-folder';
import { readPart, readWhole, withFile } from './file-errors';
import { repositoryRoot } from './repository';

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
    .filter((name) => existsSync(join(folder, name, CONFIG_FILE)))
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
  if (existsSync(join(shipped, CONFIG_FILE))) return inFolder(shipped);
  const path = resolve(name);
  const state = statSync(path, { throwIfNoEntry: false });
  if (!state)
    throw new ModelLocationError(
      `expected the name of a shipped model (${shippedModels().join(', ') || 'there are none'}) or a path to one, got "${name}", which is neither`,
    );
  if (state.isDirectory()) return inFolder(path);
  if (!path.endsWith('.safetensors'))
    throw new ModelLocationError(`expected a folder or a .safetensors file, got "${name}"`);
  const config = join(dirname(path), CONFIG_FILE);
  if (!existsSync(config)) throw new ModelLocationError(`expected ${CONFIG_FILE} beside "${name}", got none`);
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
      const value = parseJson(readWhole(path), path, STATE_JSON);
      const task = (value as { task?: unknown } | null)?.task;
      if (typeof task === 'string' && Object.hasOwn(TASKS, task)) return task;
    } catch (error) {
      // A file of that name that is not ours says nothing.
      if (!(error instanceof JsonError)) throw error;
    }
  }
  return null;
}

function inFolder(folder: string): ModelLocation {
  const [newest] = listCheckpoints(join(folder, 'checkpoints'));
  if (newest !== undefined) return inFolder(join(folder, 'checkpoints', `step-${newest}`));
  const weights = [WEIGHTS_FILE, INDEX_FILE].find((file) => existsSync(join(folder, file)));
  const missing = [
    ...(existsSync(join(folder, CONFIG_FILE)) ? [] : [CONFIG_FILE]),
    ...(weights ? [] : [WEIGHTS_FILE]),
  ];
  if (missing.length > 0 || !weights)
    throw new ModelLocationError(`expected ${missing.join(' and ')} in the folder ${folder}, got none`);
  return {
    config: join(folder, CONFIG_FILE),
    weights: join(folder, weights),
    checkpoint: existsSync(join(folder, TRAINER_FILE)) ? folder : null,
  };
}

/**
 * A model's files. Those of a checkpoint are held to their sums; its tokenizer is that of the model its run began with.
 * @throws CheckpointError when a checkpoint's files are not those that were written; FileError; ModelLocationError when
 *   the model that a run began with is no longer there, and is needed for its tokenizer.
 */
export async function readSources(location: ModelLocation): Promise<ByteSource[]> {
  const { checkpoint } = location;
  if (checkpoint === null) return folderSources(location);
  try {
    const { trainer, files } = await readCheckpointFolder(checkpoint);
    const sources = files.map(({ name, bytes }) => memorySource(name, bytes, join(checkpoint, name)));
    return [...sources, ...tokenizerOf(trainer.manifest.model)];
  } catch (error) {
    if (!(error instanceof CheckpointError)) throw error;
    throw new CheckpointError(
      error.issues.map(({ file, message }) => ({ file: join(checkpoint, file), message })),
    );
  }
}

/** The files beside a model's config.json, its weights those of the location. */
function folderSources({ config, weights }: ModelLocation): ByteSource[] {
  const folder = dirname(config);
  const names = withFile('read', folder, () => readdirSync(folder));
  return names
    .filter(
      (name) =>
        !name.endsWith('.safetensors') || basename(weights) === INDEX_FILE || name === basename(weights),
    )
    .filter((name) => name !== INDEX_FILE || name === basename(weights))
    .flatMap((name) => fileSource(join(folder, name)) ?? []);
}

/** The files about text of the model a run began with; none where that is not on this disk any more. */
function tokenizerOf(model: string): ByteSource[] {
  try {
    const folder = dirname(locateModel(model).config);
    return [TOKENIZER_FILE, TOKENIZER_CONFIG_FILE, GENERATION_CONFIG_FILE].flatMap(
      (name) => fileSource(join(folder, name)) ?? [],
    );
  } catch (error) {
    if (!(error instanceof ModelLocationError)) throw error;
    return [];
  }
}

/** A file on the disk; null for what is none. */
function fileSource(path: string): ByteSource | null {
  const state = statSync(path, { throwIfNoEntry: false });
  if (!state?.isFile()) return null;
  return {
    name: basename(path),
    path,
    size: state.size,
    read: async (from, to) => readPart(path, from, to),
  };
}
