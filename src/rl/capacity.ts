/** What a manifest needs of the device: the policy's capacity, from the manifest, the task and the adapter's limits. */
import type { LlamaConfig } from '../model/config';
import { type Capacity, MemoryPlanError } from '../model/plan';
import type { Manifest } from '../run/manifest';
import type { Task } from '../tasks/task';

/** Most rows decoded at once: more would not go faster, and takes cache. */
const MOST_ROWS = 1024;

/**
 * @throws MemoryPlanError when the longest row does not fit a micro-batch.
 */
export function trainingCapacity(
  manifest: Manifest,
  task: Task,
  config: LlamaConfig,
  limits: { maxBufferSize: number; maxStorageBufferBindingSize: number },
): Capacity {
  const batchRows = manifest.prompts_per_step * manifest.num_generations;
  const evaluationRows = manifest.eval_problems * manifest.eval_samples;
  const cacheLength = task.maxPromptLength + manifest.max_completion_length;
  const decodeRows = decodableRows(config, cacheLength, Math.max(batchRows, evaluationRows), limits);
  if (cacheLength > manifest.micro_batch_tokens)
    throw new MemoryPlanError(
      `memory: micro_batch_tokens: expected at least the longest row, ${cacheLength} tokens (prompt ${task.maxPromptLength} + max_completion_length ${manifest.max_completion_length}), got ${manifest.micro_batch_tokens}`,
      'Raise micro_batch_tokens or lower max_completion_length.',
    );
  return {
    tokens: Math.max(manifest.micro_batch_tokens, decodeRows),
    rows: Math.min(batchRows, manifest.micro_batch_tokens),
    batchRows,
    decodeRows,
    cacheLength,
    newTokens: manifest.max_completion_length,
    trained: true,
    reference: manifest.beta > 0,
  };
}

/** Rows whose caches fit a binding, at most `wanted`. */
export function decodableRows(
  config: LlamaConfig,
  cacheLength: number,
  wanted: number,
  limits: { maxBufferSize: number; maxStorageBufferBindingSize: number },
): number {
  const bytes = cacheLength * 2 * config.num_key_value_heads * config.head_dim * 4;
  const fitting = Math.floor(Math.min(limits.maxBufferSize, limits.maxStorageBufferBindingSize) / bytes);
  // At least one: a plan that cannot hold it is refused by `planMemory` with its numbers.
  return Math.max(1, Math.min(wanted, MOST_ROWS, fitting));
}
