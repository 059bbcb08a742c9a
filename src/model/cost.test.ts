import { describe, expect, it } from 'vitest';
import { parseLlamaConfig } from './config';
import { decodingCost, forwardFlops, trainingFlops } from './cost';

/** D 4, H 2, K 1, h 2, F 3, V 5, one layer. Weights a token: q 16, k 8, v 8, o 16, MLP 36: 84 in all. */
const config = parseLlamaConfig({
  hidden_size: 4,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  num_key_value_heads: 1,
  head_dim: 2,
  intermediate_size: 3,
  vocab_size: 5,
  tie_word_embeddings: true,
});

describe('cost', () => {
  it('counts a forward pass by hand: weights, attention over 1 + 2 + 3 keys, and the head of active tokens', () => {
    // 3 tokens: 2 * 84 * 3 = 504; attention 4 * 4 * (1 + 2 + 3) = 96; two heads 2 * 4 * 5 * 2 = 80.
    expect(forwardFlops(config, 3, 2)).toBe(504 + 96 + 80);
  });

  it('counts training as three forward passes', () => {
    const row = { tokens: [1, 2, 3], active: [1, 2] };
    expect(trainingFlops(config, [row, row])).toBe(3 * 2 * 680);
  });

  it('decodes to the operations of one pass over the row, but for what the prompt needs not of the last layer', () => {
    // Prompt of 2, three new ones: positions 0-3 are computed (the last token is never read), the head three times.
    // Of position 0 only queries, keys and values: not o and MLP, 2 * 52, nor attention to its one key, 16.
    expect(decodingCost(config, [[1, 2]], [3]).flops).toBe(forwardFlops(config, 4, 3) - 104 - 16);
  });

  it('takes a prompt through all layers but the last as a forward pass does', () => {
    // Without its last, 3 tokens: two layers of 504 + 96, and 2 * 32 * 3 of the third. No head, and no steps.
    const deep = { ...config, num_hidden_layers: 3 };
    expect(decodingCost(deep, [[1, 2, 3, 4]], [0])).toEqual({ flops: 2 * 600 + 192, decodeSteps: 0 });
  });

  it('computes nothing of a prompt of one token before it is decoded', () => {
    expect(decodingCost(config, [[1]], [2]).flops).toBe(forwardFlops(config, 2, 2));
  });

  it('computes a prompt that rows share once, and takes as many steps as the longest row', () => {
    const one = decodingCost(config, [[1, 2, 3]], [4]).flops;
    const shared = decodingCost(
      config,
      [
        [1, 2, 3],
        [1, 2, 3],
      ],
      [4, 1],
    );
    // The second row adds one token at position 2: 2 * 84 + 16 * 3 + 40.
    expect(shared).toEqual({ flops: one + 168 + 48 + 40, decodeSteps: 4 });
  });

  it('costs nothing when nothing is decoded', () => {
    expect(decodingCost(config, [], [])).toEqual({ flops: 0, decodeSteps: 0 });
  });
});
