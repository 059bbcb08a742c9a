/**
 * The loss on the device: GRPO's token loss with its variants, or supervised NLL, and the sums its metrics need.
 */
import type { Pass } from '../gpu/profile';
import { SHADERS } from './shaders';
import { type Extent, encodeOps, f32, type Op, packUniform, perElement, type Workspace } from './workspace';

export type LossType = 'grpo' | 'bnpo' | 'dr_grpo' | 'dapo';

/**
 * What each token of a rollout counts in the batch's loss; the loss is the weighted sum over tokens.
 * A step is one batch however many micro-batches it is computed in, so bnpo (mean over the batch's tokens) and dapo
 * (mean over the accumulated batch's tokens) are the same here. Source: TRL's GRPOTrainer, arXiv 2503.14476 (dapo),
 * 2503.20783 (dr_grpo).
 */
export function tokenWeight(
  type: LossType,
  batch: {
    /** Active tokens of this rollout. */
    length: number;
    /** Rollouts of the batch, and their active tokens. */
    rows: number;
    activeTokens: number;
    maxCompletionLength: number;
  },
): number {
  switch (type) {
    case 'grpo':
      return 1 / (Math.max(1, batch.length) * batch.rows);
    case 'bnpo':
    case 'dapo':
      return 1 / Math.max(1, batch.activeTokens);
    case 'dr_grpo':
      return 1 / (batch.rows * batch.maxCompletionLength);
  }
}

/** What the loss of a batch is. Names as in TRL's GRPOConfig. */
export interface LossSettings {
  kind: 'supervised' | 'token' | 'sequence';
  /** Whether old log-probabilities are the policy's own (ratio exactly 1) or the rows'. */
  old: 'current' | 'given';
  epsilon: number;
  epsilon_high: number;
  beta: number;
  temperature: number;
}

/** The supervised loss: mean negative log-likelihood under the rows' weights. */
export const SUPERVISED: LossSettings = {
  kind: 'supervised',
  old: 'current',
  epsilon: 0,
  epsilon_high: 0,
  beta: 0,
  temperature: 1,
};

// The same numbers as the constants of token_loss.wgsl.
const KIND = { supervised: 0, token: 1, sequence: 2 } as const;
const OLD = { current: 0, given: 1 } as const;

/** Sums of one rollout over its active tokens. */
export interface RolloutSums {
  /** Already weighted: the batch's loss is the sum over its rollouts. */
  loss: number;
  kl: number;
  clippedLow: number;
  clippedHigh: number;
  entropy: number;
  logp: number;
  /** Sum and largest of |log-probability now - log-probability when sampled|. */
  logpDifference: number;
  logpDifferenceMax: number;
}

export class Loss {
  private readonly uniform: GPUBuffer;
  private readonly sequence: Op;
  /** The token loss over each extent: all active tokens, or a chunk of the head. */
  private readonly token: Map<Extent, Op>;
  private readonly statistics: Op;
  private kind: LossSettings['kind'] = 'token';

  constructor(
    private readonly workspace: Workspace,
    private readonly active: Extent,
    rows: Extent,
    chunks: readonly Extent[],
  ) {
    this.uniform = workspace.pool.uniform('loss.settings', packUniform([0, 0, f32(0), f32(0), f32(0)]));
    this.sequence = workspace.op(
      SHADERS.sequenceRatio,
      { extent: rows, ranges: 'ranges', logp: 'logp', old_logp: 'oldLogp', log_ratio: 'logRatio' },
      { grid: perElement(1) },
    );
    this.token = new Map([active, ...chunks].map((extent) => [extent, this.tokenLoss(extent)]));
    this.statistics = workspace.op(
      SHADERS.rolloutStatistics,
      {
        extent: rows,
        ranges: 'ranges',
        logp: 'logp',
        old_logp: 'oldLogp',
        entropy: 'entropy',
        detail: 'detail',
        statistics: 'statistics',
      },
      { grid: perElement(1) },
    );
  }

  configure(settings: LossSettings): void {
    this.kind = settings.kind;
    const data = packUniform([
      KIND[settings.kind],
      OLD[settings.old],
      f32(settings.epsilon),
      f32(settings.epsilon_high),
      f32(settings.beta),
    ]);
    this.workspace.device.queue.writeBuffer(this.uniform, 0, data);
  }

  /** Whether a token's loss depends on that token alone, so that it can be had a chunk of the head at a time. */
  get byToken(): boolean {
    return this.kind !== 'sequence';
  }

  /** From a chunk's `logp` its coefficient and detail. */
  encodeChunk(pass: Pass, chunk: Extent, count: number): void {
    encodeOps(pass, [this.token.get(chunk)!], count);
  }

  /** From all of `logp`: coefficient and detail. */
  encode(pass: Pass, active: number, rows: number): void {
    if (active === 0) return;
    if (!this.byToken) encodeOps(pass, [this.sequence], rows);
    this.encodeChunk(pass, this.active, active);
  }

  /** From logp, entropy and detail the rollouts' sums. */
  encodeStatistics(pass: Pass, active: number, rows: number): void {
    if (active > 0) encodeOps(pass, [this.statistics], rows);
  }

  private tokenLoss(extent: Extent): Op {
    return this.workspace.op(
      SHADERS.tokenLoss,
      {
        extent,
        loss: this.uniform,
        rollout: 'rowOfActive',
        rollout_values: 'rowValues',
        logp: 'logp',
        old_logp: 'oldLogp',
        reference_logp: 'referenceLogp',
        log_ratio: 'logRatio',
        coefficient: 'coefficient',
        detail: 'detail',
      },
      { grid: perElement(1) },
    );
  }
}

/** Reads [rollouts, 8] sums as the device wrote them. */
export function readRolloutSums(data: Float32Array, rows: number): RolloutSums[] {
  return Array.from({ length: rows }, (_, r) => {
    const [loss, kl, clippedLow, clippedHigh, entropy, logp, logpDifference, logpDifferenceMax] =
      data.subarray(r * 8, r * 8 + 8);
    return { loss, kl, clippedLow, clippedHigh, entropy, logp, logpDifference, logpDifferenceMax };
  });
}
