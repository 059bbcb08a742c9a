/**
 * The head, in chunks of active tokens: final norm, logits, log-probabilities, and their gradients.
 *
 * Logits are only made for active tokens and only a chunk at a time, so neither a long row nor a large vocabulary
 * needs [tokens, vocabulary] floats. Where the loss of a token depends on that token alone, a chunk's logits become their
 * gradient at once; where it depends on the whole rollout, the logits of more than one chunk are made twice.
 */
import type { BufferRange } from '../gpu/kernel';
import type { LlamaConfig } from './config';
import type { WeightSource } from './float16';
import { accumulateSlices, linearBackwardInput, linearBackwardWeight, linearForward } from './linear';
import { type RowVariant, rmsNorm, rmsNormBackward, rmsNormBackwardWeight } from './norm';
import type { Parameters } from './parameters';
import { headChunk, NORM_SLICES } from './plan';
import { SHADERS } from './shaders';
import { chosen } from './variants';
import {
  type Extent,
  f32,
  type Op,
  type OpMaker,
  packUniform,
  perElement,
  perTile,
  vectorOf,
  type Workspace,
} from './workspace';

/** Operations of one chunk of active tokens. The count is the chunk's rows. */
export interface HeadChunk {
  extent: Extent;
  /** Active tokens extent.start and on: final norm and logits. */
  logits: Op[];
  /** logp, entropy and normaliser of the chunk's tokens. */
  gather: Op[];
  /** From `coefficient`: adds to dx and to the gradients of norm, head or embedding. */
  backward: Op[];
}

export class Head {
  readonly chunkRows: number;
  readonly chunks: HeadChunk[];
  /** { vocabulary, 1 / temperature } */
  private readonly shape: GPUBuffer;

  /** `logp` names the buffer the log-probabilities go to: `logp`, or `referenceLogp`. */
  constructor(
    private readonly workspace: Workspace,
    parameters: Parameters,
    logp: 'logp' | 'referenceLogp',
    trained: boolean,
  ) {
    const { config, capacity, pool } = workspace;
    this.chunkRows = headChunk(config, capacity);
    this.shape = pool.uniform('head.shape', packUniform([config.vocab_size, f32(1)]));
    const chunks = Math.ceil(capacity.tokens / this.chunkRows);
    this.chunks = Array.from({ length: chunks }, (_, i) => {
      const extent = workspace.extent(`head.chunk${i}`);
      return {
        extent,
        logits: this.forward(parameters, extent),
        gather: [
          logSoftmaxGather(
            workspace,
            extent,
            {
              shape: this.shape,
              logits: 'logits',
              targets: 'targets',
              logp,
              entropy: 'entropy',
              normaliser: 'normaliser',
            },
            config.vocab_size,
          ),
        ],
        // Rollouts are made without it.
        backward: workspace.gpu.kernels.needed('later', () =>
          trained ? this.backward(parameters, extent) : [],
        ),
      };
    });
  }

  /** Writes the extents for `active` tokens; returns the chunks that have any, with their counts. */
  part(active: number): { chunk: HeadChunk; count: number; start: number }[] {
    return this.chunks.flatMap((chunk, i) => {
      const start = i * this.chunkRows;
      const count = Math.min(this.chunkRows, active - start);
      if (count <= 0) return [];
      chunk.extent.write(count, start);
      return [{ chunk, count, start }];
    });
  }

  /** The logits are divided by this before the softmax; it is part of the loss. */
  setTemperature(temperature: number): void {
    const data = packUniform([this.workspace.config.vocab_size, f32(1 / temperature)]);
    this.workspace.device.queue.writeBuffer(this.shape, 0, data);
  }

  private forward(parameters: Parameters, extent: Extent): Op[] {
    const { config, capacity } = this.workspace;
    return [
      rmsNorm(
        this.workspace,
        extent,
        {
          rows: 'sources',
          x: finalBuffer(config.num_hidden_layers, capacity.trained),
          weight: parameters.range('norm'),
          y: 'hidden',
          inverse: 'hiddenInverse',
        },
        normSize(config),
      ),
      projectLogits(this.workspace, parameters, extent),
    ];
  }

