/**
 * What the benchmark asks of another library. A peer that cannot run here says why, and its error is reported.
 */
import type { LlamaConfig } from '../../src/model/config';
import type { NamedTensors } from '../../src/model/parameters';
import type { Decode } from '../decode';
import type { Candidate } from '../measure';

/** y [M, N] = x [M, K] wᵀ, w [N, K]: a linear layer of a Llama. */
export interface ProductShape {
  m: number;
  n: number;
  k: number;
}

export interface Product extends Candidate {
  /** The product once, for comparison before anything is timed. */
  result(): Promise<Float32Array>;
}

/**
 * Rows of equal length whose every token but the first is trained on by GRPO's clipped loss, the mean over all tokens
 * of -min(ratio A, clip(ratio, 0.8, 1.2) A).
 */
export interface TrainBatch {
  /** [rows][length] */
  tokens: number[][];
  /** [rows] */
  advantages: number[];
  /** [rows][length - 1] log-probabilities that the ratios are taken to */
  oldLogps: number[][];
}

/** Forward, backward, clipping and AdamW on the same batch again and again. */
export interface Trainer extends Candidate {
  /** Takes one step and says what its loss and gradient norm (before clipping) were. */
  step(): Promise<{ loss: number; gradientNorm: number }>;
}

export interface Peer {
  name: string;
  version: string;
  product(shape: ProductShape, x: Float32Array, w: Float32Array): Promise<Product>;
  trainer?(config: LlamaConfig, weights: NamedTensors, batch: TrainBatch): Promise<Trainer>;
  decoder?(config: LlamaConfig, weights: NamedTensors): Promise<Decode>;
  /** Gives back the memory of what was disposed of. */
  release?(): Promise<void>;
  close(): void;
}

/** AdamW as every side runs it; names as in torch.optim.AdamW. */
export const OPTIMIZER = {
  learning_rate: 1e-3,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weight_decay: 0.01,
  max_grad_norm: 1,
} as const;
