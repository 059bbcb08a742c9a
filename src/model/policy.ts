/**
 * The policy: a Llama on the device, with everything a trainer asks of it.
 *
 * Scores rows, adds up gradients over micro-batches, takes AdamW steps, generates; each through the policy's own
 * weights or through its adapter's. Every buffer, bind group and pipeline is made by `create`; steps only write inputs
 * and encode. Knows tokens, not tasks.
 */
import { BufferPool, DeviceError, type Gpu } from '../gpu/device';
import type { KernelSource } from '../gpu/kernel';
import { Adapter } from './adapter';
import type { Row, TrainRow } from './batch';
import type { LlamaConfig } from './config';
import { type Cost, decodingCost, forwardFlops, TRAINING_FACTOR, trainingFlops } from './cost';
import {
  type Decoded,
  type DecodeRow,
  Decoder,
  type OnGrown,
  type Randomness,
  type SamplingSettings,
} from './decoder';
import { Graph } from './graph';
import { Inputs } from './inputs';
import { type Inspection, type InspectionSettings, inspectRow } from './inspect';
import { bindingLimit } from './layout';
import type { LossSettings, RolloutSums } from './loss';
import { type HeldMemory, heldMemory } from './memory';
import type { Optimizer, OptimizerSettings } from './optimizer';
import { ALL_KINDS, layoutParameters, type NamedTensors, type ParameterKind, Parameters } from './parameters';
import { type Capacity, type MemoryPlan, planMemory } from './plan';
import { Profiling } from './profiling';
import { type Scored, scoreRows } from './score';
import { type OptimizerName, type Route, type StepReport, Training, type UpdateOptions } from './training';
import { Workspace } from './workspace';

export type { Scored } from './score';
export type { OptimizerName, StepReport, UpdateOptions } from './training';

/** Which weights rows go through: the policy's own, or those with its adapter merged in. */
export type Through = 'policy' | 'adapter';

export class Policy {
  readonly plan: MemoryPlan;
  readonly parameters: Parameters;
  /** The adapter of the plan; changes nothing until its weights are uploaded. */
  readonly adapter: Adapter | null;
  /** Resolves once it can be trained; before that, what was not waited for at its creation must not be. @throws ShaderError */
  trainable: () => Promise<void> = async () => {};
  private decodable: () => Promise<void> = async () => {};
  /** What its first rollouts are made with, in the order of need. */
  firstKernels: readonly KernelSource[] = [];
  /** What all work so far has cost; only grows. */
  readonly spent: Cost = { flops: 0, decodeSteps: 0 };
  /** The profile of its work, when one is taken. */
  readonly profiling: Profiling;
  private readonly workspace: Workspace;
  private readonly inputs: Inputs;
  private readonly decoder: Decoder | null;
  private readonly routes: { policy: Route; adapter: Route | null };
  private readonly reference: Graph | null;
  private readonly training: Training | null;

  private constructor(
    gpu: Gpu,
    readonly config: LlamaConfig,
    readonly capacity: Capacity,
    private readonly pool: BufferPool,
  ) {
    const { limits } = gpu.device;
    const { trained } = capacity;
    this.plan = planMemory(config, capacity, limits);
    const layout = layoutParameters(config, bindingLimit(limits));
    const hold = (label: string, kinds: readonly ParameterKind[]) =>
      new Parameters(gpu, layout, label, kinds, pool);
    this.parameters = hold('policy', trained ? ALL_KINDS : ['weights']);
    this.workspace = new Workspace(gpu, config, capacity, pool);
    const { workspace } = this;
    this.profiling = new Profiling(workspace);
    this.inputs = new Inputs(workspace);
    this.adapter = capacity.adapter ? new Adapter(workspace, this.parameters, capacity.adapter) : null;
    const { kernels } = gpu;
    const { tokens } = this.inputs;
    this.decoder =
      capacity.decodeRows > 0 ? kernels.needed('next', () => new Decoder(workspace, tokens)) : null;
    const live = this.decoder?.live ?? null;
    const graph = (parameters: Parameters) =>
      new Graph(workspace, parameters, this.inputs, { logp: 'logp', trained, live });
    const { adapter } = this;
    this.routes = {
      policy: { graph: graph(this.parameters), parameters: this.parameters, adapter: null },
      adapter: adapter && { graph: graph(adapter.merged), parameters: adapter.parameters, adapter },
    };
    this.reference = capacity.reference
      ? new Graph(workspace, hold('reference', ['weights']), this.inputs, {
          logp: 'referenceLogp',
          trained: false,
          live: null,
        })
      : null;
    const graphs = [this.routes.policy, this.routes.adapter].flatMap((route) => (route ? [route.graph] : []));
    this.training = kernels.needed('later', () => {
      if (!trained) return null;
      const training = new Training(workspace, this.inputs, this.reference, graphs);
      training.add('policy', this.parameters, this.parameters);
      if (capacity.experts) training.add('experts', this.parameters, hold('experts', ['mean', 'square']));
      if (adapter) training.add('adapter', adapter.parameters, adapter.parameters);
      return training;
    });
  }

