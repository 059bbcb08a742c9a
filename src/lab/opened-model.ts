/**
 * A model opened from its files, shipped, trained here or from elsewhere: its weights, and a task put in tokens that it
 * knows. Used by sessions in the page and on the command line, and by `eval`, `generate` and `export`.
 */
import { type ByteSource, memorySource, readSmall, textSource } from '../model/byte-source';
import { endTokens, type LlamaConfig } from '../model/config';
import { CONFIG_FILE, ModelFolderError, readModelFolder, WEIGHTS_FILE } from '../model/model-folder';
import type { NamedTensors } from '../model/parameters';
import { getTask } from '../tasks';
import type { Task } from '../tasks/task';
import { spokenTask } from '../tasks/text/speech';
import {
  GENERATION_CONFIG_FILE,
  readTokenizer,
  TOKENIZER_CONFIG_FILE,
  TOKENIZER_FILE,
  TOKENIZER_JSON,
} from '../tasks/text/tokenizer';

export interface OpenedModel {
  config: LlamaConfig;
  weights: NamedTensors;
  /** As this model is asked it. */
  task: Task;
}

/** A model's two files, as they are in memory. */
export const modelSources = ({ config, weights }: { config: string; weights: Uint8Array }): ByteSource[] => [
  textSource(CONFIG_FILE, config),
  memorySource(WEIGHTS_FILE, weights),
];

/**
 * Reads a model and makes the task ready for it.
 * @throws what `readModelFolder` and `taskFor` throw.
 */
export async function openModel(
  files: readonly ByteSource[],
  task: string,
  onProgress?: (done: number, total: number) => void,
): Promise<OpenedModel> {
  const model = await readModelFolder(files, onProgress);
  return { ...model, task: await taskFor(task, model.config, files) };
}

/**
 * The task of this name for a model with this configuration: in the task's own tokens where it has no tokenizer, else
 * as its tokenizer has it.
 * @throws ModelFolderError, TokenizerError or JsonError
 */
export async function taskFor(
  name: string,
  config: LlamaConfig,
  files: readonly ByteSource[],
): Promise<Task> {
  const task = getTask(name);
  const find = (file: string) => files.find((each) => each.name === file);
  const tokenizer = find(TOKENIZER_FILE);
  if (!tokenizer) {
    if (config.vocab_size !== task.vocabulary.tableSize)
      throw new ModelFolderError(
        `expected ${TOKENIZER_FILE} beside a model of ${config.vocab_size} tokens (task ${name} has ${task.vocabulary.tableSize} of its own), got none; choose it with the model's other files`,
      );
    return task;
  }
  const read = async (file: string) => {
    const found = find(file);
    return found ? readSmall(found, TOKENIZER_JSON.bytes) : null;
  };
  return spokenTask(
    task,
    await readTokenizer(
      {
        tokenizer: await readSmall(tokenizer, TOKENIZER_JSON.bytes),
        tokenizerConfig: await read(TOKENIZER_CONFIG_FILE),
        generationConfig: await read(GENERATION_CONFIG_FILE),
      },
      config.vocab_size,
      endTokens(config),
    ),
  );
}
