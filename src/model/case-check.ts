/**
 * Runs a stored case on the device and compares every quantity with the stored truth: the self-test of a user's own
 * adapter, and `lab check`. Some drivers silently return zeros; nothing is trained on one that does.
 *
 * A case is a batch with its expected logits, log-probabilities, losses, gradients and ten AdamW steps, as PyTorch
 * computed them in float64 (`public/reference/README.md`). Nothing about a case's sizes is assumed.
 */
import type { Gpu } from '../gpu/device';
import type { CheckedQuantity } from '../run/events';
import { positionsFrom, type TrainRow } from './batch';
import { type LossSettings, type LossType, type RolloutSums, tokenWeight } from './loss';
import { type Capacity, MemoryPlanError, planMemory } from './plan';
import { Policy } from './policy';
import { CASE_KL_BETA, type ReferenceCase } from './reference/case';

/** What float32 on a sound adapter meets (`public/reference/README.md`). */
export const TOLERANCE = {
  logits: 2e-5,
  logps: 2e-5,
  loss: 1e-5,
  gradient: 1e-4,
  curve: 1e-4,
} as const;

/** What a chain of single-precision operations keeps of a number: some tens of roundings of 6e-8. */
const RESOLUTION = 2e-6;

/**
 * A tensor whose gradient is a smaller share of the whole gradient than this is compared with this share of it: what
 * is exactly zero on paper (q and k of a row with one key) is rounding in one precision and zero in the other.
 */
const UNRESOLVED = 1e-6;

export interface CaseResult {
  name: string;
  ok: boolean;
  quantities: CheckedQuantity[];
}

/** Most tokens computed at once, and most logits held at once: a case may be far larger than this machine. */
const MOST_TOKENS = 8192;
const MOST_LOGITS = 2 ** 24;

/**
 * Runs the case and compares. Never throws for a wrong number: that is what the result says.
 * @param onProgress is told what is being computed; a large case takes minutes on a software adapter.
 * @throws MemoryPlanError when not even one row fits the adapter.
 */
export async function checkCase(
  gpu: Gpu,
  name: string,
  reference: ReferenceCase,
  onProgress?: (part: string) => void,
): Promise<CaseResult> {
  const { config, rows, length, batch, expected } = reference;
  const policy = await Policy.create(gpu, config, fittingCapacity(gpu, reference));
  const quantities: CheckedQuantity[] = [];
  const judge = (
    quantity: string,
    measure: CheckedQuantity['measure'],
    error: number | null,
    tolerance: number,
  ) => {
    quantities.push({ name: quantity, measure, error, tolerance, ok: error !== null && error <= tolerance });
  };
  /** As stated, or the share of the largest value that single precision resolves where that is more. */
  const compareValues = (
    quantity: string,
    got: ArrayLike<number>,
    want: ArrayLike<number>,
    tolerance: number,
  ) =>
    judge(
      quantity,
      'absolute',
      largestDifference(got, want),
      Math.max(tolerance, RESOLUTION * largestMagnitude(want)),
    );
  try {
    policy.parameters.upload(reference.weights);
    onProgress?.('logits');
    const logits: (number | null)[] = [];
    const logps = new Float32Array(rows * (length - 1));
    let largest = 0;
    const rowsAtOnce = Math.max(1, Math.floor(MOST_LOGITS / (length * config.vocab_size)));
    for (let first = 0; first < rows; first += rowsAtOnce) {
      // A token more, of whatever kind: the last position of a row predicts it, and so gets logits as well.
      const part = batch.ids
        .slice(first, first + rowsAtOnce)
        .map((ids) => ({ tokens: [...Array.from(ids), 0], active: positionsFrom(1, length + 1) }));
      const scored = await policy.score(part, { logits: true });
      scored.forEach((got, i) => {
        const size = length * config.vocab_size;
        const want = expected.logits.subarray((first + i) * size, (first + i + 1) * size);
        logits.push(largestDifference(got.logits!, want));
        largest = Math.max(largest, largestMagnitude(want));
        logps.set(got.logps.subarray(0, length - 1), (first + i) * (length - 1));
      });
    }
    judge('logits', 'absolute', largestOf(logits), Math.max(TOLERANCE.logits, RESOLUTION * largest));
    compareValues('logps', logps, expected.logps, TOLERANCE.logps);

    for (const [key, value] of Object.entries(expected.losses)) {
      onProgress?.(`loss ${key}`);
      const [lossType, kl] = key.split('+');
      const sums = await policy.evaluateLoss(
        caseRows(reference, lossType),
        caseLoss(reference, kl ? CASE_KL_BETA : 0),
      );
      compareValues(`losses/${key}`, [sumOf(sums, (r) => r.loss)], [value], TOLERANCE.loss);
    }

    const train = caseRows(reference, reference.loss.lossType);
    const loss = caseLoss(reference, reference.loss.beta);
    const active = train.reduce((sum, r) => sum + r.active.length, 0);
    const { optimiser } = reference;
    const settings = {
      learning_rate: optimiser.learningRate,
      beta1: optimiser.beta1,
      beta2: optimiser.beta2,
      epsilon: optimiser.epsilon,
      weight_decay: optimiser.weightDecay,
      max_grad_norm: optimiser.maxGradNorm,
    };
    const losses: number[] = [];
    const norms: number[] = [];
    const steps = expected.loss_curve.length;
    for (let step = 0; step < steps; step++) {
      onProgress?.(`training step ${step + 1} of ${steps}`);
      policy.accumulate(train, loss);
      if (step === 0)
        for (const [tensor, gradient] of await policy.download('gradient'))
          judge(
            `grad/${tensor}`,
            'relative-norm',
            normOfDifference(gradient, expected.gradients.get(tensor)!, UNRESOLVED * expected.grad_norm),
            TOLERANCE.gradient,
          );
      const { gradient, rollouts } = await policy.applyGradient(settings);
      losses.push(sumOf(rollouts, (r) => r.loss));
      norms.push(gradient.norm);
      if (step > 0) continue;
      compareValues('loss', [losses[0]], [expected.loss], TOLERANCE.loss);
      judge('grad_norm', 'relative-norm', normOfDifference(norms, [expected.grad_norm]), TOLERANCE.gradient);
      const mean = (of: (r: RolloutSums) => number) => [sumOf(rollouts, of) / Math.max(1, active)];
      compareValues(
        'entropy',
        mean((r) => r.entropy),
        [expected.entropy],
        TOLERANCE.logps,
      );
      for (const [side, of] of [
        ['clip_ratio/low_mean', (r: RolloutSums) => r.clippedLow],
        ['clip_ratio/high_mean', (r: RolloutSums) => r.clippedHigh],
      ] as const)
        compareValues(side, mean(of), [expected[side]], TOLERANCE.loss);
    }
    compareValues('loss_curve', losses, expected.loss_curve, TOLERANCE.curve);
    judge(
      'grad_norm_curve',
      'relative-norm',
      normOfDifference(norms, expected.grad_norm_curve),
      TOLERANCE.curve,
    );
    for (const [tensor, weights] of await policy.download('weights'))
      judge(
        `after/${tensor}`,
        'relative-norm',
        normOfDifference(weights, expected.after.get(tensor)!),
        TOLERANCE.curve,
      );
  } finally {
    policy.destroy();
  }
  return { name, ok: quantities.every((q) => q.ok), quantities };
}