  /**
   * Plans, allocates and compiles. Weights are zero until `parameters.upload`.
   * @param wait for everything, or for what scores: decoding then waits for its own, and `trainable` for the rest.
   * @param until what is needed for training alone is not compiled before that, unless somebody waits for it.
   * @param meanwhile done while kernels are compiled, as writing weights needs none.
   * @throws MemoryPlanError when the capacity does not fit the adapter; DeviceError when the device refuses.
   */
  static async create(
    gpu: Gpu,
    config: LlamaConfig,
    capacity: Capacity,
    onProgress?: (done: number, total: number) => void,
    wait: 'everything' | 'scoring' = 'everything',
    until?: Promise<unknown>,
    meanwhile?: (policy: Policy) => void,
  ): Promise<Policy> {
    const pool = new BufferPool(gpu.device);
    gpu.device.pushErrorScope('out-of-memory');
    gpu.device.pushErrorScope('validation');
    const build = (): Policy | Error => {
      try {
        return new Policy(gpu, config, capacity, pool);
      } catch (error) {
        return error instanceof Error ? error : new Error(String(error));
      }
    };
    // Whoever waits for everything, as the self-test does, waits for all of it alike.
    const { built, ready, sources } = gpu.kernels.building(build, { alike: wait === 'everything', until });
    // Both at once: whatever else is made on the device meanwhile has scopes of its own.
    const scopes = [gpu.device.popErrorScope(), gpu.device.popErrorScope()];
    const refused = (await Promise.all(scopes)).find((e) => e);
    try {
      if (built instanceof Error) throw built;
      if (refused)
        throw new DeviceError(`policy: the device refused to make the buffers: ${refused.message}`);
      let decodable: Promise<void> | undefined;
      built.decodable = () => {
        decodable ??= ready('next');
        return decodable;
      };
      built.trainable = () => ready('later');
      built.firstKernels = sources('next');
      meanwhile?.(built);
      await ready(wait === 'everything' ? 'later' : 'first', onProgress);
      return built;
    } catch (error) {
      pool.destroy();
      throw error;
    }
  }

  /** Copies the weights of now into the reference of the KL term. */
  setReference(weights: NamedTensors): void {
    if (!this.reference) throw new Error('internal: the policy was planned without a reference');
    this.reference.parameters.upload(weights);
  }

  /** Scores the active tokens of rows, in order. */
  async score(
    rows: readonly Row[],
    options: { temperature?: number; logits?: boolean; through?: Through } = {},
  ): Promise<Scored[]> {
    const { graph } = this.route(options.through);
    for (const row of rows)
      this.spent.flops += forwardFlops(this.config, row.tokens.length, row.active.length);
    const { temperature = 1, logits = false } = options;
    return scoreRows(this.workspace, this.inputs, graph, rows, { temperature, logits });
  }

  /**
   * Looks at one row token by token; see `inspectRow`. What looking takes is no cost of the run, and it changes
   * nothing that decoding or training builds on, even between two chunks of a decode.
   */
  async inspect(
    tokens: readonly number[],
    settings: InspectionSettings,
    through?: Through,
  ): Promise<Inspection> {
    return this.aside(() =>
      inspectRow(this.workspace, this.inputs, this.route(through).graph, tokens, settings),
    );
  }

  /** Work that is no part of a step: no profile sees it, and it counts as no cost. */
  async aside<T>(work: () => Promise<T>): Promise<T> {
    const { spent } = this;
    const before = { ...spent };
    try {
      return await this.profiling.without(work);
    } finally {
      Object.assign(spent, before);
    }
  }

