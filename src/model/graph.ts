/**
 * One set of parameters with everything that runs through it: forward pass, head, backward pass, the decoder's token.
 *
 * The policy, the reference of the KL term and the policy with its adapter merged in are graphs side by side over one
 * workspace: they take turns in its activations, so a pass must be read before another graph's begins. Knows no
 * optimiser and no loss. Used by `policy.ts`.
 */
import type { Pass } from '../gpu/profile';
import { buildBackward, buildEmbeddingBackward } from './backward';
import type { PackedBatch } from './batch';
import type { TokenPasses } from './decoder';
import { Float16Weights, type WeightSource } from './float16';
import { buildForward, upToKeys } from './forward';
import { Head, type HeadChunk } from './head';
import type { Inputs } from './inputs';
import type { Parameters } from './parameters';
import { buildTokenForward } from './token-forward';
import { type Extent, encodeOps, type Op, type Workspace } from './workspace';

/** A chunk of the head with the active tokens in it: how many, from which on. */
export type HeadPart = { chunk: HeadChunk; count: number; start: number };

export interface GraphOptions {
  /** The buffer that log-probabilities go to. */
  logp: 'logp' | 'referenceLogp';
  /** Whether there is a backward pass; the parameters then hold a gradient. */
  trained: boolean;
  /** The extent of the decoder's live rows, where it decodes through this graph. */
  live: GPUBuffer | null;
}

export class Graph {
  /** What the decoder runs; absent where the graph was made without. */
  readonly decoding: TokenPasses | null;
  private readonly layers: readonly (readonly Op[])[];
  private readonly head: Head;
  private readonly backward: { blocks: Op[]; embedding: Op } | null;

  constructor(
    workspace: Workspace,
    readonly parameters: Parameters,
    inputs: Inputs,
    { logp, trained, live }: GraphOptions,
  ) {
    const { kernels } = workspace.gpu;
    const layers = buildForward(workspace, parameters, inputs.tokens);
    this.layers = layers;
    this.head = new Head(workspace, parameters, logp, trained);
    this.decoding = live && decodingOf(workspace, parameters, inputs, layers, live);
    // Rollouts are made without it.
    this.backward = kernels.needed('later', () =>
      trained
        ? {
            blocks: buildBackward(workspace, parameters, inputs.tokens),
            embedding: buildEmbeddingBackward(workspace, parameters, inputs.segments),
          }
        : null,
    );
  }

  /** The logits of the head's passes are divided by this. */
  setTemperature(temperature: number): void {
    this.head.setTemperature(temperature);
  }

  /** The blocks, of the rows that are laid out. `after` may encode what reads a layer's activations, before the next. */
  encodeForward(pass: Pass, tokens: number, after?: (layer: number) => void): void {
    this.layers.forEach((ops, layer) => {
      encodeOps(pass, ops, tokens);
      after?.(layer);
    });
  }

  /** The head's chunks for that many active tokens; their extents are written. */
  parts(active: number): HeadPart[] {
    return this.head.part(active);
  }

  /** Logits of a part, then log-probability and entropy of its active tokens. */
  encodeHead(pass: Pass, part: HeadPart): void {
    this.encodeLogits(pass, part);
    encodeOps(pass, part.chunk.gather, part.count);
  }

  encodeLogits(pass: Pass, { chunk, count }: HeadPart): void {
    encodeOps(pass, chunk.logits, count);
  }

  /** Log-probabilities of all active tokens, from their ids on. */
  encodeScores(pass: Pass, { tokens, active }: PackedBatch): HeadPart[] {
    this.encodeForward(pass, tokens);
    const parts = this.parts(active);
    for (const part of parts) this.encodeHead(pass, part);
    return parts;
  }

  /** The extents of the head's chunks, for what else runs over them. */
  get headExtents(): Extent[] {
    return this.head.chunks.map(({ extent }) => extent);
  }

  /** From the loss's `coefficient` to `dx` and the head's gradients, by the logits that were made last. */
  encodeHeadBackward(pass: Pass, { chunk, count }: HeadPart): void {
    encodeOps(pass, chunk.backward, count);
  }

  /** From `dx` to the gradient of every parameter of the blocks and the embedding, which is added to. */
  encodeBackward(pass: Pass, batch: PackedBatch): void {
    if (!this.backward) throw new Error('internal: this graph was planned without training');
    encodeOps(pass, this.backward.blocks, batch.tokens);
    encodeOps(pass, [this.backward.embedding], batch.segments);
  }
}

/** What decodes: through the parameters, by the layers that score, or through their copy in halves. */
function decodingOf(
  workspace: Workspace,
  parameters: Parameters,
  { tokens }: Inputs,
  layers: readonly (readonly Op[])[],
  live: GPUBuffer,
): TokenPasses {
  // A prompt, or rows that are scored, come before it.
  const tokenBy = (weights: WeightSource) =>
    workspace.gpu.kernels.needed('next', () => buildTokenForward(workspace, weights, live));
  if (workspace.capacity.rolloutDtype !== 'float16')
    return { prompt: upToKeys(layers), token: tokenBy(parameters) };
  const halves = new Float16Weights(workspace, parameters);
  return {
    prompt: upToKeys(buildForward(workspace, halves, tokens)),
    token: tokenBy(halves),
    refresh: () => halves.refresh(),
  };
}
