/** A model that only answers: for `eval`, `generate` and the report of `pretrain`. */
import type { Gpu } from '../../gpu/device';
import type { LlamaConfig } from '../../model/config';
import { readConfig } from '../../model/model-folder';
import type { NamedTensors } from '../../model/parameters';
import { Policy } from '../../model/policy';
import { decodableRows } from '../../rl/capacity';
import type { Task } from '../../tasks/task';
import { openModel, taskFor } from '../opened-model';
import { UsageError } from './arguments';
import { locateModel, type ModelLocation, ModelLocationError, readSources, taskNameOf } from './model-files';

/** Tokens of prompts that are read in one pass. */
const PREFILL_TOKENS = 4096;

export interface LoadedModel {
  /** The file of its weights. */
  path: string;
  config: LlamaConfig;
  weights: NamedTensors;
  /** The task it was made for; the ladder where nothing says. */
  task: Task;
}

/**
 * The model that `--model` names.
 * @throws UsageError when there is none; CheckpointError or what `openModel` throws when it is damaged.
 */
export async function loadModel(name: string): Promise<LoadedModel> {
  try {
    const location = locateModel(name);
    const files = await readSources(location);
    const model = await openModel(files, taskNameOf(location) ?? 'ladder');
    return { path: location.weights, ...model };
  } catch (error) {
    if (error instanceof ModelLocationError) throw new UsageError([`--model: ${error.message}`]);
    throw error;
  }
}

/** The task as the model there is asked it; null for a model that does not open, which says so when it is loaded. */
export async function taskOfModel(location: ModelLocation, name: string): Promise<Task | null> {
  if (location.checkpoint !== null) return null;
  try {
    const files = await readSources(location);
    return await taskFor(name, await readConfig(files), files);
  } catch {
    return null;
  }
}

/** Runs `work` on a policy that decodes up to `rows` rows at once, prompts and completions as long as given. */
export async function withAnswering<T>(
  gpu: Gpu,
  { config, weights }: Pick<LoadedModel, 'config' | 'weights'>,
  size: { rows: number; promptLength: number; completionLength: number },
  work: (policy: Policy) => Promise<T>,
): Promise<T> {
  const cacheLength = size.promptLength + size.completionLength;
  const decodeRows = decodableRows(config, cacheLength, size.rows, gpu.device.limits);
  const policy = await Policy.create(gpu, config, {
    tokens: Math.max(decodeRows, size.promptLength, Math.min(PREFILL_TOKENS, size.rows * size.promptLength)),
    rows: 1,
    batchRows: 1,
    decodeRows,
    cacheLength,
    newTokens: size.completionLength,
    trained: false,
    reference: false,
  });
  try {
    policy.parameters.upload(weights);
    return await work(policy);
  } finally {
    policy.destroy();
  }
}
