/**
 * The trainer: GRPO on a task. A step rolls prompts out, scores them with the verifier, turns rewards into
 * advantages, and trains the policy on them. It speaks through events and holds no state beyond the policy, the step
 * and two counters: everything random is a function of (seed, purpose, step, rollout, position).
 *
 * Not here: when to run, pause or stop (`lab/session.ts`), where checkpoints are kept.
 * Source of the method: arXiv 2402.03300 (GRPO); names as in TRL's GRPOTrainer.
 */
import type { Gpu } from '../gpu/device';
import { positionsFrom, type TrainRow } from '../model/batch';
import { ConfigError, type LlamaConfig } from '../model/config';
import type { Decoded } from '../model/decoder';
import { type LossSettings, tokenWeight } from '../model/loss';
import type { NamedTensors } from '../model/parameters';
import { Policy, type StepReport } from '../model/policy';
import type { Phase, RunEvent } from '../run/events';
import type { Manifest } from '../run/manifest';
import { Purpose } from '../run/random';
import { mean, standardDeviation } from '../run/statistics';
import type { Problem, Suite, Task } from '../tasks/task';
import { groupAdvantages } from './advantages';
import { trainingCapacity } from './capacity';
import { evaluate } from './evaluate';
import { rollOut } from './rollouts';
import { learningRate } from './schedule';
import { stepMetrics } from './step-metrics';

/** How the trainer is held: asked between phases and while rollouts grow. */
export interface Control {
  /** Resolves at once, or when a pause ends; rejects when the step is to be abandoned. */
  proceed(): Promise<void>;
}

/** Where a run stands: all that a checkpoint has to hold. */
export interface TrainerSnapshot {
  step: number;
  optimizerSteps: number;
  numTokens: number;
  weights: NamedTensors;
  mean: NamedTensors;
  square: NamedTensors;
}

/** The gradient or the loss stopped being a number. Nothing was applied: the policy is as the last step left it. */
export class NonFiniteError extends Error {
  constructor(
    readonly step: number,
    /** What is not finite, and where. */
    what: string,
  ) {
    super(`step ${step}: ${what}; the step was not applied`);
    this.name = 'NonFiniteError';
  }
}

export class Trainer {
  /** Steps finished. */
  step = 0;
  private numTokens = 0;

  private constructor(
    readonly policy: Policy,
    private readonly manifest: Manifest,
    private readonly task: Task,
    private readonly emit: (event: RunEvent) => void,
  ) {}

  /**
   * @param weights the base model's: the start of the run, and the reference of the KL term.
   * @throws MemoryPlanError, DeviceError
   */
  static async create(options: {
    gpu: Gpu;
    manifest: Manifest;
    task: Task;
    config: LlamaConfig;
    weights: NamedTensors;
    emit(event: RunEvent): void;
    onProgress?(done: number, total: number): void;
  }): Promise<Trainer> {
    const { gpu, manifest, task, config, weights } = options;
    if (config.vocab_size !== task.vocabulary.tableSize)
      throw new ConfigError([
        {
          key: 'vocab_size',
          message: `expected ${task.vocabulary.tableSize}, as task ${task.name} has, got ${config.vocab_size}`,
        },
      ]);
    const capacity = trainingCapacity(manifest, task, config, gpu.device.limits);
    const policy = await Policy.create(gpu, config, capacity, options.onProgress);
    policy.parameters.upload(weights);
    if (capacity.reference) policy.setReference(weights);
    return new Trainer(policy, manifest, task, options.emit);
  }

  /** Puts the run where a snapshot was taken. */
  restore(snapshot: TrainerSnapshot): void {
    this.policy.parameters.upload(snapshot.weights, 'weights');
    this.policy.parameters.upload(snapshot.mean, 'mean');
    this.policy.parameters.upload(snapshot.square, 'square');
    this.policy.optimizerSteps = snapshot.optimizerSteps;
    this.step = snapshot.step;
    this.numTokens = snapshot.numTokens;
  }

  async snapshot(): Promise<TrainerSnapshot> {
    const [weights, first, second] = [
      await this.policy.download('weights'),
      await this.policy.download('mean'),
      await this.policy.download('square'),
    ];
    return {
      step: this.step,
      optimizerSteps: this.policy.optimizerSteps,
      numTokens: this.numTokens,
      weights,
      mean: first,
      square: second,
    };
  }

