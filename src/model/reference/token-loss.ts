/**
 * GRPO's loss over tokens and its gradient with respect to their log-probabilities: the clipped surrogate
 * -min(ratio A, clip(ratio, 1 - epsilon, 1 + epsilon_high) A) plus beta times the k3 estimate of the KL divergence.
 *
 * Sources: GRPO and k3: DeepSeekMath (arXiv 2402.03300); clip-higher and `dapo`: DAPO (arXiv 2503.14476); `dr_grpo`:
 * arXiv 2503.20783; sequence-level ratios: GSPO (arXiv 2507.18071); names and clip ratios as in TRL's GRPOTrainer.
 * Float64 reference. Shapes: N entries (predicted tokens, in any layout), R rows.
 */

export type LossType = 'grpo' | 'bnpo' | 'dr_grpo' | 'dapo';

export interface TokenLossOptions {
  lossType: LossType;
  epsilon: number;
  epsilonHigh: number;
  /** Weight of the KL term; at 0 the reference log-probabilities are not read. */
  beta: number;
  importanceSamplingLevel: 'token' | 'sequence';
  /** The constant length `dr_grpo` divides by. */
  maxCompletionLength: number;
  /**
   * What the whole accumulated batch holds, when these entries are one micro-batch of it: `grpo` and `dr_grpo` divide
   * by its rows, `dapo` by its active tokens, so that the losses and gradients of the micro-batches add up to the
   * batch's. Absent: these entries are the whole batch. (`bnpo` is the mean over a micro-batch by definition.)
   */
  batch?: { rows: number; activeTokens: number };
}

export interface TokenLossInput {
  /** [N] log-probabilities under the policy. */
  logp: ArrayLike<number>;
  /** [N] under the policy that sampled the rollouts. */
  oldLogp: ArrayLike<number>;
  /** [N] under the reference policy. */
  refLogp: ArrayLike<number>;
  /** [N] 1 where the entry is trained on, else 0. */
  mask: ArrayLike<number>;
  /** [N] which row an entry belongs to. */
  rowOf: ArrayLike<number>;
  /** [R] */
  advantages: ArrayLike<number>;
}

export interface TokenLoss {
  loss: number;
  /** [N] the loss of each entry before masking and normalising; 0 where masked. */
  perToken: Float64Array;
  /** [N] gradient of `loss`. */
  dLogp: Float64Array;
  /** Mean k3 estimate over active tokens; 0 when beta is 0. */
  kl: number;
  /**
   * Share of ratios below 1 - epsilon with a negative advantage, above 1 + epsilon_high with a positive one, and
   * either: over active tokens, or over rows where a ratio is a row's.
   */
  clipRatio: { low: number; high: number; region: number };
}

export function tokenLoss(input: TokenLossInput, options: TokenLossOptions): TokenLoss {
  const { logp, oldLogp, refLogp, mask, rowOf, advantages } = input;
  const { beta, epsilon, epsilonHigh, importanceSamplingLevel: level } = options;
  const count = logp.length;
  const active = rowSums(input, (i) => mask[i]);
  const activeTokens = active.reduce((a, b) => a + b, 0);
  // A rollout without an active token has no tokens to average; it adds 0, and 1 stands in for the divisor.
  const rowLength = active.map((n) => Math.max(1, n));
  const share = tokenShare(options, rowLength, activeTokens);

  // log ratio of each entry: its own, or the mean over its row.
  const rowRatio = rowSums(input, (i) => mask[i] * (logp[i] - oldLogp[i])).map(
    (sum, r) => sum / rowLength[r],
  );
  const ratio = new Float64Array(count).map((_, i) =>
    Math.exp(level === 'token' ? logp[i] - oldLogp[i] : rowRatio[rowOf[i]]),
  );

  const perToken = new Float64Array(count);
  /** [N] d loss / d (log ratio of the entry). */
  const dLogRatio = new Float64Array(count);
  const dLogp = new Float64Array(count);
  let [loss, klSum] = [0, 0];
  for (let i = 0; i < count; i++) {
    if (!mask[i]) continue;
    const a = advantages[rowOf[i]];
    const weight = mask[i] * share(rowOf[i]);
    const clipped = Math.min(Math.max(ratio[i], 1 - epsilon), 1 + epsilonHigh);
    perToken[i] = -Math.min(ratio[i] * a, clipped * a);
    // Where the clipped branch is strictly lower it is constant in the ratio.
    if (ratio[i] * a <= clipped * a) dLogRatio[i] = -a * ratio[i] * weight;
    if (beta !== 0) {
      const gap = refLogp[i] - logp[i];
      const kl = Math.exp(gap) - gap - 1;
      perToken[i] += beta * kl;
      klSum += mask[i] * kl;
      dLogp[i] += beta * (1 - Math.exp(gap)) * weight;
    }
    loss += weight * perToken[i];
  }
  // A row's ratio answers to each of its active tokens by 1 / (their number).
  const dRow = rowSums(input, (i) => dLogRatio[i]);
  for (let i = 0; i < count; i++)
    dLogp[i] += level === 'token' ? dLogRatio[i] : (mask[i] * dRow[rowOf[i]]) / rowLength[rowOf[i]];

  const isLow = (value: number, a: number) => value < 1 - epsilon && a < 0;
  const isHigh = (value: number, a: number) => value > 1 + epsilonHigh && a > 0;
  const portion = (test: (value: number, a: number) => boolean) => {
    if (level === 'sequence')
      return mean(Float64Array.from(rowRatio, (log, r) => Number(test(Math.exp(log), advantages[r]))));
    let hits = 0;
    for (let i = 0; i < count; i++) if (test(ratio[i], advantages[rowOf[i]])) hits += mask[i];
    return hits / Math.max(1, activeTokens);
  };
  return {
    loss,
    perToken,
    dLogp,
    kl: klSum / Math.max(1, activeTokens),
    clipRatio: {
      low: portion(isLow),
      high: portion(isHigh),
      region: portion((v, a) => isLow(v, a) || isHigh(v, a)),
    },
  };
}

/** What one active token of row r counts in the loss. */
function tokenShare(
  { lossType, maxCompletionLength, batch }: TokenLossOptions,
  rowLength: Float64Array,
  activeTokens: number,
): (row: number) => number {
  const rows = batch?.rows ?? rowLength.length;
  switch (lossType) {
    case 'grpo':
      return (row) => 1 / (rowLength[row] * rows);
    case 'bnpo':
      return () => 1 / Math.max(1, activeTokens);
    case 'dapo':
      return () => 1 / Math.max(1, batch?.activeTokens ?? activeTokens);
    case 'dr_grpo':
      return () => 1 / (rows * maxCompletionLength);
  }
}

/** Sums `value` over the entries of each row -> [R]. */
function rowSums({ rowOf, advantages, logp }: TokenLossInput, value: (i: number) => number): Float64Array {
  const sums = new Float64Array(advantages.length);
  for (let i = 0; i < logp.length; i++) sums[rowOf[i]] += value(i);
  return sums;
}

const mean = (values: Float64Array) => values.reduce((a, b) => a + b, 0) / Math.max(1, values.length);
