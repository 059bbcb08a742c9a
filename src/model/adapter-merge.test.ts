import { describe, expect, it } from 'vitest';
import { mergeAdapter } from './adapter-merge';
import { expectClose, randomWeights, tinyConfig } from './testing';
import { FULL, mergedWeights, randomAdapter } from './testing-adapter';

const CONFIG = tinyConfig({ num_hidden_layers: 2 });
const BASE = randomWeights(CONFIG, 1);

describe('an adapter merged on the host', () => {
  it('gives the reference’s weights, and leaves the base as it is', () => {
    const { f32, f64 } = randomAdapter(CONFIG, FULL, 2);
    const before = new Map([...BASE.f32].map(([name, values]) => [name, values.slice()]));
    const merged = mergeAdapter(CONFIG, BASE.f32, { spec: FULL, tensors: f32 });
    const expected = mergedWeights(CONFIG, FULL, BASE.f64, f64);
    expect([...merged.keys()]).toEqual([...expected.keys()]);
    for (const [name, values] of expected) expectClose(merged.get(name)!, values, name);
    expect(BASE.f32).toEqual(before);
  });

  it('adapts nothing that it does not target', () => {
    const spec = { ...FULL, targets: ['q_proj'] as const, norms: false };
    const { f32 } = randomAdapter(CONFIG, spec, 2);
    const merged = mergeAdapter(CONFIG, BASE.f32, { spec, tensors: f32 });
    const changed = [...merged].filter(([name, values]) => values !== BASE.f32.get(name));
    expect(changed.map(([name]) => name)).toEqual([
      'model.layers.0.self_attn.q_proj.weight',
      'model.layers.1.self_attn.q_proj.weight',
    ]);
  });

  it('names a tensor that does not fit', () => {
    const { f32 } = randomAdapter(CONFIG, FULL, 2);
    f32.set('model.layers.1.mlp.up_proj.lora_B.weight', new Float32Array(3));
    expect(() => mergeAdapter(CONFIG, BASE.f32, { spec: FULL, tensors: f32 })).toThrow(
      /up_proj\.lora_B\.weight: expected \d+ values, got 3/,
    );
  });
});
