/**
 * The trainer: GRPO on a task, with as much of MASA as the manifest asks for. A step selects prompts, rolls them out,
 * scores them, and trains the policy on them; its phases are files of their own in `step/`. It speaks through events
 * and holds no state beyond the policy, the step, a count of tokens and what MASA's gate has learned: everything
 * random is a function of (seed, purpose, step, rollout, position).
 *
 * Not here: when to run, pause or stop (`lab/training-loop.ts`), where checkpoints are kept.
 * Sources of the method: arXiv 2402.03300 (GRPO), 2510.03259 (MASA); names as in TRL's GRPOTrainer.
 */
import type { Gpu } from '../gpu/device';
import { initialAdapter } from '../model/adapter-layout';
import { ConfigError, type LlamaConfig } from '../model/config';
import type { Cost } from '../model/cost';
import type { NamedTensors } from '../model/parameters';
import { Policy, type StepReport } from '../model/policy';
import type { Phase, RunEvent } from '../run/events';
import { type Manifest, ManifestError } from '../run/manifest';
import type { MasaState } from '../run/masa-state';
import { Purpose, Stream } from '../run/random';
import type { Task } from '../tasks/task';
import { trainingCapacity } from './capacity';
import { evaluateSuites, MID_HARD } from './evaluate-suites';
import { adapterSpec, initialMasaState, metaIsUsed, metaThrough, usesMasa } from './masa/settings';
import { learningRate } from './schedule';
import { auditStep, nextState } from './step/audit';
import { StepClock } from './step/clock';
import { type Control, isKept, type StepContext, tokensOf } from './step/context';
import { sampleDynamically, samplingMetrics, tokensOfGroups } from './step/dynamic-sampling';
import { emitGroups, emitRewards, judge, shapingMetrics, solutionAdvantages } from './step/judge';
import { learnMeta } from './step/learn-meta';
import { masaMetrics } from './step/masa-metrics';
import { profileEvent } from './step/profile-event';
import { emitPredictions, judgePredictions } from './step/reward-predictions';
import { selectPrompts } from './step/select';
import { solve } from './step/solve';
import { metaRows, solutionRows, update, updateAdapter } from './step/update';
import { stepMetrics } from './step-metrics';
import { restoredMasaState, restorePolicy, snapshotPolicy, type TrainerSnapshot } from './trainer-snapshot';

export class Trainer {
  /** Steps finished. */
  step = 0;
  private numTokens = 0;
  private cost: Cost = { flops: 0, decodeSteps: 0 };
  private masa: MasaState | null;
  private profileAsked = false;

  private constructor(
    readonly policy: Policy,
    private readonly manifest: Manifest,
    private readonly task: Task,
    private readonly emit: (event: RunEvent) => void,
  ) {
    this.masa = this.firstMasaState();
  }

