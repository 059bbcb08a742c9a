import { describe, expect, it } from 'vitest';
import { AdapterFileError, readAdapter, writeAdapter } from './adapter-file';
import type { AdapterSpec } from './adapter-layout';
import { readSafetensors, SafetensorsError, type TensorToWrite, writeSafetensors } from './safetensors';
import { randomWeights, tinyConfig } from './testing';
import { FULL, randomAdapter } from './testing-adapter';

const CONFIG = tinyConfig({ num_hidden_layers: 2 });
const BASE = randomWeights(CONFIG, 1).f32;
const Q = 'base_model.model.model.layers.0.self_attn.q_proj';

/** The two files of an adapter with small offsets, as text and bytes. */
function files(spec: AdapterSpec = FULL, config = CONFIG, base = BASE) {
  const tensors = randomAdapter(config, spec, 2, 0.2).f32;
  const [text, weights] = writeAdapter(config, base, { spec, tensors });
  return {
    tensors,
    names: [text.name, weights.name],
    text: new TextDecoder().decode(text.bytes),
    bytes: weights.bytes,
  };
}

/** The text with keys changed. */
const changed = (text: string, changes: Record<string, unknown>) =>
  JSON.stringify({ ...JSON.parse(text), ...changes });

/** The bytes with tensors changed, added (by name) or taken away (undefined). */
function edited(bytes: Uint8Array, edits: Record<string, TensorToWrite | undefined>) {
  const tensors = new Map<string, TensorToWrite>(readSafetensors(bytes).tensors);
  for (const [name, tensor] of Object.entries(edits))
    if (tensor) tensors.set(name, tensor);
    else tensors.delete(name);
  return writeSafetensors(tensors);
}

