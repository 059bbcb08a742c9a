/**
 * Prefill: the prompts' keys and values into the rows' caches.
 *
 * Each distinct prompt goes through the packed forward pass once, in as many passes as the plan has room for; the
 * rows of a group share the result. Used by `decoder.ts`.
 */
import { extentOf, packRows } from './batch';
import { layerBuffers } from './forward';
import { SHADERS } from './shaders';
import { type Extent, encodeOps, type Op, passOver, perRow, type Workspace } from './workspace';

/** Positions that are filled in all rows. @param prompts [rows, 2] (first, length) */
const filledBy = (prompts: Uint32Array): number =>
  prompts.reduce((sum, value, i) => (i % 2 === 1 ? sum + value : sum), 0);

export class Prefill {
  private readonly rowsExtent: Extent;
  private readonly fill: Op[];
  private longestPrompt = 1;

  constructor(
    private readonly workspace: Workspace,
    private readonly tokens: Extent,
  ) {
    const { config, capacity } = workspace;
    this.rowsExtent = workspace.extent('prefill.rows');
    const { head_dim: head, num_attention_heads: heads, num_key_value_heads: kvHeads } = config;
    this.fill = Array.from({ length: config.num_hidden_layers }, (_, layer) =>
      workspace.op(
        SHADERS.cacheFill,
        {
          extent: this.rowsExtent,
          prompts: 'prompts',
          qkv: layerBuffers(workspace, layer).qkv,
          cache: `cache${layer}`,
        },
        {
          shape: [capacity.cacheLength],
          constants: { HEAD_DIM: head, HEADS: heads, KV_HEADS: kvHeads },
          grid: (rows) => perRow(Math.ceil((this.longestPrompt * 2 * kvHeads) / 64), rows),
        },
      ),
    );
  }

  /**
   * Fills the caches of rows with all but the last token of each row's prompt: the first decoding step reads that one.
   * `layers` is the packed forward pass, a list of operations for each layer.
   */
  run(layers: readonly (readonly Op[])[], rows: readonly (readonly number[])[]): void {
    const { workspace } = this;
    const { capacity, config, device } = workspace;
    this.rowsExtent.write(rows.length);
    const distinct = new Map<string, number[]>();
    rows.forEach((prompt, r) => {
      if (prompt.length < 2) return;
      const key = prompt.join(' ');
      distinct.set(key, [...(distinct.get(key) ?? []), r]);
    });
    const groups = [...distinct.values()];
    for (let next = 0; next < groups.length; ) {
      const prompts = new Uint32Array(rows.length * 2);
      const packed: { tokens: readonly number[]; active: number[] }[] = [];
      let tokens = 0;
      let longest = 1;
      for (; next < groups.length; next++) {
        const prompt = rows[groups[next][0]].slice(0, -1);
        if (tokens + prompt.length > capacity.tokens) break;
        for (const r of groups[next]) prompts.set([tokens, prompt.length], r * 2);
        packed.push({ tokens: prompt, active: [] });
        tokens += prompt.length;
        longest = Math.max(longest, prompt.length);
      }
      const batch = packRows(packed, config.vocab_size);
      workspace.write('ids', batch.ids);
      workspace.write('positions', batch.positions);
      workspace.write('spans', batch.spans);
      workspace.write('prompts', prompts);
      this.tokens.write(tokens);
      this.longestPrompt = longest;
      const encoder = device.createCommandEncoder({ label: 'decoder.prefill' });
      const pass = workspace.begin(encoder);
      passOver(pass, () => ({ ...extentOf(batch), filled: filledBy(prompts) }));
      layers.forEach((ops, layer) => {
        encodeOps(pass, ops, tokens);
        // Where layers share one set of buffers, the next layer overwrites this one's keys.
        encodeOps(pass, [this.fill[layer]], rows.length);
      });
      pass.end();
      device.queue.submit([encoder.finish()]);
    }
  }
}
