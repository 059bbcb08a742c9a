import { describe, expect, it } from 'vitest';
import { parseLlamaConfig } from '../model/config';
import { parseManifest } from '../run/manifest';
import { LADDER } from '../tasks/ladder';
import { trainingCapacity } from './capacity';

const config = parseLlamaConfig({
  hidden_size: 64,
  num_hidden_layers: 3,
  num_attention_heads: 4,
  num_key_value_heads: 4,
  head_dim: 16,
  intermediate_size: 160,
  vocab_size: 64,
  rope_theta: 10000,
  rms_norm_eps: 1e-6,
  tie_word_embeddings: true,
  max_position_embeddings: 2048,
});
const limits = { maxBufferSize: 2 ** 30, maxStorageBufferBindingSize: 2 ** 30 };
const capacityOf = (settings: Parameters<typeof parseManifest>[0]) =>
  trainingCapacity(parseManifest(settings), LADDER, config, limits);
const longest = 2048 - LADDER.maxPromptLength;

describe('what a manifest needs of the device', () => {
  it('holds rows of as many tokens as the model has positions', () => {
    const capacity = capacityOf({ max_completion_length: longest });
    expect(capacity.cacheLength).toBe(2048);
    expect(capacity.tokens).toBeGreaterThanOrEqual(2048);
  });

  it('refuses rows of more, and says how long a rollout may be', () => {
    expect(() => capacityOf({ max_completion_length: longest + 1 })).toThrow(
      `manifest: max_completion_length: expected at most ${longest}, as this model has 2048 positions`,
    );
  });

  it('refuses rows that are longer than a micro-batch, and says what to raise', () => {
    expect(() => capacityOf({ max_completion_length: longest, micro_batch_tokens: 2047 })).toThrow(
      /micro_batch_tokens: expected at least the longest row, 2048 tokens .* got 2047/,
    );
  });
});
