import { describe, expect, it } from 'vitest';
import {
  ConfigError,
  endTokens,
  llamaConfigFile,
  parameterCount,
  parameterShapes,
  parseLlamaConfig,
} from './config';

const small = {
  hidden_size: 12,
  num_hidden_layers: 2,
  num_attention_heads: 3,
  intermediate_size: 20,
  vocab_size: 13,
};

function problems(value: unknown): string[] {
  try {
    parseLlamaConfig(value);
  } catch (error) {
    if (error instanceof ConfigError) return error.issues.map((i) => i.key);
    throw error;
  }
  return [];
}

describe('parseLlamaConfig', () => {
  it('fills absent keys with the defaults of LlamaForCausalLM', () => {
    expect(parseLlamaConfig(small)).toEqual({
      ...small,
      num_key_value_heads: 3,
      head_dim: 4,
      rope_theta: 10000,
      rms_norm_eps: 1e-6,
      tie_word_embeddings: false,
      hidden_act: 'silu',
      max_position_embeddings: 2048,
    });
  });

  it('tolerates the other keys of a published config.json and null for an absent value', () => {
    const config = parseLlamaConfig({
      ...small,
      architectures: ['LlamaForCausalLM'],
      model_type: 'llama',
      attention_bias: false,
      mlp_bias: false,
      attention_dropout: 0,
      rope_scaling: null,
      head_dim: null,
      initializer_range: 0.02,
      pretraining_tp: 1,
      torch_dtype: 'float32',
      transformers_version: '4.40.0',
      use_cache: true,
      bos_token_id: 1,
      eos_token_id: [2, 3],
      pad_token_id: -1,
    });
    expect(config.head_dim).toBe(4);
    expect(config.bos_token_id).toBe(1);
    expect(endTokens(config)).toEqual([2, 3]);
    expect('pad_token_id' in config).toBe(false);
  });

  it('takes rope_theta from the rope_parameters of newer files', () => {
    const rope_parameters = { rope_theta: 500, rope_type: 'default' };
    expect(parseLlamaConfig({ ...small, rope_parameters }).rope_theta).toBe(500);
    expect(problems({ ...small, rope_theta: 7, rope_parameters })).toEqual(['rope_theta']);
    expect(problems({ ...small, rope_parameters: { rope_theta: 500, rope_type: 'llama3' } })).toEqual([
      'rope_parameters.rope_type',
    ]);
  });

  it('lets head_dim differ from hidden_size / num_attention_heads', () => {
    const config = parseLlamaConfig({ ...small, hidden_size: 13, head_dim: 6, num_key_value_heads: 1 });
    const shape = new Map(parameterShapes(config).map((p) => [p.name, p.shape]));
    expect(shape.get('model.layers.1.self_attn.q_proj.weight')).toEqual([18, 13]);
    expect(shape.get('model.layers.1.self_attn.k_proj.weight')).toEqual([6, 13]);
    expect(shape.get('model.layers.1.self_attn.o_proj.weight')).toEqual([13, 18]);
  });

  it.each([
    [{ attention_bias: true }, 'attention_bias'],
    [{ mlp_bias: true }, 'mlp_bias'],
    [{ attention_dropout: 0.1 }, 'attention_dropout'],
    [{ rope_scaling: { type: 'linear', factor: 2 } }, 'rope_scaling.type'],
    [{ rope_scaling: { factor: 2 } }, 'rope_scaling'],
    [{ hidden_act: 'gelu' }, 'hidden_act'],
    [{ model_type: 'mistral' }, 'model_type'],
    [{ architectures: ['MistralForCausalLM'] }, 'architectures'],
    [{ architectures: 'LlamaForCausalLM' }, 'architectures'],
    [{ quantization_config: { bits: 4 } }, 'quantization_config'],
    [{ head_dim: 5 }, 'head_dim'],
    [{ hidden_size: 15 }, 'head_dim'],
    [{ hidden_size: 14 }, 'head_dim'],
    [{ num_key_value_heads: 2 }, 'num_key_value_heads'],
    [{ hidden_size: '12' }, 'hidden_size'],
    [{ hidden_size: undefined }, 'hidden_size'],
    [{ vocab_size: 0 }, 'vocab_size'],
    [{ vocab_size: 13.5 }, 'vocab_size'],
    [{ intermediate_size: -1 }, 'intermediate_size'],
    [{ rope_theta: 0 }, 'rope_theta'],
    [{ rms_norm_eps: Number.POSITIVE_INFINITY }, 'rms_norm_eps'],
    [{ tie_word_embeddings: 'yes' }, 'tie_word_embeddings'],
    [{ eos_token_id: 13 }, 'eos_token_id'],
  ])('refuses %j and names the key', (change, key) => {
    expect(problems({ ...small, ...change })).toEqual([key]);
  });

  it('lists all problems at once, each with what was expected and what was there', () => {
    const wrong = { ...small, hidden_act: 'relu', vocab_size: -3, num_key_value_heads: 2, mlp_bias: true };
    expect(problems(wrong).sort()).toEqual(['hidden_act', 'mlp_bias', 'num_key_value_heads', 'vocab_size']);
    expect(() => parseLlamaConfig(wrong)).toThrow(/config\.vocab_size: expected an integer from 1 .*got -3/);
  });

  it.each([[null], [3], ['{}'], [[]], [undefined]])('refuses %j, which is no configuration', (value) => {
    expect(() => parseLlamaConfig(value)).toThrow(ConfigError);
  });

  it('reads back what it writes as config.json', () => {
    const config = parseLlamaConfig({ ...small, eos_token_id: 2, tie_word_embeddings: true });
    expect(parseLlamaConfig(JSON.parse(JSON.stringify(llamaConfigFile(config))))).toEqual(config);
    expect(parseLlamaConfig(config)).toEqual(config);
  });
});

describe('parameterShapes', () => {
  it('names the parameters in the order of the state dict, the head only when untied', () => {
    const untied = parseLlamaConfig({ ...small, num_hidden_layers: 1 });
    const names = parameterShapes(untied).map((p) => p.name);
    expect(names[0]).toBe('model.embed_tokens.weight');
    expect(names.slice(-2)).toEqual(['model.norm.weight', 'lm_head.weight']);
    const tied = { ...untied, tie_word_embeddings: true };
    expect(parameterShapes(tied).map((p) => p.name)).toEqual(names.slice(0, -1));
  });

  it('counts embedding 13*12, layer 4*12*12 + 3*20*12 + 2*12, norm 12, head 13*12', () => {
    const config = parseLlamaConfig({ ...small, num_hidden_layers: 1 });
    expect(parameterCount(config)).toBe(156 + 576 + 720 + 24 + 12 + 156);
  });
});
