/**
 * The forward pass of one more token of every live row, over the key/value cache, up to the logits.
 *
 * The blocks are the packed pass's (`forward.ts`); only attention reads its keys and values from the cache.
 * Used by `decoder.ts`.
 */
import { attentionDecode } from './decode-variants';
import type { WeightSource } from './float16';
import { blockHalves, embed, layerBuffers } from './forward';
import { projectLogits } from './head';
import { rmsNorm } from './norm';
import type { Op, Workspace } from './workspace';

/** `live` is the extent of the live rows, which a kernel writes; the operations' count is an upper bound of it. */
export function buildTokenForward(workspace: Workspace, weights: WeightSource, live: GPUBuffer): Op[] {
  const { config, capacity } = workspace;
  const layers = Array.from({ length: config.num_hidden_layers }, (_, layer) => layer);
  return [
    embed(workspace, weights, live, 'liveIds'),
    ...layers.flatMap((layer) => {
      // One layer's buffers serve all: layers take turns in x0 and x1.
      const b = { ...layerBuffers(workspace, 0), input: `x${layer % 2}`, output: `x${(layer + 1) % 2}` };
      const { before, after } = blockHalves(workspace, weights, live, layer, b, true);
      return [
        ...before,
        attentionDecode(workspace, config, capacity.cacheLength, {
          extent: live,
          live_rows: 'liveRows',
          positions: 'livePositions',
          angles: 'angles',
          qkv: b.qkv,
          cache: `cache${layer}`,
          out: b.attention,
        }),
        ...after,
      ];
    }),
    rmsNorm(
      workspace,
      live,
      {
        rows: 'liveRows',
        x: `x${config.num_hidden_layers % 2}`,
        weight: weights.range('norm'),
        y: 'hidden',
        inverse: 'hiddenInverse',
      },
      { width: config.hidden_size, epsilon: config.rms_norm_eps },
    ),
    projectLogits(workspace, weights, live),
  ];
}
