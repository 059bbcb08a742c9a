import { describe, expect, it } from 'vitest';
import {
  ADAPTER_TARGETS,
  type AdapterSpec,
  adaptedLinears,
  adaptedNorms,
  checkAdapter,
  initialAdapter,
  layoutAdapter,
} from './adapter-layout';
import { generator } from './reference/testing';
import { tinyConfig } from './testing';
import { FULL } from './testing-adapter';

const CONFIG = tinyConfig({ num_hidden_layers: 2, tie_word_embeddings: false });

describe('what an adapter adapts', () => {
  it('is every layer of the named kinds, at its own size', () => {
    const spec: AdapterSpec = { ...FULL, targets: ['lm_head', 'k_proj', 'down_proj'] };
    // Width 6, one key head of 4, inner width 9, 13 tokens.
    expect(adaptedLinears(CONFIG, spec)).toEqual([
      { module: 'model.layers.0.self_attn.k_proj', inputs: 6, outputs: 4 },
      { module: 'model.layers.0.mlp.down_proj', inputs: 9, outputs: 6 },
      { module: 'model.layers.1.self_attn.k_proj', inputs: 6, outputs: 4 },
      { module: 'model.layers.1.mlp.down_proj', inputs: 9, outputs: 6 },
      { module: 'lm_head', inputs: 6, outputs: 13 },
    ]);
    expect(adaptedNorms(CONFIG, spec).map(({ module }) => module)).toEqual([
      'model.layers.0.input_layernorm',
      'model.layers.0.post_attention_layernorm',
      'model.layers.1.input_layernorm',
      'model.layers.1.post_attention_layernorm',
      'model.norm',
    ]);
    expect(adaptedNorms(CONFIG, { ...spec, norms: false })).toEqual([]);
  });

  for (const [name, changes, message] of [
    ['rank 0', { rank: 0 }, 'adapter.rank: expected an integer of at least 1, got 0'],
    ['half a rank', { rank: 1.5 }, 'adapter.rank: expected an integer of at least 1, got 1.5'],
    ['no scale', { alpha: 0 }, 'adapter.alpha: expected a number above 0, got 0'],
    ['no target', { targets: [] }, 'adapter.targets: expected at least one of q_proj, '],
    ['a target twice', { targets: ['q_proj', 'q_proj'] }, 'expected each name once, got q_proj twice'],
    ['a tied head', { targets: ['lm_head'] }, 'adapter.targets: expected no lm_head, got it'],
  ] as const)
    it(`is refused with ${name}`, () => {
      expect(() => checkAdapter(tinyConfig(), { ...FULL, ...changes })).toThrow(message);
      expect(() => layoutAdapter(tinyConfig(), { ...FULL, ...changes }, 2 ** 20)).toThrow(message);
    });

  it('is refused with a name that is no linear layer', () => {
    // As it could come out of a file that was not checked.
    const targets = ['q_proj', 'embed_tokens'] as unknown as AdapterSpec['targets'];
    expect(() => checkAdapter(CONFIG, { ...FULL, targets })).toThrow(
      /expected names of .*, got embed_tokens/,
    );
  });
});

describe('the layout of an adapter', () => {
  it('has a tensor for each factor and offset, matrices before what is not decayed', () => {
    const spec: AdapterSpec = { ...FULL, targets: [...ADAPTER_TARGETS] };
    const { parts, tensors, arenas } = layoutAdapter(CONFIG, spec, 2 ** 20);
    expect(parts.length).toBe(2 * (2 * 7 + 1) + 5);
    expect(parts[0]).toMatchObject({ name: 'model.layers.0.self_attn.q_proj.lora_A.weight', shape: [3, 6] });
    expect(parts[1]).toMatchObject({ name: 'model.layers.0.self_attn.q_proj.lora_B.weight', shape: [8, 3] });
    for (const { name, arena, offset } of parts) {
      expect(tensors.get(name)?.offset).toBe(offset);
      expect(offset % 64).toBe(0);
      expect(offset < arenas[arena].decayEnd, name).toBe(!name.endsWith('.offset'));
    }
  });
});

describe('the first values', () => {
  it('are uniform to 1 / sqrt(inputs) for A, in order, and zero for the rest', () => {
    const random = generator(3);
    const first = generator(3);
    const tensors = initialAdapter(CONFIG, FULL, random);
    const layout = layoutAdapter(CONFIG, FULL, 2 ** 20);
    expect([...tensors.keys()].sort()).toEqual(layout.parts.map(({ name }) => name).sort());
    for (const { name, shape, size } of layout.parts) {
      const values = tensors.get(name) ?? new Float32Array(0);
      expect(values.length, name).toBe(size);
      if (!name.includes('lora_A'))
        expect(
          values.every((v) => v === 0),
          name,
        ).toBe(true);
      else {
        const bound = 1 / Math.sqrt(shape[1]);
        expect(Math.max(...values.map(Math.abs)), name).toBeLessThanOrEqual(Math.fround(bound));
        expect(Math.max(...values), name).toBeGreaterThan(bound / 2);
        expect(Math.min(...values), name).toBeLessThan(-bound / 2);
      }
    }
    // The first of the stream is the first value of the first A.
    expect(tensors.get('model.layers.0.self_attn.q_proj.lora_A.weight')?.[0]).toBe(
      Math.fround((2 * first() - 1) / Math.sqrt(6)),
    );
  });
});
