/**
 * Loss, gradients and whole training steps of the float64 reference: rows of a batch to the updated weights.
 * The oracle of the engine's training step and of the ten-step curves.
 */
import { type LlamaConfig, parameterShapes } from '../config';
import { type AdamWMoments, type AdamWSettings, adamW, zeroMoments } from './adamw';
import { clipGradients } from './clip';
import { logSoftmaxGather, logSoftmaxGatherBackward } from './log-softmax';
import { backward, forward, type Weights } from './policy';
import { packEntries, packRows } from './rows';
import { type TokenLoss, type TokenLossOptions, tokenLoss } from './token-loss';

/** Rows may differ in length. Entry j of a row speaks of its token j + 1, so a row has length - 1 entries. */
export interface TrainingBatch {
  /** [rows][length] */
  ids: readonly ArrayLike<number>[];
  /** [rows][length - 1] each */
  mask: readonly ArrayLike<number>[];
  oldLogps: readonly ArrayLike<number>[];
  refLogps: readonly ArrayLike<number>[];
  /** [rows] */
  advantages: ArrayLike<number>;
}

export interface PolicyLossOptions extends TokenLossOptions {
  temperature?: number;
}

export interface LossAndGradients extends TokenLoss {
  gradients: Weights;
  /** Packed, [N]: 0 at the last token of each row. */
  logp: Float64Array;
  /** Mean entropy over the trained tokens, in nats. */
  entropy: number;
}

/** The GRPO loss of a batch and its gradients; N is the sum of the rows' lengths. */
export function lossAndGradients(
  config: LlamaConfig,
  weights: Weights,
  batch: TrainingBatch,
  { temperature = 1, ...options }: PolicyLossOptions,
): LossAndGradients {
  const rows = packRows(batch.ids);
  const V = config.vocab_size;
  const mask = packEntries(rows.rows, batch.mask);
  const passed = forward(config, weights, rows);
  const gathered = logSoftmaxGather(passed.logits, rows.targets, V, temperature);
  const loss = tokenLoss(
    {
      logp: gathered.logp,
      oldLogp: packEntries(rows.rows, batch.oldLogps),
      refLogp: packEntries(rows.rows, batch.refLogps),
      mask,
      rowOf: rows.rowOf,
      advantages: batch.advantages,
    },
    options,
  );
  const dLogits = logSoftmaxGatherBackward(
    loss.dLogp,
    passed.logits,
    rows.targets,
    gathered.lse,
    V,
    temperature,
  );
  const active = mask.reduce((a, b) => a + b, 0);
  return {
    ...loss,
    gradients: backward(config, weights, rows, passed, dLogits),
    logp: gathered.logp,
    entropy: gathered.entropy.reduce((sum, e, i) => sum + e * mask[i], 0) / Math.max(1, active),
  };
}

export interface OptimiserSettings extends Omit<AdamWSettings, 'weightDecay'> {
  /** Decay of matrices. */
  weightDecay: number;
  maxGradNorm: number;
}

/** One clipped AdamW update of all weights and moments, in place; returns the norm before clipping. `step` from 1. */
export function update(
  config: LlamaConfig,
  weights: Weights,
  gradients: Weights,
  moments: Map<string, AdamWMoments>,
  step: number,
  settings: OptimiserSettings,
): number {
  const { clipped, norm } = clipGradients(gradients, settings.maxGradNorm);
  for (const { name, shape } of parameterShapes(config)) {
    const [weight, gradient] = [weights.get(name), clipped.get(name)];
    if (!weight || !gradient)
      throw new Error(`update: expected a weight and a gradient for ${name}, got none`);
    const held = moments.get(name) ?? zeroMoments(weight.length);
    moments.set(name, held);
    adamW(weight, gradient, held, step, {
      ...settings,
      weightDecay: shape.length > 1 ? settings.weightDecay : 0,
    });
  }
  return norm;
}

/** Trains a copy of `weights` on one batch: loss and gradient norm before each update, and the weights after all. */
export function trainSteps(
  config: LlamaConfig,
  weights: Weights,
  batch: TrainingBatch,
  options: PolicyLossOptions,
  settings: OptimiserSettings,
  steps: number,
): { losses: number[]; gradNorms: number[]; weights: Weights } {
  const trained: Weights = new Map([...weights].map(([name, w]) => [name, w.slice()]));
  const moments = new Map<string, AdamWMoments>();
  const losses: number[] = [];
  const gradNorms: number[] = [];
  for (let step = 1; step <= steps; step++) {
    const { loss, gradients } = lossAndGradients(config, trained, batch, options);
    losses.push(loss);
    gradNorms.push(update(config, trained, gradients, moments, step, settings));
  }
  return { losses, gradNorms, weights: trained };
}
