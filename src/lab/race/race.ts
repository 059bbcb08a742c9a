/**
 * A race: two to four arms from the same initialisation on the same problems, taken forward in turn on one device,
 * seed after seed. Each arm's stream is that of the same manifest run alone, wall clock aside: whose turn it is decides
 * only when a step is taken.
 *
 * It has a device of its own, so that the run of the page stays where it is, paused, and neither can take the other
 * down. An arm that fails is named and the others go on; without the device, nothing does. Knows neither page nor
 * Node; used by `desk.ts`.
 */
import { DeviceError, DeviceLost, type Gpu } from '../../gpu/device';
import type { ByteSource } from '../../model/byte-source';
import { MemoryPlanError } from '../../model/plan';
import type { RunEvent, SelfTestResult } from '../../run/events';
import { formatBytes } from '../../run/format';
import { orDeviceLoss } from '../device-loss';
import { explainError } from '../errors';
import { Abandoned, LoopControl } from '../loop-control';
import { type OpenedModel, openModel } from '../opened-model';
import type { LabError } from '../protocol';
import { type ChoiceStore, tuneFor } from '../tuning';
import { Lane } from './lane';
import { nextOf } from './pace';
import { type RaceNews, type RaceProgress, type RaceState, TOLD } from './protocol';
import { type Entry, reportOf } from './report';
import { checkRace, type RaceArm, type RaceSetup, suiteOf } from './setup';

export interface RaceHost {
  /** A device that nothing else uses. @throws GpuUnavailable */
  openGpu(): Promise<Gpu>;
  /** Of the same adapter, in this visit. @throws SelfTestError when it failed. */
  selfTest(): Promise<SelfTestResult>;
  /** The files of a base model. @throws ModelFileError */
  readModel(name: string): Promise<readonly ByteSource[]>;
  /** Where measured kernel choices are kept; without it nothing is measured. */
  choices?: ChoiceStore;
  /** Resolves once nothing else computes. */
  quiet(): Promise<void>;
  onNews(news: RaceNews): void;
  /** Every event of every arm, where all of them are wanted. */
  onEvent?(arm: string, seed: number, event: RunEvent): void;
}

export class Race {
  #state: RaceState = 'preparing';
  #error: LabError | null = null;
  #gpu: Gpu | null = null;
  #base: OpenedModel | null = null;
  #tested: SelfTestResult | null = null;
  #lanes: Lane[] = [];
  /** Of the seeds that are over. */
  #settled: Entry[] = [];
  /** Steps and milliseconds of the seeds that are over. */
  #past = { steps: 0, milliseconds: 0 };
  #place = 0;
  #loop: Promise<void> | null = null;
  readonly #control = new LoopControl(() => this.#enter('paused'));
  readonly #suite: string;

  /** @throws ManifestError when the arms cannot race each other. */
  constructor(
    readonly id: string,
    private readonly setup: RaceSetup,
    private readonly host: RaceHost,
  ) {
    checkRace(setup);
    this.#suite = suiteOf(setup);
  }

  get state(): RaceState {
    return this.#state;
  }