  /**
   * @param weights the base model's: the start of the run, and the reference of the KL term.
   * @throws MemoryPlanError, DeviceError; ManifestError when the task has no way to ask for predictions.
   */
  static async create(options: {
    gpu: Gpu;
    manifest: Manifest;
    task: Task;
    config: LlamaConfig;
    weights: NamedTensors;
    emit(event: RunEvent): void;
    onProgress?(done: number, total: number): void;
    /** The kernels of the backward pass are not compiled before that, unless they are waited for. */
    until?: Promise<unknown>;
  }): Promise<Trainer> {
    const { gpu, manifest, task, config, weights, onProgress, until } = options;
    if (config.vocab_size !== task.vocabulary.tableSize)
      throw new ConfigError([
        {
          key: 'vocab_size',
          message: `expected ${task.vocabulary.tableSize}, as task ${task.name} has, got ${config.vocab_size}`,
        },
      ]);
    if (manifest.masa_meta !== 'off' && !task.meta)
      throw new ManifestError([
        {
          key: 'masa_meta',
          message: `expected off, since task ${task.name} has no way to ask for predictions${
            task.speaks
              ? ` of a model that it asks in ${task.speaks}: they are tokens of the task's own vocabulary`
              : ''
          }, got ${manifest.masa_meta}`,
        },
      ]);
    if (manifest.eval_mid_hard && !task.suites.some((suite) => suite.name === MID_HARD))
      throw new ManifestError([
        {
          key: 'eval_mid_hard',
          message: `expected false, since task ${task.name} has no such suite, got true`,
        },
      ]);
    const capacity = trainingCapacity(manifest, task, config, gpu.device.limits);
    const begin = (policy: Policy): void => {
      policy.parameters.upload(weights);
      if (capacity.reference) policy.setReference(weights);
      const spec = adapterSpec(manifest);
      if (!spec || !policy.adapter) return;
      const stream = new Stream(manifest.seed, Purpose.initialise);
      policy.adapter.parameters.upload(initialAdapter(config, spec, () => stream.uniform()));
    };
    const policy = await Policy.create(gpu, config, capacity, onProgress, 'scoring', until, begin);
    return new Trainer(policy, manifest, task, options.emit);
  }

  /** Puts the run where a snapshot was taken. */
  restore(snapshot: TrainerSnapshot): void {
    restorePolicy(this.policy, snapshot);
    this.step = snapshot.step;
    this.numTokens = snapshot.numTokens;
    this.cost = { flops: snapshot.numFlops, decodeSteps: snapshot.decodeSteps };
    this.masa = restoredMasaState(this.firstMasaState(), snapshot.masa);
  }

  async snapshot(): Promise<TrainerSnapshot> {
    return {
      step: this.step,
      numTokens: this.numTokens,
      numFlops: this.cost.flops,
      decodeSteps: this.cost.decodeSteps,
      masa: this.masa,
      ...(await snapshotPolicy(this.policy)),
    };
  }

  /** Times the next step kernel by kernel; it takes longer, and its numbers are the same. */
  profileNextStep(): void {
    this.profileAsked = true;
  }

  /**
   * One whole step. When `control.proceed` rejects, or anything else fails, the policy is as it was before the step,
   * unless several updates a batch were under way.
   * @param beforeUpdate done with the step's rollouts judged and the policy as it was when they were made; neither the
   *   step's time nor its cost.
   * @throws NonFiniteError; whatever `control.proceed` rejects with.
   */
  async takeStep(control: Control, beforeUpdate?: () => Promise<void>): Promise<void> {
    if (this.profileAsked) this.policy.profiling.start();
    try {
      await this.wholeStep(control, beforeUpdate);
    } finally {
      // Of a step that was given up, nothing is told; the next one is profiled in its place.
      this.policy.profiling.drop();
    }
  }

  private async wholeStep(control: Control, beforeUpdate?: () => Promise<void>): Promise<void> {
    const { manifest, step } = this;
    const clock = new StepClock(control);
    const started = clock.now();
    const phases_ms: Partial<Record<Phase, number>> = {};
    const context = this.contextOf(clock, phases_ms);
    const { timed } = context;

    let before = { ...this.policy.spent };
    const { candidates, plan } = await selectPrompts(context, this.masa);
    // Predictions that are only watched are no cost of training.
    if (!metaIsUsed(manifest)) before = { ...this.policy.spent };
    const solved = await timed('rollout', () => solve(context, candidates));
    const sampled = manifest.dynamic_sampling ? await sampleDynamically(context, solved) : null;
    const groups = await timed('reward', async () => {
      const judged = sampled?.groups ?? solved.map((each) => judge(context, each));
      emitRewards(context, sampled?.kept ?? judged);
      return judged;
    });
    const weighed = await timed('advantage', async () => {
      const kept = sampled?.kept ?? groups.filter((group) => isKept(group.candidate.role));
      const advantages = solutionAdvantages(kept, manifest.scale_rewards);
      emitGroups(context, kept, advantages, sampled?.discarded);
      const predictions = judgePredictions(context, candidates, groups);
      emitPredictions(context, predictions);
      return { kept, advantages, predictions, audit: auditStep(context, candidates, groups) };
    });
    if (beforeUpdate) await clock.aside(() => this.policy.aside(beforeUpdate));
    // The first rollouts had no need to wait for the kernels of the backward pass.
    await clock.aside(() => this.policy.trainable());
    const { kept, advantages, predictions, audit } = weighed;
    const rows = solutionRows(context, kept, advantages);
    const asked = metaRows(context, predictions);
    const separate = metaThrough(manifest) === 'adapter';
    const { reports, metaLosses } = await timed('update', async () => {
      const reports = await update(context, separate ? rows : [...rows, ...asked]);
      const metaReports = separate ? await updateAdapter(context, asked) : reports;
      const first = separate ? 0 : rows.length;
      return {
        reports,
        metaLosses: metaReports.map((r) => r.rollouts.slice(first).reduce((sum, each) => sum + each.loss, 0)),
      };
    });
    const { masa } = this;
    const learning =
      masa && (masa.experts || masa.outcomes)
        ? await timed('clone', () => learnMeta(context, masa, groups, predictions))
        : null;

    this.step++;
    const rollouts = kept.map((group) => group.rollouts.map((r) => r.seen));
    this.numTokens += tokensOf(rollouts.flat()) + tokensOfGroups(sampled?.discarded ?? []);
    const { spent } = this.policy;
    this.cost = {
      flops: this.cost.flops + spent.flops - before.flops,
      decodeSteps: this.cost.decodeSteps + spent.decodeSteps - before.decodeSteps,
    };
    if (this.masa) {
      if (metaIsUsed(manifest))
        this.numTokens += candidates.reduce((sum, c) => sum + (c.meta?.tokens ?? 0), 0);
      this.masa = nextState(learning?.state ?? this.masa, candidates, groups, audit);
    }
    const stepMs = clock.now() - started;
    if (this.policy.profiling.isOn) await this.emitProfile(step);
    this.emit({
      type: 'step_metrics',
      v: 1,
      step,
      metrics: {
        ...stepMetrics({
          rollouts,
          rewards: kept.map((group) => group.rollouts.map((r) => r.reward)),
          zeroVariance: kept.map((group) => group.zeroVariance),
          reports: reports.map((report) => ofFirst(report, rows.length)),
          trainedTokens: rows.reduce((sum, r) => sum + r.active.length, 0),
          learningRate: learningRate(manifest, step),
          totalTokens: this.numTokens,
          totalFlops: this.cost.flops,
          totalDecodeSteps: this.cost.decodeSteps,
          stepMs,
        }),
        ...(sampled && samplingMetrics(sampled, stepMs)),
        ...(manifest.overlong_buffer > 0 && shapingMetrics(kept)),
        ...(this.masa &&
          masaMetrics({
            manifest,
            plan,
            groups,
            predictions,
            losses: metaLosses,
            learning,
            state: this.masa,
          })),
      },
      phases_ms,
      step_ms: stepMs,
    });
  }

  /**
   * Evaluates the suites the manifest asks for, in-domain first. Changes nothing of the run. The events come together
   * at the end, so that an evaluation is in the stream as a whole or not at all.
   */
  async evaluate(control: Control): Promise<void> {
    const { policy, manifest, task, step, cost, masa } = this;
    this.emit({ type: 'phase', v: 1, step, phase: 'evaluate' });
    await control.proceed();
    const at = {
      step,
      num_tokens: this.numTokens,
      num_flops: cost.flops,
      decode_steps: cost.decodeSteps,
      ...(masa && { meta_tokens: masa.meta_tokens, audit_tokens: masa.audit_tokens }),
    };
    const evaluations = await evaluateSuites(policy, manifest, task, at, control);
    for (const event of evaluations) this.emit(event);
  }

  destroy(): void {
    this.policy.destroy();
  }

  private async emitProfile(step: number): Promise<void> {
    const profile = await this.policy.profiling.take();
    this.profileAsked = false;
    this.emit(profileEvent(step, profile));
  }

  private firstMasaState(): MasaState | null {
    return usesMasa(this.manifest) ? initialMasaState(this.manifest, this.task.vocabulary.tableSize) : null;
  }

  private contextOf(clock: StepClock, phases_ms: Partial<Record<Phase, number>>): StepContext {
    const { policy, manifest, task, step, emit } = this;
    return {
      policy,
      manifest,
      task,
      step,
      control: clock.control,
      emit,
      async timed(phase, work) {
        emit({ type: 'phase', v: 1, step, phase });
        await clock.control.proceed();
        policy.profiling.stage = phase;
        const from = clock.now();
        const result = await work();
        phases_ms[phase] = (phases_ms[phase] ?? 0) + clock.now() - from;
        return result;
      },
    };
  }
}

/** A report as if there had been no rows beyond the first `count`. */
const ofFirst = (report: StepReport, count: number): StepReport => ({
  ...report,
  rollouts: report.rollouts.slice(0, count),
});