  /**
   * One optimiser step on a batch: gradients of every micro-batch are added up, the norm clipped, AdamW applied on
   * the device unless a value is not finite. One read-back, at the end.
   * @throws Error when the batch has more rows than planned.
   */
  async trainStep(
    rows: readonly TrainRow[],
    loss: LossSettings,
    settings: OptimizerSettings,
    { through, ...update }: UpdateOptions & { through?: Through } = {},
  ): Promise<StepReport> {
    this.accumulate(rows, loss, { through });
    return this.applyGradient(settings, update);
  }

  /** The loss of a batch by rollouts, without its gradient. */
  async evaluateLoss(
    rows: readonly TrainRow[],
    settings: LossSettings,
    { through }: { through?: Through } = {},
  ): Promise<RolloutSums[]> {
    this.accumulate(rows, settings, { through, backward: false });
    return this.report();
  }

  /**
   * Sets the gradient to the batch's, without a step; to zero where `backward` is off. Submits and returns.
   * Through the adapter it is the adapter's gradient, and the policy's stays what it is.
   */
  accumulate(
    rows: readonly TrainRow[],
    settings: LossSettings,
    { through = 'policy', backward = true }: { through?: Through; backward?: boolean } = {},
  ): void {
    const factor = backward ? 1 : 1 / TRAINING_FACTOR;
    this.spent.flops += factor * trainingFlops(this.config, rows);
    this.trained().accumulate(this.route(through), rows, settings, backward);
  }

  /** The rollouts' sums of the batch accumulated last, without a step. */
  report(): Promise<RolloutSums[]> {
    return this.trained().report();
  }

  /** Clips the gradient accumulated last and takes an AdamW step; reports what the device found. */
  applyGradient(settings: OptimizerSettings, update: UpdateOptions = {}): Promise<StepReport> {
    return this.trained().apply(settings, update);
  }

  /** An optimiser's state: its step count and its moments, for checkpoints. */
  optimizer(name: OptimizerName): Optimizer {
    return this.trained().optimizer(name);
  }

  /** AdamW steps taken by the policy's own optimiser; part of a checkpoint. */
  get optimizerSteps(): number {
    return this.optimizer('policy').steps;
  }

  set optimizerSteps(steps: number) {
    this.optimizer('policy').steps = steps;
  }

  /** Names of the tensors whose gradient is not finite: asked only when a step was refused. */
  async brokenTensors(through: Through = 'policy'): Promise<string[]> {
    const gradient = await this.route(through).parameters.download('gradient');
    return [...gradient]
      .filter(([, values]) => values.some((v) => !Number.isFinite(v)))
      .map(([name]) => name);
  }

  /** Generates rows; see `Decoder.decode`. */
  async decode(
    rows: readonly DecodeRow[],
    settings: SamplingSettings,
    randomness: Randomness,
    onGrown?: OnGrown,
    { through }: { through?: Through } = {},
  ): Promise<Decoded[]> {
    const { decoding } = this.route(through).graph;
    if (!this.decoder || !decoding) throw new Error('internal: the policy was planned without decoding');
    await this.decodable();
    const decoded = await this.decoder.decode(decoding, rows, settings, randomness, onGrown);
    const cost = decodingCost(
      this.config,
      rows.map((r) => r.prompt),
      decoded.map((d) => d.tokens.length),
    );
    this.spent.flops += cost.flops;
    this.spent.decodeSteps += cost.decodeSteps;
    return decoded;
  }

  /** The policy's tensors of a kind, by Hugging Face's names. */
  download(kind: ParameterKind): Promise<NamedTensors> {
    return this.parameters.download(kind);
  }

  /** Device memory by what holds it, beside what was planned. */
  get memory(): HeldMemory[] {
    return heldMemory(this.pool.inventory(), this.plan.byHolder);
  }

  /** Buffers made since creation began: unchanged over a steady step. */
  get buffersCreated(): number {
    return this.pool.created;
  }

  /** Bytes of device memory held; unchanged over a steady step. */
  get bytesHeld(): number {
    return this.pool.bytes;
  }

  destroy(): void {
    this.profiling.drop();
    this.pool.destroy();
  }

  /** The way through, with its weights up to date. */
  private route(through: Through = 'policy'): Route {
    const route = this.routes[through];
    if (!route) throw new Error('internal: the policy was planned without an adapter');
    route.adapter?.refresh();
    return route;
  }

  private trained(): Training {
    if (!this.training) throw new Error('internal: the policy was planned without training');
    return this.training;
  }
}
