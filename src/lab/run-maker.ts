/**
 * Makes a run ready: fetches and opens its base model, chooses the kernels, makes the trainer; when it is asked for, or
 * ahead of that, while the device is still being tested. Takes no step, restores nothing and holds no run that is
 * loaded: that is the session's. Used by `session.ts`.
 */
import type { Gpu } from '../gpu/device';
import { Trainer } from '../rl/trainer';
import type { Phase } from '../run/events';
import type { Manifest } from '../run/manifest';
import { Ahead, type PreparedRun } from './ahead';
import { orDeviceLoss } from './device-loss';
import type { DeviceUnderTest } from './device-opening';
import { Foreseen } from './foreseen';
import { type OpenedModel, openModel } from './opened-model';
import type { SessionHost } from './session-host';
import { tuneAtRest, tuneFor } from './tuning';

/** How long after a run was made its first rollouts are awaited: whoever wants them has asked by then. */
const ROLLOUTS_MS = 2000;

export class RunMaker {
  private ahead: Ahead | null = null;
  private readonly foreseen: Foreseen;
  /** Choosing at rest, under way. */
  private resting: { isAwaited: boolean; done: Promise<void> } | null = null;

  /** @param onPhase told of each phase that a trainer made here begins, after the host has heard of it. */
  constructor(
    private readonly host: Pick<
      SessionHost,
      'readModel' | 'choices' | 'choosingMs' | 'kernels' | 'onEvent' | 'onProgress'
    >,
    private readonly onPhase: (phase: Phase) => void,
  ) {
    this.foreseen = new Foreseen(host.kernels);
  }

  async readBase({ model, task }: Manifest): Promise<OpenedModel> {
    const onProgress = (done: number, total: number) =>
      this.host.onProgress({ task: 'model', label: 'Loading the base model', done, total, unit: 'bytes' });
    return openModel(await this.host.readModel(model, onProgress), task, onProgress);
  }

  /** The trainer of a run at its start, with the kernels that suit its model. */
  async makeTrainer(gpu: Gpu, manifest: Manifest, model: OpenedModel): Promise<Trainer> {
    await this.chooseKernels(gpu, manifest, model);
    return this.createTrainer(gpu, manifest, model);
  }

  /** Begins to make a run ready before it is asked for; only the first one is taken up. */
  expect(manifest: Manifest, opening: Promise<DeviceUnderTest>): void {
    this.ahead ??= new Ahead(manifest, this.makeAhead(manifest, opening));
  }

  /**
   * Resolves once what was expected is ready, or could not be made so; at once where nothing is.
   * @param isAtRest whether nobody waits by then: it is then ready when the kernels of the backward pass are, too.
   */
  async isReady(isAtRest: () => boolean): Promise<void> {
    const ready = await this.ahead?.take();
    // What fails to compile is met again where it is waited for.
    if (ready && isAtRest()) await ready.trainer.policy.trainable().catch(() => {});
  }

  /** Measures what choosing kernels had no time for, until a run is asked for or something else computes. */
  async chooseAtRest(gpu: Gpu): Promise<void> {
    const { ahead } = this;
    const ready = await ahead?.take();
    if (!ahead || !ready || !this.ahead || this.resting) return;
    const resting = { isAwaited: false, done: Promise.resolve() };
    this.resting = resting;
    const isAwaited = () => resting.isAwaited || gpu.failure() !== null;
    // What fails here is met again where it is waited for.
    resting.done = tuneAtRest(
      gpu,
      ready.model.config,
      this.host.choices,
      ahead.manifest.rollout_dtype,
      isAwaited,
    ).catch(() => {});
    await resting.done;
    this.resting = null;
  }

  /** Resolves once nothing is measured at rest: one measurement at most is under way. */
  async endRest(): Promise<void> {
    if (!this.resting) return;
    this.resting.isAwaited = true;
    await this.resting.done;
  }

  /** What was made ready for this manifest; anything else that was, or is on a lost device, is let go of. */
  async takeAhead(manifest: Manifest | null, gpu: Gpu | null): Promise<PreparedRun | null> {
    const { ahead } = this;
    this.ahead = null;
    await this.endRest();
    if (ahead && manifest && ahead.isFor(manifest) && !gpu?.failure()) return ahead.take();
    await ahead?.drop();
    return null;
  }

  /** After the test's kernels, which are waited for first, and beside the test itself; only measuring waits for it. */
  private async makeAhead(manifest: Manifest, opening: Promise<DeviceUnderTest>): Promise<PreparedRun> {
    const reading = this.readBase(manifest);
    const foreseeing = opening.then(({ gpu }) => this.foreseen.begin(gpu, manifest));
    const [model, { gpu, test }] = await Promise.all([reading, opening, foreseeing]);
    await this.chooseKernels(gpu, manifest, model, test);
    const trainer = await this.createTrainer(gpu, manifest, model);
    this.foreseen.keep(gpu, manifest, trainer.policy.firstKernels);
    return { model, trainer };
  }

  private chooseKernels(
    gpu: Gpu,
    { rollout_dtype, steps }: Manifest,
    { config }: OpenedModel,
    ahead?: Promise<unknown>,
  ): Promise<void> {
    const onProgress: SessionHost['onProgress'] = (progress) => this.host.onProgress(progress);
    const mostMs = this.host.choosingMs?.(steps);
    return orDeviceLoss(
      gpu,
      tuneFor(gpu, config, this.host.choices, onProgress, rollout_dtype, ahead, mostMs),
    );
  }

  private async createTrainer(gpu: Gpu, manifest: Manifest, model: OpenedModel): Promise<Trainer> {
    // What the first rollouts have no need of must not hold them up, nor wait for them when nobody asks for any.
    let seen = () => {};
    const rolloutsSeen = new Promise<void>((resolve) => {
      seen = resolve;
    });
    const trainer = await orDeviceLoss(
      gpu,
      Trainer.create({
        gpu,
        manifest,
        ...model,
        until: rolloutsSeen,
        emit: (event) => {
          this.host.onEvent(event);
          if (event.type === 'phase') this.onPhase(event.phase);
          if (event.type === 'rollouts_grown') seen();
        },
        onProgress: (done, total) =>
          this.host.onProgress({
            task: 'pipelines',
            label: 'Compiling the kernels',
            done,
            total,
            unit: 'pipelines',
          }),
      }),
    );
    setTimeout(seen, ROLLOUTS_MS);
    return trainer;
  }
}
