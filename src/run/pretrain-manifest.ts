/** The manifest of a pre-training: the base model's sizes, the corpus, and the optimiser. Same manifest, same weights. */
import { z } from 'zod';

const integer = (low: number, high: number, value: number) => z.int().min(low).max(high).default(value);

export const pretrainManifestSchema = z.strictObject({
  manifest_version: z.literal(1).default(1),
  /** Name of the folder the checkpoint is shipped in. */
  name: z.string().min(1).max(80).default('ladder-base'),
  task: z.enum(['ladder']).default('ladder'),
  seed: integer(0, 4294967295, 0),

  hidden_size: integer(2, 4096, 64),
  num_hidden_layers: integer(1, 64, 3),
  num_attention_heads: integer(1, 64, 4),
  num_key_value_heads: integer(1, 64, 4),
  intermediate_size: integer(2, 16384, 160),
  rope_theta: z.number().positive().default(1000),
  rms_norm_eps: z.number().positive().default(1e-6),
  tie_word_embeddings: z.boolean().default(true),

  /** Optimiser steps. The first half reads careful writers, the second the sloppy mixture. */
  steps: integer(1, 1_000_000, 2400),
  /** Traces a step. */
  batch_size: integer(1, 4096, 96),
  learning_rate: z.number().positive().max(1).default(3e-3),
  warmup_steps: integer(0, 100000, 100),
  /** The last part of the steps over which the learning rate falls linearly to zero. */
  decay_share: z.number().min(0).max(1).default(0.45),
  adam_beta1: z.number().min(0).max(0.9999).default(0.9),
  adam_beta2: z.number().min(0).max(0.99999).default(0.98),
  weight_decay: z.number().min(0).max(1).default(0.01),
  max_grad_norm: z.number().positive().default(1),
  micro_batch_tokens: integer(128, 1_048_576, 8192),
});

export type PretrainManifest = z.output<typeof pretrainManifestSchema>;