  private backward(parameters: Parameters, extent: Extent): Op[] {
    const { config } = this.workspace;
    const { hidden_size: width, vocab_size: vocabulary } = config;
    const head = headTensor(config.tie_word_embeddings);
    const norm = {
      rows: 'sources',
      x: finalBuffer(config.num_hidden_layers, true),
      inverse: 'hiddenInverse',
      dy: 'dnorm',
    };
    return [
      this.workspace.op(
        SHADERS.logitsBackward,
        {
          extent,
          shape: this.shape,
          targets: 'targets',
          normaliser: 'normaliser',
          coefficient: 'coefficient',
          logits: 'logits',
        },
        { sizes: { vocabulary }, grid: perTile(vocabulary) },
      ),
      linearBackwardInput(this.workspace, extent, {
        dy: 'logits',
        w: parameters.range(head),
        dx: 'dnorm',
        inputs: width,
        outputs: vocabulary,
      }),
      ...linearBackwardWeight(this.workspace, extent, {
        dy: 'logits',
        x: 'hidden',
        dw: parameters.range(head, 'gradient'),
        inputs: width,
        outputs: vocabulary,
      }),
      rmsNormBackwardWeight(this.workspace, extent, { ...norm, slices: 'slices' }, normSize(config)),
      accumulateSlices(this.workspace, parameters.range('norm', 'gradient'), width, NORM_SLICES),
      rmsNormBackward(
        this.workspace,
        extent,
        // The norm is still there: it is of this chunk.
        { ...norm, weight: parameters.range('norm'), dx: 'dx', y: 'hidden' },
        normSize(config),
        false,
      ),
    ];
  }
}

/** The final norm, of the active tokens alone. */
const normSize = ({ hidden_size: width, rms_norm_eps: epsilon }: LlamaConfig) => ({
  width,
  epsilon,
  gathered: true,
});

/** Below this a workgroup's 64 invocations have too little of a row each. */
const SHARED_VOCABULARY = 1024;

/** How many invocations share a row of logits. */
export function softmaxVariants(vocabulary: number): RowVariant[] {
  const row = { name: 'row', share: 1 };
  return vocabulary < SHARED_VOCABULARY ? [row] : [row, { name: 'workgroup', share: 64 }];
}

export const softmaxKey = (vocabulary: number): string => `log_softmax_gather ${vocabulary}`;

/** logp, entropy and normaliser of the targets. */
export function logSoftmaxGather(
  maker: OpMaker,
  extent: Extent,
  names: Record<'shape' | 'logits' | 'targets' | 'logp' | 'entropy' | 'normaliser', BufferRange | string>,
  vocabulary: number,
  variant = chosen(maker.gpu, softmaxKey(vocabulary), softmaxVariants(vocabulary)),
): Op {
  return maker.op(
    SHADERS.logSoftmaxGather,
    { extent, ...names },
    {
      sizes: { vocabulary },
      constants: { SHARE: variant.share, VECTOR: vectorOf(vocabulary) },
      grid: perElement(variant.share),
    },
  );
}

/** logits = hidden headᵀ. */
export function projectLogits(workspace: Workspace, weights: WeightSource, extent: Extent | BufferRange): Op {
  const { hidden_size: width, vocab_size: vocabulary, tie_word_embeddings: tied } = workspace.config;
  return linearForward(workspace, extent, {
    x: 'hidden',
    w: weights.matrix(headTensor(tied)),
    y: 'logits',
    inputs: width,
    outputs: vocabulary,
  });
}

const headTensor = (tied: boolean) => (tied ? 'embedding' : 'head');

/** The buffer that holds the last block's output. */
const finalBuffer = (layers: number, trained: boolean) => `x${trained ? layers : layers % 2}`;
