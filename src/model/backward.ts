/**
 * The backward pass from the last block's output to the embedding, over packed rows.
 *
 * `dx` holds the gradient of the residual stream all the way down: each half of a block adds its share to it.
 * Weight gradients are added to the arenas, so micro-batches accumulate. What the forward pass did not keep is made
 * again: norms and gated activations on the way, by kernels that read what they come from anyway; with
 * `gradientCheckpointing` a whole MLP or block, by the operations of the forward pass.
 */
import { attentionBackwardKeyValue, attentionBackwardQuery, headsOf } from './attention';
import { attend, blockHalves, layerBuffers } from './forward';
import { accumulateSlices, linearBackwardInput, linearBackwardWeight } from './linear';
import { rmsNormBackward, rmsNormBackwardWeight } from './norm';
import { rope } from './paired';
import type { Parameters } from './parameters';
import { keptActivations, NORM_SLICES } from './plan';
import { SHADERS } from './shaders';
import { type Extent, type Op, perTile, vectorOf, type Workspace } from './workspace';

/** Operations of all blocks, last to first. The count is the tokens'. */
export function buildBackward(workspace: Workspace, parameters: Parameters, tokens: Extent): Op[] {
  const ops: Op[] = [];
  const last = workspace.config.num_hidden_layers - 1;
  for (let layer = last; layer >= 0; layer--) {
    // The last block's activations are still there.
    if (layer < last) ops.push(...recompute(workspace, parameters, tokens, layer));
    ops.push(...blockBackward(workspace, parameters, tokens, layer));
  }
  return ops;
}

/** The part of a block's forward pass whose results were not kept. */
function recompute(workspace: Workspace, parameters: Parameters, tokens: Extent, layer: number): Op[] {
  const kept = keptActivations(workspace.capacity);
  if (kept.mlp) return [];
  const b = layerBuffers(workspace, layer);
  const { before, output, norm2, gateUp } = blockHalves(workspace, parameters, tokens, layer, b);
  const mlp = [norm2, gateUp];
  if (kept.block) return mlp;
  return [...before, ...attend(workspace, tokens, b), output, ...mlp];
}

/** The embedding's share, after the blocks. The count is the distinct ids'. */
export function buildEmbeddingBackward(workspace: Workspace, parameters: Parameters, segments: Extent): Op {
  const width = workspace.config.hidden_size;
  const vector = vectorOf(width);
  return workspace.op(
    SHADERS.embeddingBackward,
    {
      extent: segments,
      segments: 'segments',
      order: 'order',
      dx: 'dx',
      dtable: parameters.range('embedding', 'gradient'),
    },
    { shape: [width], constants: { VECTOR: vector }, grid: perTile(width / vector) },
  );
}

function blockBackward(workspace: Workspace, parameters: Parameters, tokens: Extent, layer: number): Op[] {
  const { config } = workspace;
  const { hidden_size: width, intermediate_size: inner, head_dim: head } = config;
  const { num_attention_heads: heads, num_key_value_heads: kvHeads } = config;
  const queries = heads * head;
  const qkvColumns = (heads + 2 * kvHeads) * head;
  const vector = vectorOf(inner);
  const b = layerBuffers(workspace, layer);
  const w = (name: string) => parameters.range(`layers.${layer}.${name}`);
  const g = (name: string) => parameters.range(`layers.${layer}.${name}`, 'gradient');
  /** dy -> dx, what makes x again, and dw of one projection. */
  const linear = (
    name: string,
    { dy, x, dx, inputs, outputs }: { dy: string; x: string; dx: string; inputs: number; outputs: number },
    between: readonly Op[] = [],
  ): Op[] => [
    linearBackwardInput(workspace, tokens, { dy, w: w(name), dx, inputs, outputs }),
    ...between,
    ...linearBackwardWeight(workspace, tokens, { dy, x, dw: g(name), inputs, outputs }),
  ];
  /** dnorm -> adds to dx, and to the norm weight's gradient; the norm itself. */
  const norm = (name: string, x: string, inverse: string): Op[] => {
    const size = { width, epsilon: config.rms_norm_eps };
    const rows = { rows: 'sources', x, inverse, dy: 'dnorm' };
    return [
      rmsNormBackwardWeight(workspace, tokens, { ...rows, slices: 'slices' }, size),
      accumulateSlices(workspace, g(name), width, NORM_SLICES),
      rmsNormBackward(workspace, tokens, { ...rows, weight: w(name), dx: 'dx', y: b.normed }, size, true),
    ];
  };
  const attention = {
    spans: 'spans',
    qkv: b.qkv,
    out: b.attention,
    dout: 'dattention',
    logsumexp: b.logsumexp,
    delta: 'delta',
    dqkv: 'dqkv',
  };
  return [
    ...linear('down', { dy: 'dx', x: b.act, dx: 'dact', inputs: inner, outputs: width }, [
      workspace.op(
        SHADERS.swigluBackward,
        { extent: tokens, gate_up: b.gateUp, dout: 'dact', dgate_up: 'dgateUp', out: b.act },
        { shape: [inner], constants: { VECTOR: vector }, grid: perTile(inner / vector) },
      ),
    ]),
    ...linear(
      'gate_up',
      { dy: 'dgateUp', x: b.normed, dx: 'dnorm', inputs: width, outputs: 2 * inner },
      norm('norm2', b.mid, b.inverse2),
    ),
    ...linear('o', { dy: 'dx', x: b.attention, dx: 'dattention', inputs: queries, outputs: width }),
    attentionBackwardQuery(workspace, tokens, attention, headsOf(config)),
    attentionBackwardKeyValue(workspace, tokens, attention, headsOf(config)),
    rope(workspace, tokens, { qkv: 'dqkv', positions: 'positions', angles: 'angles' }, config, true),
    ...linear(
      'qkv',
      { dy: 'dqkv', x: b.normed, dx: 'dnorm', inputs: width, outputs: qkvColumns },
      norm('norm1', b.input, b.inverse1),
    ),
  ];
}