  /**
   * One whole step. When `control.proceed` rejects, or anything else fails, the policy is as it was before the step,
   * unless several updates a batch were under way.
   * @throws NonFiniteError; whatever `control.proceed` rejects with.
   */
  async takeStep(control: Control): Promise<void> {
    const { manifest, task, step } = this;
    const started = performance.now();
    const phases_ms: Partial<Record<Phase, number>> = {};
    const timed = async <T>(phase: Phase, work: () => Promise<T>): Promise<T> => {
      this.emit({ type: 'phase', v: 1, step, phase });
      const from = performance.now();
      const result = await work();
      phases_ms[phase] = performance.now() - from;
      return result;
    };
    const problems = Array.from({ length: manifest.prompts_per_step }, (_, i) =>
      task.trainProblem(manifest.seed, step, i),
    );
    const rollouts = await timed('rollout', () => this.rollOut(problems, control));
    // A policy whose logits are not numbers still writes tokens, and may never earn a gradient to be caught by.
    if (rollouts.flat().some((r) => !r.logps.every(Number.isFinite)))
      throw new NonFiniteError(step, 'the logits of its rollouts are not finite');
    const { rewards, advantages } = await timed('reward', async () => {
      const rewards = problems.map((p, g) => rollouts[g].map((r) => task.verify(p, r.tokens)));
      const advantages = groupAdvantages(rewards, manifest.scale_rewards);
      for (const [g, p] of problems.entries()) this.emitGroup(p, g, rollouts[g], rewards[g], advantages[g]);
      return { rewards, advantages };
    });
    await control.proceed();
    const rows = this.trainRows(problems, rollouts, advantages);
    const reports = await timed('update', () => this.update(rows));

    this.step++;
    this.numTokens += rollouts.flat().reduce((sum, r) => sum + r.tokens.length, 0);
    const stepMs = performance.now() - started;
    this.emit({
      type: 'step_metrics',
      v: 1,
      step,
      metrics: stepMetrics({
        rollouts,
        rewards,
        reports,
        trainedTokens: rows.reduce((sum, r) => sum + r.active.length, 0),
        learningRate: learningRate(manifest, step),
        totalTokens: this.numTokens,
        stepMs,
      }),
      phases_ms,
      step_ms: stepMs,
    });
  }

  /**
   * Evaluates the suites the manifest asks for, in-domain first. Changes nothing of the run. The events come together
   * at the end, so that an evaluation is in the stream as a whole or not at all.
   */
  async evaluate(control: Control): Promise<void> {
    const { manifest, task } = this;
    this.emit({ type: 'phase', v: 1, step: this.step, phase: 'evaluate' });
    const evaluations: RunEvent[] = [];
    for (const suite of task.suites.filter((s) => evaluated(s, manifest))) {
      const started = performance.now();
      const result = await evaluate(
        this.policy,
        task,
        suite,
        {
          problems: manifest.eval_problems,
          samples: manifest.eval_samples,
          max_completion_length: manifest.max_completion_length,
          temperature: 1,
          seed: manifest.seed,
        },
        () => control.proceed(),
      );
      evaluations.push({
        type: 'evaluation',
        v: 1,
        step: this.step,
        ...result,
        num_tokens: this.numTokens,
        duration_ms: performance.now() - started,
      });
    }
    for (const event of evaluations) this.emit(event);
  }

  destroy(): void {
    this.policy.destroy();
  }

  private rollOut(problems: readonly Problem[], control: Control): Promise<Decoded[][]> {
    const { manifest, task, step } = this;
    const prompts = problems.map((p) => p.prompt);
    this.emit({ type: 'rollouts_started', v: 1, step, prompts, num_generations: manifest.num_generations });
    return rollOut(
      this.policy,
      prompts,
      manifest.num_generations,
      manifest.max_completion_length,
      {
        temperature: manifest.temperature,
        top_k: manifest.top_k,
        top_p: manifest.top_p,
        endOfSequence: task.vocabulary.eos,
      },
      { seed: manifest.seed, purpose: Purpose.rollout, step },
      async (tokens, finished) => {
        this.emit({ type: 'rollouts_grown', v: 1, step, tokens, finished });
        await control.proceed();
      },
    );
  }

