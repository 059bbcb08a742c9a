/**
 * Pre-training: makes a base model by supervised learning on the task's corpus, with the engine that trains by GRPO.
 * Used by `lab pretrain`; the page starts from the shipped result.
 */
import type { Gpu } from '../gpu/device';
import { positionsFrom, type TrainRow } from '../model/batch';
import { type LlamaConfig, parseLlamaConfig } from '../model/config';
import { SUPERVISED } from '../model/loss';
import type { NamedTensors } from '../model/parameters';
import { Policy } from '../model/policy';
import type { PretrainManifest } from '../run/pretrain-manifest';
import { getTask } from '../tasks';
import { corpusOf } from '../tasks/corpus';
import { initialWeights } from './initialise';

export interface PretrainProgress {
  /** Steps taken. */
  step: number;
  steps: number;
  /** Mean negative log-likelihood of the step's completion tokens, in nats. */
  nll: number;
  learningRate: number;
  gradientNorm: number;
  /** Tokens read so far, prompts included. */
  tokens: number;
}

/** Where a pre-training stands: all that it takes to go on bit for bit. */
export interface PretrainSnapshot {
  /** Steps taken, each of them one of AdamW's. */
  step: number;
  /** Tokens read so far. */
  tokens: number;
  weights: NamedTensors;
  mean: NamedTensors;
  square: NamedTensors;
}

export interface PretrainOptions {
  /** Where to go on from; the manifest has to be that of the snapshot. */
  from?: PretrainSnapshot;
  onProgress?(progress: PretrainProgress): void;
  /** Called every `snapshotSteps` steps, and when `signal` ends the training early. */
  onSnapshot?(snapshot: PretrainSnapshot): Promise<void>;
  snapshotSteps?: number;
  /** Aborted, it ends the training after the step under way. */
  signal?: AbortSignal;
}

/** The configuration a pre-training manifest describes. @throws ConfigError */
export function pretrainConfig(manifest: PretrainManifest): LlamaConfig {
  const { vocabulary } = getTask(manifest.task);
  return parseLlamaConfig({
    hidden_size: manifest.hidden_size,
    num_hidden_layers: manifest.num_hidden_layers,
    num_attention_heads: manifest.num_attention_heads,
    num_key_value_heads: manifest.num_key_value_heads,
    intermediate_size: manifest.intermediate_size,
    vocab_size: vocabulary.tableSize,
    rope_theta: manifest.rope_theta,
    rms_norm_eps: manifest.rms_norm_eps,
    tie_word_embeddings: manifest.tie_word_embeddings,
    bos_token_id: vocabulary.bos,
    eos_token_id: vocabulary.eos,
    pad_token_id: vocabulary.pad,
    max_position_embeddings: 2048,
  });
}

/**
 * Trains from random weights, or on from a snapshot.
 * @throws the signal's reason when aborted, after a snapshot; Error when the gradient stops being finite.
 */
export async function pretrain(
  gpu: Gpu,
  manifest: PretrainManifest,
  options: PretrainOptions = {},
): Promise<{ config: LlamaConfig; weights: NamedTensors; tokens: number }> {
  const config = pretrainConfig(manifest);
  const policy = await Policy.create(gpu, config, {
    tokens: manifest.micro_batch_tokens,
    rows: manifest.batch_size,
    batchRows: manifest.batch_size,
    decodeRows: 0,
    cacheLength: 0,
    newTokens: 0,
    trained: true,
    reference: false,
  });
  try {
    const { from, signal, onSnapshot } = options;
    policy.parameters.upload(from?.weights ?? initialWeights(config, manifest.seed));
    if (from) {
      policy.parameters.upload(from.mean, 'mean');
      policy.parameters.upload(from.square, 'square');
      policy.optimizerSteps = from.step;
    }
    let tokens = from?.tokens ?? 0;
    const snapshot = async (step: number): Promise<PretrainSnapshot> => ({
      step,
      tokens,
      weights: await policy.download('weights'),
      mean: await policy.download('mean'),
      square: await policy.download('square'),
    });
    for (let step = from?.step ?? 0; step < manifest.steps; step++) {
      if (signal?.aborted) {
        await onSnapshot?.(await snapshot(step));
        signal.throwIfAborted();
      }
      const rows = corpusRows(manifest, step);
      tokens += rows.reduce((sum, r) => sum + r.tokens.length, 0);
      const learningRate = manifest.learning_rate * scheduleFactor(manifest, step);
      const { gradient, rollouts } = await policy.trainStep(rows, SUPERVISED, {
        learning_rate: learningRate,
        beta1: manifest.adam_beta1,
        beta2: manifest.adam_beta2,
        epsilon: 1e-8,
        weight_decay: manifest.weight_decay,
        max_grad_norm: manifest.max_grad_norm,
      });
      if (!gradient.finite)
        throw new Error(
          `pretrain: step ${step}: the gradient has ${gradient.broken} values that are not finite; lower learning_rate`,
        );
      options.onProgress?.({
        step: step + 1,
        steps: manifest.steps,
        nll: rollouts.reduce((sum, r) => sum + r.loss, 0),
        learningRate,
        gradientNorm: gradient.norm,
        tokens,
      });
      if (onSnapshot && options.snapshotSteps && (step + 1) % options.snapshotSteps === 0)
        await onSnapshot(await snapshot(step + 1));
    }
    return { config, weights: await policy.download('weights'), tokens };
  } finally {
    policy.destroy();
  }
}

/** The step's traces, the loss the mean over their completion tokens. */
function corpusRows(manifest: PretrainManifest, step: number): TrainRow[] {
  const corpus = corpusOf(manifest.task);
  const phase = corpus.phase(step / manifest.steps);
  const traces = Array.from({ length: manifest.batch_size }, (_, i) =>
    corpus.trace(manifest.seed, step * manifest.batch_size + i, phase),
  );
  const active = traces.reduce((sum, t) => sum + t.completion.length, 0);
  return traces.map(({ prompt, completion }) => ({
    tokens: [...prompt, ...completion],
    active: positionsFrom(prompt.length, prompt.length + completion.length),
    advantage: 0,
    weight: 1 / active,
    oldLogps: new Float32Array(completion.length),
  }));
}

/** Linear warm-up, then constant, then linear to zero over the last `decay_share` of the steps. */
function scheduleFactor({ steps, warmup_steps, decay_share }: PretrainManifest, step: number): number {
  const warm = warmup_steps > 0 ? Math.min(1, (step + 1) / warmup_steps) : 1;
  const decay = decay_share > 0 ? Math.min(1, (steps - step) / (decay_share * steps)) : 1;
  return Math.min(warm, decay);
}
