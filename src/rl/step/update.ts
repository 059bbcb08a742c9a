/**
 * The phase `update`: one batch of solution rows and meta rows, one gradient, one AdamW step an iteration. With a meta
 * adapter they are two batches, since the rows go through different weights and different weights learn from them.
 *
 * The loss is that of the solutions plus `masa_loss_weight` times that of the predictions, each normalised by
 * `loss_type` over its own rows and tokens, so that the weight means the same whatever their numbers. Clipping of
 * ratio and gradient, the KL term and the optimiser know no difference between the two.
 */
import { positionsFrom, type TrainRow } from '../../model/batch';
import { type LossSettings, tokenWeight } from '../../model/loss';
import type { OptimizerSettings } from '../../model/optimizer';
import type { StepReport, Through } from '../../model/policy';
import type { Manifest } from '../../run/manifest';
import { NonFiniteError } from '../non-finite';
import { learningRate } from '../schedule';
import { type SolutionGroup, type StepContext, tokensOf } from './context';
import type { JudgedPredictions } from './reward-predictions';

/**
 * The rollouts that have a gradient, with the weights of the whole batch: a rollout without advantage counts in the
 * normalisation but is not computed, unless the KL term gives it a gradient all the same.
 *
 * @param advantages [groups][G]
 */
export function solutionRows(
  { manifest }: StepContext,
  groups: readonly SolutionGroup[],
  advantages: readonly (readonly number[])[],
): TrainRow[] {
  const rollouts = groups.flatMap((group, g) =>
    group.rollouts.map((rollout, i) => ({ rollout, advantage: advantages[g][i] })),
  );
  const inLoss = rollouts.filter(({ rollout: { seen, cut, counted } }) =>
    cut ? counted : !(manifest.mask_truncated_completions && seen.truncated),
  );
  const activeTokens = tokensOf(inLoss.map(({ rollout }) => rollout.seen));
  return inLoss.flatMap(({ rollout: { prompt, seen }, advantage }): TrainRow[] =>
    advantage === 0 && manifest.beta === 0
      ? []
      : [
          {
            ...rowOf(prompt, seen.tokens),
            advantage,
            weight: tokenWeight(manifest.loss_type, {
              length: seen.tokens.length,
              rows: rollouts.length,
              activeTokens,
              maxCompletionLength: manifest.max_completion_length,
            }),
            oldLogps: seen.logps,
          },
        ],
  );
}

/** The same for the predictions that are trained on. None where their weight is 0. */
export function metaRows({ manifest, task }: StepContext, judged: readonly JudgedPredictions[]): TrainRow[] {
  if (manifest.masa_loss_weight === 0 || !task.meta) return [];
  const maxCompletionLength = task.meta.maxCompletionLength;
  const rollouts = judged.flatMap(({ meta, advantages }) =>
    (advantages ?? []).map((advantage, m) => ({
      prompt: meta.prompt,
      completion: meta.completions[m],
      advantage,
    })),
  );
  const activeTokens = tokensOf(rollouts.map(({ completion }) => completion));
  return rollouts.flatMap(({ prompt, completion, advantage }): TrainRow[] =>
    advantage === 0 && manifest.beta === 0
      ? []
      : [
          {
            ...rowOf(prompt, completion.tokens),
            advantage,
            weight:
              manifest.masa_loss_weight *
              tokenWeight(manifest.loss_type, {
                length: completion.tokens.length,
                rows: rollouts.length,
                activeTokens,
                maxCompletionLength,
              }),
            oldLogps: completion.logps,
          },
        ],
  );
}

export const rowOf = (prompt: readonly number[], completion: readonly number[]) => ({
  tokens: [...prompt, ...completion],
  active: positionsFrom(prompt.length, prompt.length + completion.length),
});

/** @returns one report an update; none when no row has anything to teach. @throws NonFiniteError */
export async function update(context: StepContext, rows: readonly TrainRow[]): Promise<StepReport[]> {
  const { manifest, step, emit } = context;
  if (rows.length === 0) {
    emit({
      type: 'warning',
      v: 1,
      step,
      code: 'no-signal',
      message: 'Every group of this step had the same reward throughout, so there was nothing to learn from.',
      remedy: 'Expected now and then; if it keeps happening, raise num_generations or prompts_per_step.',
    });
    return [];
  }
  return updateThrough(context, rows, 'policy', {
    learning_rate: learningRate(manifest, step),
    weight_decay: manifest.weight_decay,
  });
}

/** The update of the meta adapter on predictions: the policy's weights are neither changed nor given a gradient. */
export async function updateAdapter(context: StepContext, rows: readonly TrainRow[]): Promise<StepReport[]> {
  if (rows.length === 0) return [];
  const { meta_adapter_learning_rate: learning_rate } = context.manifest;
  return updateThrough(context, rows, 'adapter', { learning_rate, weight_decay: 0 });
}

async function updateThrough(
  { policy, manifest, step }: StepContext,
  rows: readonly TrainRow[],
  through: Through,
  settings: Pick<OptimizerSettings, 'learning_rate' | 'weight_decay'>,
): Promise<StepReport[]> {
  const reports: StepReport[] = [];
  for (let iteration = 0; iteration < manifest.num_iterations; iteration++) {
    const loss: LossSettings = {
      kind: manifest.importance_sampling_level,
      // The first update is on the policy that sampled: its ratio is 1 by definition, not up to rounding. Where rollouts
      // read other weights, another policy sampled, and the ratio makes up for it.
      old: iteration === 0 && manifest.rollout_dtype === 'float32' ? 'current' : 'given',
      epsilon: manifest.epsilon,
      epsilon_high: manifest.epsilon_high,
      beta: manifest.beta,
      temperature: manifest.temperature,
    };
    const report = await policy.trainStep(
      rows,
      loss,
      { ...optimizerSettings(manifest), ...settings },
      { through },
    );
    if (!report.gradient.finite)
      throw new NonFiniteError(step, gradientFault(await policy.brokenTensors(through)));
    reports.push(report);
  }
  return reports;
}

/** What the optimisers of a run have in common. */
export const optimizerSettings = (
  manifest: Manifest,
): Omit<OptimizerSettings, 'learning_rate' | 'weight_decay'> => ({
  beta1: manifest.adam_beta1,
  beta2: manifest.adam_beta2,
  epsilon: manifest.adam_epsilon,
  max_grad_norm: manifest.max_grad_norm,
});

export function gradientFault(tensors: readonly string[]): string {
  const more = tensors.length > 3 ? ` and ${tensors.length - 3} more` : '';
  return `the gradient is not finite in ${tensors.slice(0, 3).join(', ') || 'its norm'}${more}`;
}