  private emitGroup(
    problem: Problem,
    index: number,
    rollouts: readonly Decoded[],
    rewards: readonly number[],
    advantages: readonly number[],
  ): void {
    const { family, tier, size, answer, prompt } = problem;
    this.emit({
      type: 'prompt_group',
      v: 1,
      step: this.step,
      index,
      problem: { family, tier, size, answer },
      prompt,
      rollouts: rollouts.map(({ tokens, logps, truncated }, i) => ({
        tokens,
        logps,
        reward: rewards[i],
        advantage: advantages[i],
        truncated,
      })),
      reward_mean: mean(rewards),
      reward_std: standardDeviation(rewards),
    });
  }

  /**
   * The rollouts that have a gradient, with the weights of the whole batch: a rollout without advantage counts in the
   * normalisation but is not computed, unless the KL term gives it a gradient all the same.
   */
  private trainRows(
    problems: readonly Problem[],
    rollouts: readonly (readonly Decoded[])[],
    advantages: readonly (readonly number[])[],
  ): TrainRow[] {
    const { manifest } = this;
    const counted = rollouts.map((group) =>
      group.map((r) => !(manifest.mask_truncated_completions && r.truncated)),
    );
    const activeTokens = rollouts.reduce(
      (sum, group, g) => sum + group.reduce((s, r, i) => s + (counted[g][i] ? r.tokens.length : 0), 0),
      0,
    );
    const rows = rollouts.flat().length;
    return rollouts.flatMap((group, g) =>
      group.flatMap((r, i): TrainRow[] => {
        const advantage = advantages[g][i];
        if (!counted[g][i] || (advantage === 0 && manifest.beta === 0)) return [];
        const { prompt } = problems[g];
        return [
          {
            tokens: [...prompt, ...r.tokens],
            active: positionsFrom(prompt.length, prompt.length + r.tokens.length),
            advantage,
            weight: tokenWeight(manifest.loss_type, {
              length: r.tokens.length,
              rows,
              activeTokens,
              maxCompletionLength: manifest.max_completion_length,
            }),
            oldLogps: r.logps,
          },
        ];
      }),
    );
  }

  private async update(rows: readonly TrainRow[]): Promise<StepReport[]> {
    const { manifest } = this;
    if (rows.length === 0) {
      this.emit({
        type: 'warning',
        v: 1,
        step: this.step,
        code: 'no-signal',
        message:
          'Every group of this step had the same reward throughout, so there was nothing to learn from.',
        remedy: 'Expected now and then; if it keeps happening, raise num_generations or prompts_per_step.',
      });
      return [];
    }
    const reports: StepReport[] = [];
    for (let iteration = 0; iteration < manifest.num_iterations; iteration++) {
      const loss: LossSettings = {
        kind: manifest.importance_sampling_level,
        // The first update is on the policy that sampled: its ratio is 1 by definition, not up to rounding.
        old: iteration === 0 ? 'current' : 'given',
        epsilon: manifest.epsilon,
        epsilon_high: manifest.epsilon_high,
        beta: manifest.beta,
        temperature: manifest.temperature,
      };
      const report = await this.policy.trainStep(rows, loss, {
        learning_rate: learningRate(manifest, this.step),
        beta1: manifest.adam_beta1,
        beta2: manifest.adam_beta2,
        epsilon: manifest.adam_epsilon,
        weight_decay: manifest.weight_decay,
        max_grad_norm: manifest.max_grad_norm,
      });
      if (!report.gradient.finite)
        throw new NonFiniteError(this.step, gradientFault(await this.policy.brokenTensors()));
      reports.push(report);
    }
    return reports;
  }
}

function gradientFault(tensors: readonly string[]): string {
  const more = tensors.length > 3 ? ` and ${tensors.length - 3} more` : '';
  return `the gradient is not finite in ${tensors.slice(0, 3).join(', ') || 'its norm'}${more}`;
}

function evaluated(suite: Suite, manifest: Manifest): boolean {
  return suite.name === 'in-domain' || (suite.name === 'out-of-domain' && manifest.eval_out_of_domain);
}
