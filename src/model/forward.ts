/**
 * The forward pass up to the last block's output: embedding and blocks, over packed rows.
 *
 * Layer l reads the residual stream from `x{l}`, and leaves `x{l+1}`. A trained workspace keeps every layer's
 * activations for the backward pass; otherwise layers take turns in one set.
 */

import type { BufferRange } from '../gpu/kernel';
import { attentionForward, headsOf } from './attention';
import type { WeightSource } from './float16';
import { isFloat16, linearForward } from './linear';
import { rmsNorm } from './norm';
import { gatedProjection, headColumns, headsProjection } from './paired';
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
 * The projections around attention: norm and rotated queries, keys, values before it; output and MLP after it, whose
 * operations `after` lists in order. While decoding, attention itself rotates, and no backward pass comes.
 */
export function blockHalves(
  workspace: Workspace,
  weights: WeightSource,
  extent: Extent | BufferRange,
  layer: number,
  b: ReturnType<typeof layerBuffers>,
  decoding = false,
): { before: Op[]; output: Op; norm2: Op; gateUp: Op; after: Op[] } {
  const { config } = workspace;
  const { hidden_size: width, intermediate_size: inner, rms_norm_eps: epsilon } = config;
  const queries = config.num_attention_heads * config.head_dim;
  const norm = (name: string, x: string, inverse: string) =>
    rmsNorm(
      workspace,
      extent,
      { rows: 'sources', x, weight: weights.range(`layers.${layer}.${name}`), y: b.normed, inverse },
      { width, epsilon },
    );
  const w = (name: string) => weights.matrix(`layers.${layer}.${name}`);
  const heads = { x: b.normed, w: w('qkv') };
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
      ...(decoding
        ? [
            linearForward(workspace, extent, {
              ...heads,
              y: b.qkv,
              inputs: width,
              outputs: headColumns(config),
            }),
          ]
        : headsProjection(
            workspace,
            extent,
            { ...heads, qkv: b.qkv, positions: 'positions', angles: 'angles', unused: b.act },
            config,
          )),
    ],
    output,
    norm2,
    gateUp,
    after: [
      output,
      norm2,
      ...gatedProjection(
        workspace,
        extent,
        { x: b.normed, w: w('gate_up'), gateUp: b.gateUp, act: b.act },
        { inputs: width, inner, keep: isKept(workspace, layer) && !decoding },
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

/** Whether the backward pass reads the gate and up projections that the forward pass leaves. */
function isKept({ capacity, config }: Workspace, layer: number): boolean {
  return keptActivations(capacity).mlp || (capacity.trained && layer === config.num_hidden_layers - 1);
}

/** x = embedding[ids]. */
export function embed(
  workspace: Workspace,
  weights: WeightSource,
  extent: Extent | BufferRange,
  ids: string,
): Op {
  const width = workspace.config.hidden_size;
  const table = weights.matrix('embedding');
  if (isFloat16(table))
    return workspace.op(
      SHADERS.embeddingFloat16,
      { extent, ids, table: table.float16, x: 'x0' },
      { shape: [width], grid: perTile(width) },
    );
  const vector = vectorOf(width);
  return workspace.op(
    SHADERS.embedding,
    { extent, ids, table, x: 'x0' },
    { shape: [width], constants: { VECTOR: vector }, grid: perTile(width / vector) },
  );
}

/** The whole pass: one list of operations for each layer, the embedding in the first. The count is the tokens'. */
export function buildForward(workspace: Workspace, weights: WeightSource, tokens: Extent): Op[][] {
  return Array.from({ length: workspace.config.num_hidden_layers }, (_, layer) => {
    const b = layerBuffers(workspace, layer);
    const { before, after } = blockHalves(workspace, weights, tokens, layer, b);
    return [
      ...(layer === 0 ? [embed(workspace, weights, tokens, 'ids')] : []),
      ...before,
      ...attend(workspace, tokens, b),
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

/** Attention of packed rows, whose queries and keys are rotated. */
export function attend(
  workspace: Workspace,
  tokens: Extent,
  { qkv, attention: out, logsumexp }: ReturnType<typeof layerBuffers>,
): Op[] {
  return [
    attentionForward(workspace, tokens, { spans: 'spans', qkv, out, logsumexp }, headsOf(workspace.config)),
  ];
}