  /** Resolves when it is finished, stopped or failed; nothing is thrown. */
  start(): Promise<void> {
    this.#control.want('run');
    this.#enter('preparing');
    this.#loop ??= Promise.resolve()
      .then(() => this.#seeds())
      .finally(() => {
        this.#loop = null;
      });
    return this.#loop;
  }

  pause(): void {
    if (!this.#loop || this.#state === 'paused') return;
    this.#control.want('pause');
    this.#enter('pausing');
  }

  /** Pauses, and resolves once nothing is computed. */
  async rest(): Promise<void> {
    if (!this.#loop) return;
    this.pause();
    while (this.#state === 'pausing') await new Promise((resolve) => setTimeout(resolve, 10));
  }

  async resume(): Promise<void> {
    if (this.#state === 'failed') return this.start();
    if (this.#state !== 'paused' && this.#state !== 'pausing') return;
    await this.host.quiet();
    this.#enter('running');
    this.#control.want('run');
  }

  async stop(): Promise<void> {
    this.#control.want('stop');
    await this.#loop;
    if (this.#state === 'failed') this.#enter('stopped');
  }

  async #seeds(): Promise<void> {
    const { seeds } = this.setup;
    try {
      await this.host.quiet();
      while (this.#place < seeds.length) {
        await this.#control.proceed();
        await this.#seed(seeds[this.#place]);
        this.#place++;
      }
      this.#enter('finished');
    } catch (error) {
      if (error instanceof Abandoned) {
        for (const lane of this.#lanes) lane.end('stopped');
        this.#report();
        this.#enter('stopped');
      } else this.#fail(error);
    } finally {
      this.#letGo();
    }
  }

  async #seed(seed: number): Promise<void> {
    await this.#prepare(seed);
    this.#report();
    for (;;) {
      await this.#control.proceed();
      if (this.#state !== 'running') this.#enter('running');
      const lane = nextOf(this.#lanes, (each) => each.standing, this.setup.pace);
      if (!lane) break;
      const { evaluations } = lane;
      await this.#attempt(lane, 'training', () => lane.takeStep());
      await this.#attempt(lane, 'evaluating', () => lane.evaluateIfDue());
      if (lane.isDone) lane.end('completed');
      if (lane.evaluations > evaluations || lane.isOver) this.#report();
    }
    this.#settled.push(...this.#entries());
    this.#past = {
      steps: this.#past.steps + this.#steps(),
      milliseconds: this.#past.milliseconds + this.#milliseconds(),
    };
    this.#lanes = [];
  }

  /** All arms at their start. Together they have to fit the device. */
  async #prepare(seed: number): Promise<void> {
    const { arms } = this.setup;
    this.#lanes = [];
    this.#tell(arms[0].name, 'loading');
    this.#tested ??= await this.host.selfTest();
    this.#gpu ??= await this.host.openGpu();
    this.#base ??= await this.#readBase();
    // An arm with rollouts in float16 has all the kernels of the others, too.
    const dtype = arms.some(({ manifest }) => manifest.rollout_dtype === 'float16') ? 'float16' : 'float32';
    await this.#guard(tuneFor(this.#gpu, this.#base.config, this.host.choices, () => {}, dtype));
    for (const arm of arms) {
      await this.#control.proceed();
      this.#tell(arm.name, 'compiling');
      this.#lanes.push(await this.#lane(arm, seed));
    }
    const deviceBytes = this.#lanes.reduce((sum, lane) => sum + lane.deviceBytes, 0);
    this.host.onNews({ what: 'size', id: this.id, deviceBytes });
    this.#enter('running');
    for (const lane of this.#lanes) lane.announce(this.#gpu, this.#tested);
  }

  async #lane({ name, manifest }: RaceArm, seed: number): Promise<Lane> {
    try {
      return await this.#guard(
        Lane.prepare({
          arm: name,
          manifest: { ...manifest, seed },
          base: this.#base!,
          gpu: this.#gpu!,
          control: this.#control,
          onEvent: (event) => {
            this.host.onEvent?.(name, seed, event);
            if (TOLD.has(event.type))
              this.host.onNews({ what: 'events', id: this.id, arm: name, seed, events: [event] });
          },
          onProgress: () => {},
        }),
      );
    } catch (error) {
      if (!(error instanceof DeviceError)) throw error;
      const held = this.#lanes.reduce((sum, lane) => sum + lane.deviceBytes, 0);
      throw new MemoryPlanError(
        `race: expected room on the device for ${this.setup.arms.length} arms at once, got none for ${name} beside ${formatBytes(held)} of ${this.#lanes.length} others: ${error.message}`,
        'Race fewer arms, lower micro_batch_tokens, prompts_per_step or num_generations for all of them, or close other pages that use the GPU.',
      );
    }
  }

  /** Arms agree in model and task. */
  async #readBase(): Promise<OpenedModel> {
    const { model, task } = this.setup.arms[0].manifest;
    return openModel(await this.host.readModel(model), task);
  }

  /** Work of one arm. What fails in it is its own, unless the device did. @returns what it made; null if it failed. */
  async #attempt<T>(lane: Lane, doing: RaceProgress['doing'], work: () => Promise<T>): Promise<T | null> {
    if (lane.isOver) return null;
    this.#tell(lane.arm, doing);
    try {
      return await this.#guard(work());
    } catch (error) {
      if (error instanceof Abandoned || error instanceof DeviceLost || this.#gpu?.failure()) throw error;
      lane.end('failed', explainError(error, null));
      this.#report();
      return null;
    }
  }

  #entries(): Entry[] {
    return this.#lanes.flatMap(({ entry }) => entry ?? []);
  }

  #report(): void {
    const names = this.setup.arms.map(({ name }) => name);
    const report = reportOf(this.#suite, names, [...this.#settled, ...this.#entries()]);
    this.host.onNews({ what: 'report', id: this.id, report });
  }

  #steps(): number {
    return this.#lanes.reduce((sum, { steps }) => sum + steps, 0);
  }

  #milliseconds(): number {
    return this.#lanes.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  }

  #tell(arm: string, doing: RaceProgress['doing']): void {
    const { arms, seeds } = this.setup;
    const done = this.#past.steps + this.#steps();
    const total = seeds.length * arms.reduce((sum, { manifest }) => sum + manifest.steps, 0);
    const spent = this.#past.milliseconds + this.#milliseconds();
    this.host.onNews({
      what: 'progress',
      id: this.id,
      progress: {
        arm,
        seed: seeds[this.#place],
        place: this.#place,
        of: seeds.length,
        doing,
        done,
        total,
        left_ms: done === 0 ? null : (spent / done) * Math.max(0, total - done),
      },
    });
  }

  #fail(error: unknown): void {
    this.#error = explainError(error, this.#gpu);
    const lost = this.#error.code === 'device-lost';
    if (lost)
      this.#error = {
        ...this.#error,
        remedy:
          'Go on: the seed under way is repeated from its start, on a new device; what is settled stays.',
      };
    for (const lane of this.#lanes) lane.end('failed', this.#error);
    this.#enter('failed');
  }

  /** The device, with all that is on it. */
  #letGo(): void {
    this.#lanes = [];
    this.#gpu?.device.destroy();
    this.#gpu = null;
  }

  #guard<T>(work: Promise<T>): Promise<T> {
    return this.#gpu ? orDeviceLoss(this.#gpu, work) : work;
  }

  #enter(state: RaceState): void {
    this.#state = state;
    if (state !== 'failed') this.#error = null;
    this.host.onNews({ what: 'state', id: this.id, state, error: this.#error });
  }
}
