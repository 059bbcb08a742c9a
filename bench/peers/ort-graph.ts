/**
 * The policy as the ONNX graph that ONNX Runtime decodes fastest: attention, its rotation and its cache in one operator
 * of the runtime's own, as its converters write it, with the cache in buffers of fixed size that it writes in place. What
 * the lab exports is `src/export/onnx`, in standard operators alone. Used by ort.ts.
 *
 *   input_ids [B, T] int64; lengths [B] int32: tokens of each row so far, these included, less 1; total [1] int32
 *   past_key_values.N.key, .value and present.N.key, .value [B, K, M, h]; logits [B, T, V]
 */
import { GraphBuilder } from '../../src/export/onnx/builder';
import { type Graph, modelBytes, type Value } from '../../src/export/onnx/schema';
import type { LlamaConfig } from '../../src/model/config';
import type { NamedTensors } from '../../src/model/parameters';

export function groupedQueryModel(config: LlamaConfig, weights: NamedTensors): Uint8Array {
  return modelBytes(graphOf(config, weights), {});
}

function graphOf(config: LlamaConfig, weights: NamedTensors): Graph {
  const { hidden_size: D, intermediate_size: F, vocab_size: V, head_dim: h } = config;
  const { num_attention_heads: H, num_key_value_heads: K, num_hidden_layers: layers } = config;
  const g = new GraphBuilder();
  const caches: Value[] = [];
  const outputs: Value[] = [{ name: 'logits', element: 'float', shape: ['batch', 'sequence', V] }];
  const table = g.constant('embedding', [V, D], weights.get('model.embed_tokens.weight')!);
  const [cos, sin] = rotation(g, config);

  const linear = (x: string, name: string, inputs: number, outs: number) => {
    const w = weights.get(name)!;
    const turned = new Float32Array(w.length);
    for (let o = 0; o < outs; o++) for (let i = 0; i < inputs; i++) turned[i * outs + o] = w[o * inputs + i];
    return g.add('MatMul', [x, g.constant(`${name} transposed`, [inputs, outs], turned)]);
  };
  const norm = (x: string, name: string) =>
    g.add('SimplifiedLayerNormalization', [x, g.constant(name, [D], weights.get(name)!)], {
      axis: { integer: -1 },
      epsilon: { float: config.rms_norm_eps },
    });

  let x = g.add('Gather', [table, 'input_ids']);
  for (let l = 0; l < layers; l++) {
    g.scope = `layers.${l}.`;
    const name = (part: string) => `model.layers.${l}.${part}.weight`;
    const first = norm(x, name('input_layernorm'));
    const [q, k, v] = (['q_proj', 'k_proj', 'v_proj'] as const).map((part) =>
      linear(first, name(`self_attn.${part}`), D, (part === 'q_proj' ? H : K) * h),
    );
    const present = ['key', 'value'].map((part) => `present.${l}.${part}`);
    const past = ['key', 'value'].map((part) => `past_key_values.${l}.${part}`);
    const attended = `${g.scope}attended`;
    g.nodes.push({
      operator: 'GroupQueryAttention',
      domain: 'com.microsoft',
      inputs: [q, k, v, ...past, 'lengths', 'total', cos, sin],
      outputs: [attended, ...present],
      attributes: { num_heads: { integer: H }, kv_num_heads: { integer: K }, do_rotary: { integer: 1 } },
    });
    const cache = (name: string): Value => ({ name, element: 'float', shape: ['batch', K, 'most', h] });
    caches.push(...past.map(cache));
    outputs.push(...present.map(cache));
    const middle = g.add('Add', [x, linear(attended, name('self_attn.o_proj'), H * h, D)]);
    const second = norm(middle, name('post_attention_layernorm'));
    const gate = linear(second, name('mlp.gate_proj'), D, F);
    const gated = g.add('Mul', [
      g.add('Mul', [gate, g.add('Sigmoid', [gate])]),
      linear(second, name('mlp.up_proj'), D, F),
    ]);
    x = g.add('Add', [middle, linear(gated, name('mlp.down_proj'), F, D)]);
  }
  g.scope = 'head.';
  const last = norm(x, 'model.norm.weight');
  const head = config.tie_word_embeddings ? 'model.embed_tokens.weight' : 'lm_head.weight';
  g.output('logits', linear(last, head, D, V));
  return {
    name: 'LlamaForCausalLM',
    nodes: g.nodes,
    initializers: g.initializers,
    inputs: [
      { name: 'input_ids', element: 'int64', shape: ['batch', 'sequence'] },
      { name: 'lengths', element: 'int32', shape: ['batch'] },
      { name: 'total', element: 'int32', shape: [1] },
      ...caches,
    ],
    outputs,
  };
}

/** cos and sin [positions, h/2] */
function rotation(g: GraphBuilder, config: LlamaConfig): [string, string] {
  const { max_position_embeddings: positions, head_dim: h, rope_theta: theta } = config;
  const half = h / 2;
  const table = (name: string, f: (angle: number) => number) =>
    g.constant(
      name,
      [positions, half],
      Float32Array.from({ length: positions * half }, (_, i) =>
        f(Math.floor(i / half) * theta ** (-(2 * (i % half)) / h)),
      ),
    );
  return [table('cos', Math.cos), table('sin', Math.sin)];
}