/** Room for the rows of the case, in as few passes as the adapter binds; at least a row at a time. */
function fittingCapacity(gpu: Gpu, { config, rows, length }: ReferenceCase): Capacity {
  const one = length + 1;
  const capacity = (tokens: number): Capacity => ({
    tokens,
    rows: Math.min(rows, Math.ceil(tokens / length)),
    batchRows: rows,
    decodeRows: 0,
    cacheLength: 0,
    newTokens: 0,
    trained: true,
    reference: false,
  });
  for (let tokens = Math.min(rows * one, MOST_TOKENS); tokens > one; tokens = Math.floor(tokens / 2))
    try {
      planMemory(config, capacity(tokens), gpu.device.limits);
      return capacity(tokens);
    } catch (error) {
      if (!(error instanceof MemoryPlanError)) throw error;
    }
  return capacity(one);
}

/** The case's rows with the token weights of a loss type. */
function caseRows({ batch, rows, loss }: ReferenceCase, lossType: string): TrainRow[] {
  const actives = batch.mask.map((mask) => Array.from(mask).flatMap((m, j) => (m ? [j + 1] : [])));
  const total = actives.reduce((sum, a) => sum + a.length, 0);
  return actives.map((active, r) => ({
    tokens: Array.from(batch.ids[r]),
    active,
    advantage: batch.advantages[r],
    weight: tokenWeight(lossType as LossType, {
      length: active.length,
      rows,
      activeTokens: total,
      maxCompletionLength: loss.maxCompletionLength,
    }),
    oldLogps: active.map((p) => batch.oldLogps[r][p - 1]),
    referenceLogps: active.map((p) => batch.refLogps[r][p - 1]),
  }));
}

function caseLoss({ loss }: ReferenceCase, beta: number): LossSettings {
  return {
    kind: 'token',
    old: 'given',
    epsilon: loss.epsilon,
    epsilon_high: loss.epsilonHigh,
    beta,
    temperature: 1,
  };
}

function sumOf<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((sum, item) => sum + of(item), 0);
}

/** null when something is not a number, or the lengths differ. */
function largestDifference(got: ArrayLike<number>, want: ArrayLike<number>): number | null {
  if (got.length !== want.length) return null;
  let largest = 0;
  for (let i = 0; i < got.length; i++) {
    const difference = Math.abs(got[i] - want[i]);
    if (!Number.isFinite(difference)) return null;
    largest = Math.max(largest, difference);
  }
  return largest;
}

/** null when one of them is. */
function largestOf(errors: readonly (number | null)[]): number | null {
  let largest = 0;
  for (const error of errors) {
    if (error === null) return null;
    largest = Math.max(largest, error);
  }
  return largest;
}

function largestMagnitude(values: ArrayLike<number>): number {
  let largest = 0;
  for (let i = 0; i < values.length; i++) largest = Math.max(largest, Math.abs(values[i]));
  return largest;
}

/** |got - want| / |want|; `floor` stands in for |want| where that is smaller. null as above. */
function normOfDifference(got: ArrayLike<number>, want: ArrayLike<number>, floor = 0): number | null {
  if (got.length !== want.length) return null;
  let difference = 0;
  let size = 0;
  for (let i = 0; i < got.length; i++) {
    difference += (got[i] - want[i]) ** 2;
    size += want[i] ** 2;
  }
  if (!Number.isFinite(difference)) return null;
  const scale = Math.max(Math.sqrt(size), floor);
  // A reference of zeros is met by zeros alone.
  return scale === 0 ? Math.sqrt(difference) : Math.sqrt(difference) / scale;
}
