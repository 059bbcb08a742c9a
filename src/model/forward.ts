/**
 * The forward pass up to the last block's output: embedding and blocks, over packed rows.
 *
 * Layer l reads the residual stream from `x{l}`, and leaves `x{l+1}`. A trained workspace keeps every layer's
 * activations for the backward pass; otherwise layers take turns in one set.
 */

import type { BufferRange } from '../gpu/kernel';
import { attentionForward, headsOf } from './attention';
import { linearForward } from './linear';
import type { Parameters } from './parameters';
import { SHADERS } from './shaders';
import { type Extent, f32, type Op, perElement, type Workspace } from './workspace';

/** Names of the buffers a layer works in. */
export function layerBuffers(workspace: Workspace, layer: number) {
  const { trained } = workspace.capacity;
  const set = trained ? layer : 0;
  return {
    input: `x${trained ? layer : layer % 2}`,
    output: `x${trained ? layer + 1 : (layer + 1) % 2}`,
    norm1: `norm1.${set}`,
    inverse1: `inverse1.${set}`,
    qkv: `qkv${set}`,
    attention: `attention${set}`,
    logsumexp: `logsumexp${set}`,
    mid: `mid${set}`,
    norm2: `norm2.${set}`,
    inverse2: `inverse2.${set}`,
    gateUp: `gateUp${set}`,
    act: `act${set}`,
  };
}

/** y = rmsNorm(x) over all of the extent's rows. */
function rmsNorm(
  workspace: Workspace,
  extent: Extent | BufferRange,
  names: { x: string; weight: BufferRange; y: string; inverse: string },
): Op {
  const { hidden_size: width, rms_norm_eps: epsilon } = workspace.config;
  return workspace.op(
    SHADERS.rmsNorm,
    { extent, rows: 'sources', ...names },
    { shape: [width, f32(epsilon)], grid: perElement(1) },
  );
}

/** The projections around attention: norm and queries, keys, values before it; output and MLP after it. */
export function blockHalves(
  workspace: Workspace,
  parameters: Parameters,
  extent: Extent | BufferRange,
  layer: number,
  b: ReturnType<typeof layerBuffers>,
): { before: Op[]; after: Op[] } {
  const { hidden_size: width, intermediate_size: inner } = workspace.config;
  const queries = workspace.config.num_attention_heads * workspace.config.head_dim;
  const keys = workspace.config.num_key_value_heads * workspace.config.head_dim;
  const w = (name: string) => parameters.range(`layers.${layer}.${name}`);
  return {
    before: [
      rmsNorm(workspace, extent, { x: b.input, weight: w('norm1'), y: b.norm1, inverse: b.inverse1 }),
      linearForward(workspace, extent, {
        x: b.norm1,
        w: w('qkv'),
        y: b.qkv,
        inputs: width,
        outputs: queries + 2 * keys,
      }),
    ],
    after: [
      linearForward(workspace, extent, {
        x: b.attention,
        w: w('o'),
        y: b.mid,
        residual: b.input,
        inputs: queries,
        outputs: width,
      }),
      rmsNorm(workspace, extent, { x: b.mid, weight: w('norm2'), y: b.norm2, inverse: b.inverse2 }),
      linearForward(workspace, extent, {
        x: b.norm2,
        w: w('gate_up'),
        y: b.gateUp,
        inputs: width,
        outputs: 2 * inner,
      }),
      workspace.op(
        SHADERS.swiglu,
        { extent, gate_up: b.gateUp, out: b.act },
        { shape: [inner], grid: perElement(inner) },
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
  return workspace.op(
    SHADERS.embedding,
    { extent, ids, table: parameters.range('embedding'), x: 'x0' },
    { shape: [width], grid: perElement(width) },
  );
}

/** The whole pass: one list of operations for each layer, the embedding in the first. The count is the tokens'. */
export function buildForward(workspace: Workspace, parameters: Parameters, tokens: Extent): Op[][] {
  const { config } = workspace;
  return Array.from({ length: config.num_hidden_layers }, (_, layer) => {
    const b = layerBuffers(workspace, layer);
    const { before, after } = blockHalves(workspace, parameters, tokens, layer, b);
    return [
      ...(layer === 0 ? [embed(workspace, parameters, tokens, 'ids')] : []),
      ...before,
      rope(workspace, tokens, b.qkv, false),
      attentionForward(
        workspace,
        tokens,
        { spans: 'spans', qkv: b.qkv, out: b.attention, logsumexp: b.logsumexp },
        headsOf(config),
      ),
      ...after,
    ];
  });
}

/** Rotates the query and key columns of `qkv` by position; backwards, their gradients. */
export function rope(workspace: Workspace, tokens: Extent, qkv: string, reverse: boolean): Op {
  const { head_dim: head, num_attention_heads: heads, num_key_value_heads: kvHeads } = workspace.config;
  return workspace.op(
    SHADERS.rope,
    { extent: tokens, positions: 'positions', angles: 'angles', qkv },
    {
      shape: [head, heads + kvHeads, (heads + 2 * kvHeads) * head],
      constants: { REVERSE: reverse },
      grid: perElement(((heads + kvHeads) * head) / 2),
    },
  );
}
