/**
 * One row looked at token by token: log-probability and entropy of every token, the likeliest alternatives at its
 * place, and the attention of a head. The policy's own forward pass, read back; made for a person who looks, not for
 * training. Its buffers are made when it is asked for and destroyed with the answer. Used by `policy.ts`.
 *
 * It works in the workspace's activations, which every pass begins anew: it may come between two of the trainer's
 * passes, never while one of its results waits to be read.
 */
import { flatGrid } from '../gpu/kernel';
import type { Pass } from '../gpu/profile';
import { positionsFrom } from './batch';
import { layerBuffers } from './forward';
import type { Graph } from './graph';
import type { Inputs } from './inputs';
import { SHADERS } from './shaders';
import { f32, packUniform, type Workspace } from './workspace';

export interface InspectionSettings {
  /** The logits are divided by it, as where the tokens were sampled. */
  temperature: number;
  /** Alternatives at each place; at most the vocabulary. */
  top: number;
  /** Whose attention: the layer and the query head, from 0. */
  layer: number;
  head: number;
}

/** Of a row of T tokens. Place i is where token i + 1 was predicted, from the tokens up to i. */
export interface Inspection {
  /** [T - 1] log-probability of the token that is there. */
  logps: Float32Array;
  /** [T - 1] of the distribution, in nats. */
  entropies: Float32Array;
  /** Alternatives a place, K. */
  top: number;
  /** [T - 1, K] tokens, the likeliest first; of equals the first in the vocabulary. */
  topTokens: Uint32Array;
  /** [T - 1, K] */
  topLogps: Float32Array;
  /** [T, T] weight of each token (column) for each token that looks (row); 0 for what it does not see. */
  attention: Float32Array;
}

/** @throws Error for a row that is too short or too long, or a layer or head that is not there. */
export async function inspectRow(
  workspace: Workspace,
  inputs: Inputs,
  graph: Graph,
  tokens: readonly number[],
  settings: InspectionSettings,
): Promise<Inspection> {
  check(workspace, tokens.length, settings);
  const { gpu, config } = workspace;
  const { vocab_size: vocabulary } = config;
  const top = Math.max(1, Math.min(settings.top, vocabulary));
  const reader = await AttentionReader.create(workspace, inputs, tokens.length, settings);
  try {
    await gpu.kernels.ready();
    const batch = inputs.write([{ tokens, active: positionsFrom(1, tokens.length) }]);
    graph.setTemperature(settings.temperature);
    workspace.submit('inspect.forward', (pass) =>
      graph.encodeForward(pass, batch.tokens, (layer) => {
        if (layer === settings.layer) reader.encode(pass);
      }),
    );
    const found: Inspection = {
      logps: new Float32Array(0),
      entropies: new Float32Array(0),
      top,
      topTokens: new Uint32Array(batch.active * top),
      topLogps: new Float32Array(batch.active * top),
      attention: new Float32Array(0),
    };
    for (const part of graph.parts(batch.active)) {
      workspace.submit('inspect.head', (pass) => graph.encodeHead(pass, part));
      const logits = await workspace.read('logits', part.count * vocabulary);
      for (let row = 0; row < part.count; row++) {
        const best = likeliest(
          logits.subarray(row * vocabulary, (row + 1) * vocabulary),
          top,
          settings.temperature,
        );
        found.topTokens.set(best.tokens, (part.start + row) * top);
        found.topLogps.set(best.logps, (part.start + row) * top);
      }
    }
    found.logps = await workspace.read('logp', batch.active);
    found.entropies = await workspace.read('entropy', batch.active);
    found.attention = await reader.read();
    return found;
  } finally {
    reader.destroy();
  }
}

/** The `top` likeliest tokens of one place and their log-probabilities. @param logits [vocabulary] */
export function likeliest(
  logits: Float32Array,
  top: number,
  temperature: number,
): { tokens: number[]; logps: number[] } {
  let highest = Number.NEGATIVE_INFINITY;
  for (const logit of logits) highest = Math.max(highest, logit);
  let total = 0;
  for (const logit of logits) total += Math.exp((logit - highest) / temperature);
  const logTotal = Math.log(total);
  const tokens: number[] = [];
  for (let token = 0; token < logits.length; token++) {
    if (tokens.length === top && !(logits[token] > logits[tokens[top - 1]])) continue;
    let at = tokens.length;
    while (at > 0 && logits[token] > logits[tokens[at - 1]]) at--;
    tokens.splice(at, 0, token);
    if (tokens.length > top) tokens.pop();
  }
  return { tokens, logps: tokens.map((token) => (logits[token] - highest) / temperature - logTotal) };
}

