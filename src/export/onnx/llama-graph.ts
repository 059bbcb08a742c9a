/**
 * The policy as an ONNX graph: Hugging Face's `LlamaForCausalLM` in plain operators of the standard set, none of a
 * runtime's own, so that every runtime reads it and its kernels for WebGPU cover it.
 *
 * Inputs and outputs have the names that Optimum gives them, and that Transformers.js looks for. B rows, T new tokens,
 * P tokens of the past, S = P + T; K key/value heads of h channels, V vocabulary:
 *
 *   input_ids [B, T], attention_mask [B, S] (0: padding), position_ids [B, T]    int64
 *   past_key_values.N.key, .value [B, K, P, h], with cache only; P may be 0
 *   logits [B, T, V]; present.N.key, .value [B, K, S, h], with cache only
 *
 * Padding may stand anywhere in a row, as the mask alone says where it is; a padded place has logits that mean nothing.
 */
import type { LlamaConfig } from '../../model/config';
import type { NamedTensors } from '../../model/parameters';
import { GraphBuilder } from './builder';
import type { Graph, Value } from './schema';

/** Added to the score of a key that must not be seen: its weight is 0, and no row is without a number. */
const UNSEEN = -1e9;

const EMBEDDING = 'model.embed_tokens.weight';

export function llamaGraph(config: LlamaConfig, weights: NamedTensors, cache: boolean): Graph {
  return new LlamaGraph(config, weights, cache).build();
}

class LlamaGraph {
  private readonly g = new GraphBuilder();
  private readonly outputs: Value[] = [];

  constructor(
    private readonly config: LlamaConfig,
    private readonly weights: NamedTensors,
    private readonly cache: boolean,
  ) {}

  build(): Graph {
    const { g, config } = this;
    const { hidden_size: D, vocab_size: V, num_hidden_layers: layers } = config;
    const table = g.constant(EMBEDDING, [V, D], this.weight(EMBEDDING));
    const [cos, sin] = this.rotation();
    const unseen = this.attentionBias();
    let x = g.add('Gather', [table, 'input_ids']);
    for (let layer = 0; layer < layers; layer++) {
      g.scope = `layers.${layer}.`;
      x = this.layer(layer, x, cos, sin, unseen);
    }
    g.scope = 'head.';
    const normalised = this.norm(x, 'model.norm.weight');
    // A tied head is the embedding itself, kept once in the file.
    const logits = config.tie_word_embeddings
      ? g.add('MatMul', [normalised, g.add('Transpose', [table], { perm: { integers: [1, 0] } })])
      : this.linear(normalised, 'lm_head.weight', D, V);
    g.output('logits', logits);
    this.outputs.unshift({ name: 'logits', element: 'float', shape: ['batch', 'sequence', V] });
    return {
      name: 'LlamaForCausalLM',
      nodes: g.nodes,
      initializers: g.initializers,
      inputs: this.inputs(),
      outputs: this.outputs,
    };
  }

  private inputs(): Value[] {
    const { num_hidden_layers: layers, num_key_value_heads: K, head_dim: h } = this.config;
    const ids = (name: string, length: string): Value => ({
      name,
      element: 'int64',
      shape: ['batch', length],
    });
    const past = Array.from({ length: this.cache ? layers : 0 }, (_, layer) =>
      ['key', 'value'].map(
        (part): Value => ({
          name: `past_key_values.${layer}.${part}`,
          element: 'float',
          shape: ['batch', K, 'past', h],
        }),
      ),
    );
    return [
      ids('input_ids', 'sequence'),
      ids('attention_mask', this.cache ? 'past + sequence' : 'sequence'),
      ids('position_ids', 'sequence'),
      ...past.flat(),
    ];
  }

  /**
   * cos and sin [B, 1, T, h/2] of the tokens' positions. From tables, which are computed in float64: the kernels' own
   * cosine need not be exact for the large angles of late positions.
   */
  private rotation(): [string, string] {
    const { g } = this;
    const { max_position_embeddings: positions, head_dim: h, rope_theta: theta } = this.config;
    const half = h / 2;
    const table = (name: string, f: (angle: number) => number) => {
      const values = new Float32Array(positions * half);
      for (let p = 0; p < positions; p++)
        for (let i = 0; i < half; i++) values[p * half + i] = f(p * theta ** (-(2 * i) / h));
      const rows = g.add('Gather', [g.constant(name, [positions, half], values), 'position_ids']);
      return g.add('Unsqueeze', [rows, g.integers(1)]);
    };
    return [table('rope.cos', Math.cos), table('rope.sin', Math.sin)];
  }

  /** What is added to the scores [B, H, T, S]: 0, or UNSEEN for padding and what comes later. [B, 1, T, S] */
  private attentionBias(): string {
    const { g } = this;
    const size = (of: string, axis: number) =>
      g.add('Gather', [g.add('Shape', [of]), g.integer(axis)], { axis: { integer: 0 } });
    const total = size('attention_mask', 1);
    const first = g.add('Sub', [total, size('input_ids', 1)]);
    const range = (from: string) => g.add('Range', [from, total, g.integer(1)]);
    const queries = g.add('Unsqueeze', [range(first), g.integers(1)]);
    const keys = g.add('Unsqueeze', [range(g.integer(0)), g.integers(0)]);
    const causal = g.add('LessOrEqual', [keys, queries]);
    const real = g.add('Unsqueeze', [g.add('Equal', ['attention_mask', g.integer(1)]), g.integers(1, 2)]);
    return g.add('Where', [g.add('And', [causal, real]), g.float(0), g.float(UNSEEN)]);
  }

