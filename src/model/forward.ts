/**
 * The forward pass up to the last block's output: embedding and blocks, over packed rows.
 *
 * Layer l reads the residual stream from `x{l}`, and leaves `x{l+1}`. A trained workspace keeps every layer's
 * activations for the backward pass; otherwise layers take turns in one set.
 */

import type { BufferRange } from '../gpu/kernel';
import { attentionForward, headsOf } from './attention';
import { linearForward } from './linear';
import { rmsNorm } from './norm';
import type { Parameters } from './parameters';
import { keptActivations } from './plan';
import { SHADERS } from './shaders';
import { type Extent, type Op, perTile, vectorOf, type Workspace } from './workspace';

/** Names of the buffers a layer works in. Layers take turns in `normed` and `act`: the backward pass makes them again. */
export function layerBuffers(workspace: Workspace, layer: number) {
  const { trained } = workspace.capacity;
  const kept = keptActivations(workspace.capacity);
  const block = kept.block ? layer : 0;
  return {
    input: `x${trained ? layer : layer % 2}`,
    output: `x${trained ? layer + 1 : (layer + 1) % 2}`,
    normed: 'normed',
    inverse1: `inverse1.${block}`,
    qkv: `qkv${block}`,
    attention: `attention${block}`,
    logsumexp: `logsumexp${block}`,
    mid: `mid${block}`,
    inverse2: `inverse2.${block}`,
    gateUp: `gateUp${kept.mlp ? layer : 0}`,
    act: 'act',
  };
}

/**
 * The projections around attention: norm and queries, keys, values before it; output and MLP after it, whose operations
 * `after` lists in order.
 */
export function blockHalves(
  workspace: Workspace,
  parameters: Parameters,
  extent: Extent | BufferRange,
  layer: number,
  b: ReturnType<typeof layerBuffers>,
): { before: Op[]; output: Op; norm2: Op; gateUp: Op; after: Op[] } {
  const { hidden_size: width, intermediate_size: inner, rms_norm_eps: epsilon } = workspace.config;
  const queries = workspace.config.num_attention_heads * workspace.config.head_dim;
  const keys = workspace.config.num_key_value_heads * workspace.config.head_dim;
  const vector = vectorOf(inner);
  const norm = (name: string, x: string, inverse: string) =>
    rmsNorm(
      workspace,
      extent,
      { rows: 'sources', x, weight: w(name), y: b.normed, inverse },
      { width, epsilon },
    );
  const w = (name: string) => parameters.range(`layers.${layer}.${name}`);
  const output = linearForward(workspace, extent, {
    x: b.attention,
    w: w('o'),
    y: b.mid,
    residual: b.input,
    inputs: queries,
    outputs: width,
  });
  const norm2 = norm('norm2', b.mid, b.inverse2);
  const gateUp = linearForward(workspace, extent, {
    x: b.normed,
    w: w('gate_up'),
    y: b.gateUp,
    inputs: width,
    outputs: 2 * inner,
  });
  return {
    before: [
      norm('norm1', b.input, b.inverse1),
      linearForward(workspace, extent, {
        x: b.normed,
        w: w('qkv'),
        y: b.qkv,
        inputs: width,
        outputs: queries + 2 * keys,
      }),
    ],
    output,
    norm2,
    gateUp,
    after: [
      output,
      norm2,
      gateUp,
      workspace.op(
        SHADERS.swiglu,
        { extent, gate_up: b.gateUp, out: b.act },
        { shape: [inner], constants: { VECTOR: vector }, grid: perTile(inner / vector) },
      ),
      linearForward(workspace, extent, {
        x: b.act,
        w: w('down'),
        y: b.output,
        residual: b.mid,
        inputs: inner,
        outputs: width,
      }),
    ],
  };
}

/** x = embedding[ids]. */
export function embed(
  workspace: Workspace,
  parameters: Parameters,
  extent: Extent | BufferRange,
  ids: string,
): Op {
  const width = workspace.config.hidden_size;
  const vector = vectorOf(width);
  return workspace.op(
    SHADERS.embedding,
    { extent, ids, table: parameters.range('embedding'), x: 'x0' },
    { shape: [width], constants: { VECTOR: vector }, grid: perTile(width / vector) },
  );
}

/** The whole pass: one list of operations for each layer, the embedding in the first. The count is the tokens'. */
export function buildForward(workspace: Workspace, parameters: Parameters, tokens: Extent): Op[][] {
  return Array.from({ length: workspace.config.num_hidden_layers }, (_, layer) => {
    const b = layerBuffers(workspace, layer);
    const { before, after } = blockHalves(workspace, parameters, tokens, layer, b);
    return [
      ...(layer === 0 ? [embed(workspace, parameters, tokens, 'ids')] : []),
      ...before,
      ...rotateAndAttend(workspace, tokens, b),
      ...after,
    ];
  });
}

/** As much of it as keys and values depend on, which is what a prompt leaves behind: of the last layer not its attention. */
export function upToKeys(layers: readonly (readonly Op[])[]): (readonly Op[])[] {
  return layers.map((ops, layer) => {
    if (layer < layers.length - 1) return ops;
    const attention = ops.findIndex(({ use }) => use.kernel.startsWith('attention'));
    if (attention < 0) throw new Error('internal: a layer without attention');
    return ops.slice(0, attention);
  });
}

/** Rotation and attention of packed rows. */
export function rotateAndAttend(
  workspace: Workspace,
  tokens: Extent,
  { qkv, attention: out, logsumexp }: ReturnType<typeof layerBuffers>,
): Op[] {
  return [
    rope(workspace, tokens, qkv, false),
    attentionForward(workspace, tokens, { spans: 'spans', qkv, out, logsumexp }, headsOf(workspace.config)),
  ];
}

/** Rotates the query and key columns of `qkv` by position; backwards, their gradients. */
export function rope(workspace: Workspace, tokens: Extent, qkv: string, reverse: boolean): Op {
  const { head_dim: head, num_attention_heads: heads, num_key_value_heads: kvHeads } = workspace.config;
  const vector = vectorOf(head / 2);
  return workspace.op(
    SHADERS.rope,
    { extent: tokens, positions: 'positions', angles: 'angles', qkv },
    {
      shape: [heads + kvHeads, (heads + 2 * kvHeads) * head],
      constants: { REVERSE: reverse, HEAD_DIM: head, VECTOR: vector },
      grid: perTile(((heads + kvHeads) * head) / 2 / vector),
    },
  );
}