function check({ config, capacity, device }: Workspace, length: number, settings: InspectionSettings): void {
  const most = Math.min(
    capacity.tokens,
    Math.floor(
      Math.sqrt(Math.min(device.limits.maxStorageBufferBindingSize, device.limits.maxBufferSize) / 4),
    ),
  );
  if (length < 2 || length > most)
    throw new Error(`inspect: expected a row of 2 to ${most} tokens, got ${length}; choose another rollout`);
  const within = (what: string, got: number, count: number) => {
    if (!(Number.isInteger(got) && got >= 0 && got < count))
      throw new Error(`inspect: expected a ${what} from 0 to ${count - 1}, got ${got}`);
  };
  within('layer', settings.layer, config.num_hidden_layers);
  within('head', settings.head, config.num_attention_heads);
}

/** The buffers of one head's weights: made for one row, destroyed with it. */
class AttentionReader {
  private constructor(
    private readonly workspace: Workspace,
    private readonly tokens: number,
    private readonly weights: GPUBuffer,
    private readonly staging: GPUBuffer,
    private readonly shape: GPUBuffer,
    readonly encode: (pass: Pass) => void,
  ) {}

  /** @throws Error when the device has no room. */
  static async create(
    workspace: Workspace,
    inputs: Inputs,
    tokens: number,
    { layer, head }: InspectionSettings,
  ): Promise<AttentionReader> {
    const { device, config, gpu } = workspace;
    const size = tokens * tokens * 4;
    const { STORAGE, UNIFORM, COPY_DST, COPY_SRC, MAP_READ } = GPUBufferUsage;
    // What does not fit is told of here, rather than as a failure of the run.
    device.pushErrorScope('out-of-memory');
    const weights = device.createBuffer({ label: 'inspect.weights', size, usage: STORAGE | COPY_SRC });
    const staging = device.createBuffer({ label: 'inspect.staging', size, usage: MAP_READ | COPY_DST });
    const shape = device.createBuffer({ label: 'inspect.shape', size: 16, usage: UNIFORM | COPY_DST });
    const refused = await device.popErrorScope();
    if (refused) {
      for (const each of [weights, staging, shape]) each.destroy();
      throw new Error(`inspect: the device has no room for ${size} bytes of attention: ${refused.message}`);
    }
    const { head_dim, num_attention_heads: heads, num_key_value_heads: keyHeads } = config;
    const scale = f32(1 / Math.sqrt(head_dim));
    device.queue.writeBuffer(shape, 0, packUniform([heads, keyHeads, scale, head]));
    const buffers = layerBuffers(workspace, layer);
    const kernel = gpu.kernels.bind(
      SHADERS.attentionWeights,
      {
        extent: inputs.tokens.buffer,
        shape,
        spans: workspace.buffer('spans'),
        qkv: workspace.buffer(buffers.qkv),
        logsumexp: workspace.buffer(buffers.logsumexp),
        weights,
      },
      { HEAD_DIM: head_dim },
    );
    return new AttentionReader(workspace, tokens, weights, staging, shape, (pass) =>
      kernel.encode(pass, flatGrid(tokens * tokens)),
    );
  }

  /** [T, T], once what was encoded has been submitted. */
  async read(): Promise<Float32Array> {
    const { device } = this.workspace;
    const encoder = device.createCommandEncoder({ label: 'inspect.read' });
    encoder.copyBufferToBuffer(this.weights, 0, this.staging, 0, this.tokens * this.tokens * 4);
    device.queue.submit([encoder.finish()]);
    await this.staging.mapAsync(GPUMapMode.READ);
    const data = new Float32Array(this.staging.getMappedRange().slice(0));
    this.staging.unmap();
    return data;
  }

  destroy(): void {
    for (const each of [this.weights, this.staging, this.shape]) each.destroy();
  }
}
