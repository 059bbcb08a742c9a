/**
 * The backward pass from the last block's output to the embedding, over packed rows.
 *
 * `dx` holds the gradient of the residual stream all the way down: each half of a block adds its share to it.
 * Weight gradients are added to the arenas, so micro-batches accumulate.
 */
import { attentionBackwardKeyValue, attentionBackwardQuery, headsOf } from './attention';
import { layerBuffers, rope } from './forward';
import { accumulateSlices, linearBackwardInput, linearBackwardWeight } from './linear';
import type { Parameters } from './parameters';
import { NORM_SLICES } from './plan';
import { SHADERS } from './shaders';
import { type Extent, f32, type Op, perElement, type Workspace } from './workspace';

/** Operations of all blocks, last to first. The count is the tokens'. */
export function buildBackward(workspace: Workspace, parameters: Parameters, tokens: Extent): Op[] {
  const ops: Op[] = [];
  for (let layer = workspace.config.num_hidden_layers - 1; layer >= 0; layer--)
    ops.push(...blockBackward(workspace, parameters, tokens, layer));
  return ops;
}

/** The embedding's share, after the blocks. The count is the distinct ids'. */
export function buildEmbeddingBackward(workspace: Workspace, parameters: Parameters, segments: Extent): Op {
  const width = workspace.config.hidden_size;
  return workspace.op(
    SHADERS.embeddingBackward,
    {
      extent: segments,
      segments: 'segments',
      order: 'order',
      dx: 'dx',
      dtable: parameters.range('embedding', 'gradient'),
    },
    { shape: [width], grid: perElement(width) },
  );
}

function blockBackward(workspace: Workspace, parameters: Parameters, tokens: Extent, layer: number): Op[] {
  const { config } = workspace;
  const { hidden_size: width, intermediate_size: inner, head_dim: head } = config;
  const { num_attention_heads: heads, num_key_value_heads: kvHeads } = config;
  const queries = heads * head;
  const qkvColumns = (heads + 2 * kvHeads) * head;
  const b = layerBuffers(workspace, layer);
  const w = (name: string) => parameters.range(`layers.${layer}.${name}`);
  const g = (name: string) => parameters.range(`layers.${layer}.${name}`, 'gradient');
  /** dy -> dx and dw of one projection. */
  const linear = (name: string, dy: string, x: string, dx: string, inputs: number, outputs: number): Op[] => [
    linearBackwardInput(workspace, tokens, { dy, w: w(name), dx, inputs, outputs }),
    ...linearBackwardWeight(workspace, tokens, { dy, x, dw: g(name), inputs, outputs }),
  ];
  /** dnorm -> adds to dx, and to the norm weight's gradient. */
  const norm = (name: string, x: string, inverse: string): Op[] => {
    const shape = [width, f32(config.rms_norm_eps)];
    return [
      workspace.op(
        SHADERS.rmsNormBackwardWeight,
        { extent: tokens, rows: 'sources', x, inverse, dy: 'dnorm', slices: 'slices' },
        { shape, constants: { SLICES: NORM_SLICES }, grid: () => perElement(NORM_SLICES * width)(1) },
      ),
      accumulateSlices(workspace, g(name), width, NORM_SLICES),
      workspace.op(
        SHADERS.rmsNormBackward,
        { extent: tokens, rows: 'sources', x, weight: w(name), inverse, dy: 'dnorm', dx: 'dx' },
        { shape, grid: perElement(1) },
      ),
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
    ...linear('down', 'dx', b.act, 'dact', inner, width),
    workspace.op(
      SHADERS.swigluBackward,
      { extent: tokens, gate_up: b.gateUp, dout: 'dact', dgate_up: 'dgateUp' },
      { shape: [inner], grid: perElement(inner) },
    ),
    ...linear('gate_up', 'dgateUp', b.norm2, 'dnorm', width, 2 * inner),
    ...norm('norm2', b.mid, b.inverse2),
    ...linear('o', 'dx', b.attention, 'dattention', queries, width),
    attentionBackwardQuery(workspace, tokens, attention, headsOf(config)),
    attentionBackwardKeyValue(workspace, tokens, attention, headsOf(config)),
    rope(workspace, tokens, 'dqkv', true),
    ...linear('qkv', 'dqkv', b.norm1, 'dnorm', width, qkvColumns),
    ...norm('norm1', b.input, b.inverse1),
  ];
}
