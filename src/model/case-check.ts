/**
 * Runs a stored case on the device and compares every quantity with the stored truth: the self-test of a user's own
 * adapter, and `lab check`. Some drivers silently return zeros; nothing is trained on one that does.
 *
 * A case is a batch with its expected logits, log-probabilities, losses, gradients and ten AdamW steps, as PyTorch
 * computed them in float64 (`public/reference/README.md`). Nothing about a case's sizes is assumed.
 */
import type { Gpu } from '../gpu/device';
import type { CheckedQuantity } from '../run/events';
import type { TrainRow } from './batch';
import { type LossSettings, type LossType, tokenWeight } from './loss';
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

export interface CaseResult {
  name: string;
  ok: boolean;
  quantities: CheckedQuantity[];
}

/** Runs the case and compares. Never throws for a wrong number: that is what the result says. */
export async function checkCase(gpu: Gpu, name: string, reference: ReferenceCase): Promise<CaseResult> {
  const { config, rows, length, batch, expected } = reference;
  const tokens = batch.ids.map((ids) => Array.from(ids));
  const everywhere = tokens.map((ids) => ({
    tokens: ids,
    active: Array.from({ length: length - 1 }, (_, j) => j + 1),
  }));
  const policy = await Policy.create(gpu, config, {
    tokens: rows * length <= 8192 ? rows * length : Math.max(length, 8192),
    rows,
    batchRows: rows,
    decodeRows: 0,
    cacheLength: 0,
    newTokens: 0,
    trained: true,
    reference: false,
  });
  const quantities: CheckedQuantity[] = [];
  const compare = (
    quantity: string,
    measure: CheckedQuantity['measure'],
    got: ArrayLike<number>,
    want: ArrayLike<number>,
    tolerance: number,
  ) => {
    const error = measure === 'absolute' ? largestDifference(got, want) : normOfDifference(got, want);
    quantities.push({ name: quantity, measure, error, tolerance, ok: error !== null && error <= tolerance });
  };
  try {
    policy.parameters.upload(reference.weights);
    const scored = await policy.score(everywhere, { logits: true });
    const vocabulary = config.vocab_size;
    // The last position predicts nothing inside the row: its logits are compared through the others' only.
    compare(
      'logits',
      'absolute',
      concatenate(scored.map((s) => s.logits!)),
      concatenate(
        tokens.map((_, r) =>
          expected.logits.subarray(r * length * vocabulary, (r * length + length - 1) * vocabulary),
        ),
      ),
      TOLERANCE.logits,
    );
    compare('logps', 'absolute', concatenate(scored.map((s) => s.logps)), expected.logps, TOLERANCE.logps);

    for (const [key, value] of Object.entries(expected.losses)) {
      const [lossType, kl] = key.split('+');
      const run = caseRows(reference, lossType);
      policy.accumulate(run, caseLoss(reference, kl ? CASE_KL_BETA : 0));
      const report = await policy.report();
      compare(`losses/${key}`, 'absolute', [sumOf(report, (r) => r.loss)], [value], TOLERANCE.loss);
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
    for (let step = 0; step < expected.loss_curve.length; step++) {
      policy.accumulate(train, loss);
      if (step === 0)
        for (const [tensor, gradient] of await policy.download('gradient'))
          compare(
            `grad/${tensor}`,
            'relative-norm',
            gradient,
            expected.gradients.get(tensor)!,
            TOLERANCE.gradient,
          );
      const report = await policy.applyGradient(settings);
      losses.push(sumOf(report.rollouts, (r) => r.loss));
      norms.push(report.gradient.norm);
      if (step > 0) continue;
      compare('loss', 'absolute', [losses[0]], [expected.loss], TOLERANCE.loss);
      compare('grad_norm', 'relative-norm', [norms[0]], [expected.grad_norm], TOLERANCE.gradient);
      const mean = (of: (r: (typeof report.rollouts)[number]) => number) => [
        sumOf(report.rollouts, of) / active,
      ];
      compare(
        'entropy',
        'absolute',
        mean((r) => r.entropy),
        [expected.entropy],
        TOLERANCE.logps,
      );
      compare(
        'clip_ratio/low_mean',
        'absolute',
        mean((r) => r.clippedLow),
        [expected['clip_ratio/low_mean']],
        TOLERANCE.loss,
      );
      compare(
        'clip_ratio/high_mean',
        'absolute',
        mean((r) => r.clippedHigh),
        [expected['clip_ratio/high_mean']],
        TOLERANCE.loss,
      );
    }
    compare('loss_curve', 'absolute', losses, expected.loss_curve, TOLERANCE.curve);
    compare('grad_norm_curve', 'relative-norm', norms, expected.grad_norm_curve, TOLERANCE.curve);
    for (const [tensor, weights] of await policy.download('weights'))
      compare(`after/${tensor}`, 'relative-norm', weights, expected.after.get(tensor)!, TOLERANCE.curve);
  } finally {
    policy.destroy();
  }
  return { name, ok: quantities.every((q) => q.ok), quantities };
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

function concatenate(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const p of parts) {
    all.set(p, at);
    at += p.length;
  }
  return all;
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

function normOfDifference(got: ArrayLike<number>, want: ArrayLike<number>): number | null {
  if (got.length !== want.length) return null;
  let difference = 0;
  let size = 0;
  for (let i = 0; i < got.length; i++) {
    difference += (got[i] - want[i]) ** 2;
    size += want[i] ** 2;
  }
  if (!Number.isFinite(difference)) return null;
  // A reference of zeros is met by zeros alone.
  return size === 0 ? Math.sqrt(difference) : Math.sqrt(difference / size);
}