describe('an adapter as files', () => {
  it('has PEFT’s names and keys', () => {
    const { names, text, bytes } = files();
    expect(names).toEqual(['adapter_config.json', 'adapter_model.safetensors']);
    expect(JSON.parse(text)).toMatchObject({
      peft_type: 'LORA',
      task_type: 'CAUSAL_LM',
      r: 3,
      lora_alpha: 6,
      bias: 'none',
      target_modules: ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'],
      modules_to_save: ['input_layernorm', 'post_attention_layernorm', 'norm'],
    });
    const { tensors, metadata } = readSafetensors(bytes);
    expect(metadata).toEqual({ format: 'pt' });
    expect(tensors.size).toBe(2 * 7 * 2 + 5);
    expect(tensors.get(`${Q}.lora_A.weight`)?.shape).toEqual([3, 6]);
    expect(tensors.get(`${Q}.lora_B.weight`)?.shape).toEqual([8, 3]);
    expect(tensors.get('base_model.model.model.norm.weight')?.shape).toEqual([6]);
  });

  it('comes back: factors bit for bit, and offsets so that the merged norm weights do', () => {
    const { tensors, text, bytes } = files();
    const read = readAdapter(CONFIG, BASE, text, bytes);
    expect(read.spec).toEqual(FULL);
    expect([...read.tensors.keys()].sort()).toEqual([...tensors.keys()].sort());
    for (const [name, values] of tensors)
      if (name.endsWith('.offset')) {
        const norm = BASE.get(name.replace(/offset$/, 'weight')) ?? new Float32Array(0);
        const merged = (offset: Float32Array | undefined) =>
          norm.map((w, i) => w + (offset?.[i] ?? Number.NaN));
        expect(merged(read.tensors.get(name))).toEqual(merged(values));
      } else expect(read.tensors.get(name), name).toEqual(values);
    // What was read is what is written again.
    const again = writeAdapter(CONFIG, BASE, read);
    expect(new TextDecoder().decode(again[0].bytes)).toBe(text);
    expect(again[1].bytes).toEqual(bytes);
  });

  it('comes back without norms, with a head and half a scale', () => {
    const config = tinyConfig({ tie_word_embeddings: false });
    const base = randomWeights(config, 1).f32;
    const spec: AdapterSpec = { rank: 2, alpha: 0.5, targets: ['v_proj', 'lm_head'], norms: false };
    const { tensors, text, bytes } = files(spec, config, base);
    expect(readAdapter(config, base, text, bytes)).toEqual({ spec, tensors });
    expect(readSafetensors(bytes).tensors.has('base_model.model.lm_head.lora_A.weight')).toBe(true);
  });

  it('is read as other writers leave it: more keys, absent defaults, any order, dropout', () => {
    const { text, bytes, tensors } = files({ ...FULL, norms: false });
    const minimal = JSON.stringify({
      peft_type: 'LORA',
      r: 3,
      lora_alpha: 6,
      lora_dropout: 0.05,
      target_modules: [...JSON.parse(text).target_modules].reverse(),
      megatron_core: 'megatron.core',
      rank_pattern: {},
      loftq_config: {},
      layers_to_transform: null,
      modules_to_save: [],
      init_lora_weights: 'gaussian',
    });
    expect(readAdapter(CONFIG, BASE, minimal, bytes)).toEqual({ spec: { ...FULL, norms: false }, tensors });
  });

  for (const [name, changes, message] of [
    ['another method', { peft_type: 'IA3' }, 'peft_type: expected "LORA", got "IA3"'],
    ['no rank', { r: undefined }, 'r: expected an integer of at least 1, got nothing'],
    ['a rank of 2.5', { r: 2.5 }, 'r: expected an integer of at least 1, got 2.5'],
    ['no alpha', { lora_alpha: '8' }, 'lora_alpha: expected a number above 0, got "8"'],
    [
      'a pattern of targets',
      { target_modules: '.*proj' },
      'target_modules: expected a list of names of q_proj',
    ],
    ['no targets', { target_modules: [] }, 'target_modules: expected a list of names of q_proj'],
    ['an unknown target', { target_modules: ['c_attn'] }, 'target_modules: expected each once of q_proj'],
    ['a target twice', { target_modules: ['q_proj', 'q_proj'] }, 'target_modules: expected each once of'],
    ['a tied head', { target_modules: ['lm_head'] }, 'target_modules: expected no lm_head'],
    ['DoRA', { use_dora: true }, 'use_dora: expected it unset'],
    ['another scale', { use_rslora: true }, 'use_rslora: expected it unset'],
    ['ranks by layer', { rank_pattern: { q_proj: 4 } }, 'rank_pattern: expected it unset'],
    ['some layers', { layers_to_transform: [0] }, 'layers_to_transform: expected it unset'],
    ['a single layer, the first', { layers_to_transform: 0 }, 'layers_to_transform: expected it unset'],
    ['biases', { bias: 'all' }, 'bias: expected "none", got "all"'],
    ['a base that was changed', { init_lora_weights: 'pissa' }, 'init_lora_weights: expected a beginning'],
    [
      'other modules',
      { modules_to_save: ['lm_head'] },
      'modules_to_save: expected null or ["input_layernorm"',
    ],
    ['some norms', { modules_to_save: ['norm'] }, 'modules_to_save: expected null or'],
  ] as const)
    it(`is refused with ${name}`, () => {
      const { text, bytes } = files();
      const read = () => readAdapter(CONFIG, BASE, changed(text, changes), bytes);
      expect(read).toThrow(AdapterFileError);
      expect(read).toThrow(`adapter_config.json ${message}`);
    });

  for (const [name, text] of [
    ['no JSON', '{"r": 3'],
    ['a list', '[]'],
    ['null', 'null'],
  ] as const)
    it(`is refused where the configuration is ${name}`, () => {
      expect(() => readAdapter(CONFIG, BASE, text, files().bytes)).toThrow(
        /^adapter_config\.json: expected /,
      );
    });

  for (const [name, edits, message] of [
    [
      'a tensor is missing',
      { [`${Q}.lora_B.weight`]: undefined },
      `tensor "${Q}.lora_B.weight": expected floats [8,3], got no tensor`,
    ],
    [
      'a norm is missing',
      { 'base_model.model.model.norm.weight': undefined },
      'tensor "base_model.model.model.norm.weight": expected floats [6], got no tensor',
    ],
    [
      'a shape is another',
      { [`${Q}.lora_A.weight`]: { shape: [6, 3], data: new Float32Array(18) } },
      `tensor "${Q}.lora_A.weight": expected floats [3,6], got F32 [6,3]`,
    ],
    [
      'a tensor is of integers',
      { [`${Q}.lora_A.weight`]: { shape: [3, 6], data: new Int32Array(18) } },
      'expected floats [3,6], got I32 [3,6]',
    ],
    [
      'a value is no number',
      { [`${Q}.lora_A.weight`]: { shape: [3, 6], data: new Float32Array(18).fill(Number.NaN, 4) } },
      'expected finite numbers, got NaN at 4',
    ],
    [
      'there is one tensor more',
      { 'base_model.model.lm_head.weight': { shape: [1], data: new Float32Array(1) } },
      'tensor "base_model.model.lm_head.weight": expected only the tensors',
    ],
  ] as [string, Record<string, TensorToWrite | undefined>, string][])
    it(`is refused where ${name}`, () => {
      const { text, bytes } = files();
      const read = () => readAdapter(CONFIG, BASE, text, edited(bytes, edits));
      expect(read).toThrow(SafetensorsError);
      expect(read).toThrow(message);
    });

  it('is not written where a tensor is missing or does not fit', () => {
    const { tensors } = files();
    const name = 'model.layers.1.mlp.up_proj.lora_B.weight';
    tensors.set(name, new Float32Array(5));
    expect(() => writeAdapter(CONFIG, BASE, { spec: FULL, tensors })).toThrow(
      `adapter: tensor ${name}: expected 27 values, got 5`,
    );
    tensors.delete(name);
    expect(() => writeAdapter(CONFIG, BASE, { spec: FULL, tensors })).toThrow(
      `${name}: expected 27 values, got none`,
    );
  });
});
