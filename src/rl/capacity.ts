/** What a manifest needs of the device: the policy's capacity, from the manifest, the task and the adapter's limits. */
import type { LlamaConfig } from '../model/config';
import { type Capacity, MemoryPlanError } from '../model/plan';
import { type Manifest, ManifestError } from '../run/manifest';
import type { Task } from '../tasks/task';
import { adapterSpec } from './masa/settings';

/** Most rows decoded at once: more would not go faster, and takes cache. */
const MOST_ROWS = 1024;

/**
 * @throws ManifestError when the longest row has more tokens than the model has positions; MemoryPlanError when it does
 * not fit a micro-batch.
 */
export function trainingCapacity(
  manifest: Manifest,
  task: Task,
  config: LlamaConfig,
  limits: { maxBufferSize: number; maxStorageBufferBindingSize: number },
): Capacity {
  const solutionRows = manifest.prompts_per_step * manifest.num_generations;
  const evaluationRows = manifest.eval_problems * manifest.eval_samples;
  // Predictions that are only watched change no size: the run is, bit for bit, what it is without them.
  const metaRows =
    manifest.masa_meta === 'train' ? manifest.prompts_per_step * manifest.masa_num_generations : 0;
  const batchRows = Math.max(
    solutionRows + metaRows,
    // Experts with as many rollouts that anchor them.
    manifest.masa_experts ? manifest.masa_expert_batch * (manifest.masa_expert_kl > 0 ? 2 : 1) : 0,
    manifest.meta_adapter === 'none' ? 0 : manifest.meta_adapter_batch,
  );
  const newTokens = Math.max(
    manifest.max_completion_length,
    manifest.masa_meta === 'off' ? 0 : (task.meta?.maxCompletionLength ?? 0),
  );
  const cacheLength = task.maxPromptLength + newTokens;
  const positions = config.max_position_embeddings;
  if (cacheLength > positions)
    throw new ManifestError([
      {
        key: 'max_completion_length',
        message: `expected at most ${positions - task.maxPromptLength}, as this model has ${positions} positions (max_position_embeddings) and a prompt up to ${task.maxPromptLength} tokens, got ${newTokens}`,
      },
    ]);
  // Predictions and the gate's audit are decoded in as many passes as they take.
  const decodeRows = decodableRows(config, cacheLength, Math.max(solutionRows, evaluationRows), limits);
  if (cacheLength > manifest.micro_batch_tokens)
    throw new MemoryPlanError(
      `memory: micro_batch_tokens: expected at least the longest row, ${cacheLength} tokens (prompt ${task.maxPromptLength} + completion ${newTokens}), got ${manifest.micro_batch_tokens}`,
      'Raise micro_batch_tokens or lower max_completion_length.',
    );
  return {
    tokens: Math.max(manifest.micro_batch_tokens, decodeRows),
    rows: Math.min(batchRows, manifest.micro_batch_tokens),
    batchRows,
    decodeRows,
    cacheLength,
    newTokens,
    trained: true,
    gradientCheckpointing: manifest.gradient_checkpointing,
    reference: manifest.beta > 0,
    experts: manifest.masa_experts,
    adapter: adapterSpec(manifest),
    rolloutDtype: manifest.rollout_dtype,
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