  private layer(layer: number, input: string, cos: string, sin: string, unseen: string): string {
    const { g } = this;
    const { hidden_size: D, intermediate_size: F } = this.config;
    const name = (part: string) => `model.layers.${layer}.${part}.weight`;
    const attended = this.attention(layer, this.norm(input, name('input_layernorm')), cos, sin, unseen);
    const middle = g.add('Add', [input, attended]);
    const x = this.norm(middle, name('post_attention_layernorm'));
    const gate = this.linear(x, name('mlp.gate_proj'), D, F);
    const gated = g.add('Mul', [
      g.add('Mul', [gate, g.add('Sigmoid', [gate])]),
      this.linear(x, name('mlp.up_proj'), D, F),
    ]);
    return g.add('Add', [middle, this.linear(gated, name('mlp.down_proj'), F, D)]);
  }

  /** x [B, T, D] -> [B, T, D] */
  private attention(layer: number, x: string, cos: string, sin: string, unseen: string): string {
    const { g } = this;
    const { hidden_size: D, num_attention_heads: H, num_key_value_heads: K, head_dim: h } = this.config;
    const heads = (part: string, count: number) => {
      const flat = this.linear(x, `model.layers.${layer}.self_attn.${part}.weight`, D, count * h);
      const split = g.add('Reshape', [flat, g.integers(0, 0, count, h)]);
      return g.add('Transpose', [split], { perm: { integers: [0, 2, 1, 3] } });
    };
    const q = this.rotate(heads('q_proj', H), cos, sin);
    const k = this.kept(layer, 'key', this.rotate(heads('k_proj', K), cos, sin));
    const v = this.kept(layer, 'value', heads('v_proj', K));
    const transposed = g.add('Transpose', [this.repeated(k)], { perm: { integers: [0, 1, 3, 2] } });
    const scores = g.add('Mul', [g.add('MatMul', [q, transposed]), g.float(1 / Math.sqrt(h))]);
    const shares = g.add('Softmax', [g.add('Add', [scores, unseen])], { axis: { integer: -1 } });
    const mixed = g.add('MatMul', [shares, this.repeated(v)]);
    const joined = g.add('Reshape', [
      g.add('Transpose', [mixed], { perm: { integers: [0, 2, 1, 3] } }),
      g.integers(0, 0, H * h),
    ]);
    return this.linear(joined, `model.layers.${layer}.self_attn.o_proj.weight`, H * h, D);
  }

  /** Channel i of a head turns with channel i + h/2, as in `model/reference/rope.ts`. [B, heads, T, h] */
  private rotate(x: string, cos: string, sin: string): string {
    const { g } = this;
    const [first, second] = g.addMany('Split', [x], 2, { axis: { integer: -1 } });
    const product = (a: string, b: string) => g.add('Mul', [a, b]);
    return g.add(
      'Concat',
      [
        g.add('Sub', [product(first, cos), product(second, sin)]),
        g.add('Add', [product(second, cos), product(first, sin)]),
      ],
      { axis: { integer: -1 } },
    );
  }

  /** Keys or values of all tokens so far, which are also what the next call is given. [B, K, S, h] */
  private kept(layer: number, part: 'key' | 'value', fresh: string): string {
    if (!this.cache) return fresh;
    const { num_key_value_heads: K, head_dim: h } = this.config;
    const all = this.g.add('Concat', [`past_key_values.${layer}.${part}`, fresh], { axis: { integer: 2 } });
    const name = `present.${layer}.${part}`;
    this.g.output(name, all);
    this.outputs.push({ name, element: 'float', shape: ['batch', K, 'past + sequence', h] });
    return all;
  }

  /** Each key/value head once for every query head that shares it: [B, K, S, h] -> [B, H, S, h]. */
  private repeated(x: string): string {
    const { g } = this;
    const { num_attention_heads: H, num_key_value_heads: K, head_dim: h } = this.config;
    if (H === K) return x;
    const copies = g.add('Expand', [g.add('Unsqueeze', [x, g.integers(2)]), g.integers(1, 1, H / K, 1, 1)]);
    return g.add('Reshape', [copies, g.integers(0, H, -1, h)]);
  }

  /** x / sqrt(mean(x^2) + eps) * weight, over the last axis. */
  private norm(x: string, name: string): string {
    const { g } = this;
    const { hidden_size: D, rms_norm_eps: eps } = this.config;
    const square = g.add('ReduceMean', [g.add('Mul', [x, x])], {
      axes: { integers: [-1] },
      keepdims: { integer: 1 },
    });
    const root = g.add('Sqrt', [g.add('Add', [square, g.float(eps)])]);
    const weight = g.constant(name, [D], this.weight(name));
    return g.add('Mul', [g.add('Div', [x, root]), weight]);
  }

  /** x [.., inputs] wᵀ with w [outputs, inputs], stored the other way round, as MatMul wants it. */
  private linear(x: string, name: string, inputs: number, outputs: number): string {
    const w = this.weight(name);
    const turned = new Float32Array(w.length);
    for (let o = 0; o < outputs; o++)
      for (let i = 0; i < inputs; i++) turned[i * outputs + o] = w[o * inputs + i];
    return this.g.add('MatMul', [x, this.g.constant(`${name} transposed`, [inputs, outputs], turned)]);
  }

  private weight(name: string): Float32Array {
    const weight = this.weights.get(name);
    if (!weight)
      throw new Error(`onnx: expected the tensor ${name}, got ${[...this.weights.keys()].join(', ')}`);
    return weight;
  }
}
