/**
 * The policy: a Llama on the device, with everything a trainer asks of it.
 *
 * Scores rows, adds up gradients over micro-batches, takes AdamW steps, generates. Every buffer, bind group and
 * pipeline is made by `create`; steps only write inputs and encode. Knows tokens, not tasks.
 */
import { BufferPool, DeviceError, type Gpu } from '../gpu/device';
import { buildBackward, buildEmbeddingBackward } from './backward';
import { packRows, type Row, splitRows, type TrainRow } from './batch';
import type { LlamaConfig } from './config';
import {
  type Decoded,
  type DecodeRow,
  Decoder,
  type OnGrown,
  type Randomness,
  type SamplingSettings,
} from './decoder';
import { buildForward } from './forward';
import { Head } from './head';
import { Loss, type LossSettings, type RolloutSums, readRolloutSums } from './loss';
import { type GradientReport, Optimizer, type OptimizerSettings, readGradientReport } from './optimizer';
import { type NamedTensors, type ParameterKind, Parameters } from './parameters';
import { type Capacity, type MemoryPlan, planMemory } from './plan';
import { type Extent, encodeOps, type Op, Workspace } from './workspace';

/** What one optimiser step reports. */
export interface StepReport {
  gradient: GradientReport;
  /** One entry a row, in the order given. */
  rollouts: RolloutSums[];
}

/** Log-probabilities and entropies of a row's active tokens, and its logits when asked for. */
export interface Scored {
  logps: Float32Array;
  entropies: Float32Array;
  /** [active, vocabulary] */
  logits?: Float32Array;
}

export class Policy {
  readonly plan: MemoryPlan;
  readonly parameters: Parameters;
  private readonly workspace: Workspace;
  private readonly tokens: Extent;
  private readonly active: Extent;
  private readonly rows: Extent;
  private readonly segments: Extent;
  private readonly forward: Op[][];
  private readonly head: Head;
  private readonly decoder: Decoder | null;
  private readonly training: {
    loss: Loss;
    backward: Op[];
    embedding: Op;
    optimizer: Optimizer;
    staging: GPUBuffer;
  } | null;
  private readonly reference: { parameters: Parameters; forward: Op[][]; head: Head } | null;
  /** AdamW steps taken; part of a checkpoint. */
  optimizerSteps = 0;
  private batchRows = 0;

  private constructor(
    private readonly gpu: Gpu,
    readonly config: LlamaConfig,
    readonly capacity: Capacity,
    private readonly pool: BufferPool,
  ) {
    this.plan = planMemory(config, capacity, gpu.device.limits);
    this.parameters = new Parameters(gpu, config, 'policy', capacity.trained, pool);
    this.workspace = new Workspace(gpu, config, capacity, pool);
    const { workspace } = this;
    this.tokens = workspace.extent('tokens');
    this.active = workspace.extent('active');
    this.rows = workspace.extent('rows');
    this.segments = workspace.extent('segments');
    this.forward = buildForward(workspace, this.parameters, this.tokens);
    this.head = new Head(workspace, this.parameters, 'logp', capacity.trained);
    this.decoder =
      capacity.decodeRows > 0 ? new Decoder(workspace, this.parameters, this.tokens, this.forward) : null;
    this.training = capacity.trained
      ? {
          loss: new Loss(workspace, this.active, this.rows),
          backward: buildBackward(workspace, this.parameters, this.tokens),
          embedding: buildEmbeddingBackward(workspace, this.parameters, this.segments),
          optimizer: new Optimizer(workspace, this.parameters),
          staging: pool.readback('policy.report', 16 + capacity.batchRows * 32),
        }
      : null;
    this.reference = capacity.reference ? this.buildReference() : null;
  }

  /**
   * Plans, allocates and compiles. Weights are zero until `parameters.upload`.
   * @throws MemoryPlanError when the capacity does not fit the adapter; DeviceError when the device refuses.
   */
  static async create(
    gpu: Gpu,
    config: LlamaConfig,
    capacity: Capacity,
    onProgress?: (done: number, total: number) => void,
  ): Promise<Policy> {
    const pool = new BufferPool(gpu.device);
    gpu.device.pushErrorScope('out-of-memory');
    gpu.device.pushErrorScope('validation');
    let built: Policy | Error;
    try {
      built = new Policy(gpu, config, capacity, pool);
    } catch (error) {
      built = error instanceof Error ? error : new Error(String(error));
    }
    const refused = [await gpu.device.popErrorScope(), await gpu.device.popErrorScope()].find((e) => e);
    try {
      if (built instanceof Error) throw built;
      if (refused)
        throw new DeviceError(`policy: the device refused to make the buffers: ${refused.message}`);
      await gpu.kernels.ready(onProgress);
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
    options: { temperature?: number; logits?: boolean } = {},
  ): Promise<Scored[]> {
    const scored: Scored[] = [];
    this.head.setTemperature(options.temperature ?? 1);
    for (const micro of splitRows(rows, this.capacity.tokens, this.capacity.rows)) {
      const batch = this.writeRows(micro);
      const vocabulary = this.config.vocab_size;
      const logits = options.logits ? new Float32Array(batch.active * vocabulary) : undefined;
      const encoder = this.gpu.device.createCommandEncoder({ label: 'policy.score' });
      const pass = encoder.beginComputePass();
      encodeOps(pass, this.forward.flat(), batch.tokens);
      pass.end();
      this.gpu.device.queue.submit([encoder.finish()]);
      for (const { chunk, count, start } of this.head.part(batch.active)) {
        const chunkEncoder = this.gpu.device.createCommandEncoder({ label: 'policy.head' });
        const chunkPass = chunkEncoder.beginComputePass();
        encodeOps(chunkPass, [...chunk.logits, ...chunk.gather], count);
        chunkPass.end();
        this.gpu.device.queue.submit([chunkEncoder.finish()]);
        if (logits)
          logits.set(
            await this.read(this.workspace.buffer('logits'), count * vocabulary),
            start * vocabulary,
          );
      }
      const logps = await this.read(this.workspace.buffer('logp'), batch.active);
      const entropies = await this.read(this.workspace.buffer('entropy'), batch.active);
      let at = 0;
      for (const row of micro) {
        const end = at + row.active.length;
        scored.push({
          logps: logps.slice(at, end),
          entropies: entropies.slice(at, end),
          logits: logits?.slice(at * vocabulary, end * vocabulary),
        });
        at = end;
      }
    }
    return scored;
  }

  /**
   * One optimiser step on a batch: gradients of every micro-batch are added up, the norm clipped, AdamW applied on
   * the device unless a value is not finite. One read-back, at the end.
   * @throws Error when the batch has more rows than planned.
   */
  async trainStep(
    rows: readonly TrainRow[],
    loss: LossSettings,
    optimizer: OptimizerSettings,
  ): Promise<StepReport> {
    this.accumulate(rows, loss);
    return this.applyGradient(optimizer);
  }

  /** The loss of a batch by rollouts, without its gradient. */
  async evaluateLoss(rows: readonly TrainRow[], settings: LossSettings): Promise<RolloutSums[]> {
    this.accumulate(rows, settings, false);
    return this.report();
  }

  /** Sets the gradient to the batch's, without a step; to zero where `backward` is off. Submits and returns. */
  accumulate(rows: readonly TrainRow[], settings: LossSettings, backward = true): void {
    const { training } = this;
    if (!training) throw new Error('internal: the policy was planned without training');
    if (rows.length > this.capacity.batchRows)
      throw new Error(`train: expected at most ${this.capacity.batchRows} rows, got ${rows.length}`);
    rows.forEach(({ active, oldLogps, referenceLogps }, r) => {
      const check = (what: string, got: ArrayLike<number>) => {
        if (got.length !== active.length)
          throw new Error(
            `train: row ${r}: expected ${active.length} ${what} log-probabilities, got ${got.length}`,
          );
      };
      check('old', oldLogps);
      if (referenceLogps) check('reference', referenceLogps);
    });
    const { device } = this.gpu;
    training.loss.configure(settings);
    this.head.setTemperature(settings.temperature);
    // Both sides of the KL term are distributions at the temperature that was sampled at, as in TRL.
    this.reference?.head.setTemperature(settings.temperature);
    this.batchRows = rows.length;
    const start = device.createCommandEncoder({ label: 'policy.clear' });
    this.parameters.clear('gradient', start);
    start.clearBuffer(this.workspace.buffer('statistics'));
    device.queue.submit([start.finish()]);
    let done = 0;
    for (const micro of splitRows(rows, this.capacity.tokens, this.capacity.rows)) {
      this.accumulateMicro(micro, done, settings.beta > 0, backward);
      done += micro.length;
    }
  }

  /** The rollouts' sums of the batch accumulated last, without a step. */
  async report(): Promise<RolloutSums[]> {
    const data = await this.read(this.workspace.buffer('statistics'), this.batchRows * 8);
    return readRolloutSums(data, this.batchRows);
  }

  /** Clips the gradient and takes an AdamW step; reports what the device found. */
  async applyGradient(settings: OptimizerSettings): Promise<StepReport> {
    const { training } = this;
    if (!training) throw new Error('internal: the policy was planned without training');
    const { device } = this.gpu;
    training.optimizer.configure(settings, this.optimizerSteps + 1);
    const encoder = device.createCommandEncoder({ label: 'policy.optimizer' });
    const pass = encoder.beginComputePass();
    training.optimizer.encode(pass);
    pass.end();
    const bytes = this.batchRows * 32;
    encoder.copyBufferToBuffer(training.optimizer.result, 0, training.staging, 0, 16);
    if (bytes > 0)
      encoder.copyBufferToBuffer(this.workspace.buffer('statistics'), 0, training.staging, 16, bytes);
    device.queue.submit([encoder.finish()]);
    await training.staging.mapAsync(GPUMapMode.READ);
    const data = new Float32Array(training.staging.getMappedRange().slice(0, 16 + bytes));
    training.staging.unmap();
    const gradient = readGradientReport(data);
    if (gradient.finite) this.optimizerSteps++;
    return { gradient, rollouts: readRolloutSums(data.subarray(4), this.batchRows) };
  }

  /** Names of the tensors whose gradient is not finite: asked only when a step was refused. */
  async brokenTensors(): Promise<string[]> {
    const gradient = await this.parameters.download('gradient');
    return [...gradient]
      .filter(([, values]) => values.some((v) => !Number.isFinite(v)))
      .map(([name]) => name);
  }

  /** Generates rows; see `Decoder.decode`. */
  decode(
    rows: readonly DecodeRow[],
    settings: SamplingSettings,
    randomness: Randomness,
    onGrown?: OnGrown,
  ): Promise<Decoded[]> {
    if (!this.decoder) throw new Error('internal: the policy was planned without decoding');
    return this.decoder.decode(rows, settings, randomness, onGrown);
  }

  /** Tensors of a kind, by Hugging Face's names. */
  download(kind: ParameterKind): Promise<NamedTensors> {
    return this.parameters.download(kind);
  }

  /** Buffers made since creation began: unchanged over a steady step. */
  get buffersCreated(): number {
    return this.pool.created;
  }

  destroy(): void {
    this.pool.destroy();
  }

  private buildReference() {
    const parameters = new Parameters(this.gpu, this.config, 'reference', false, this.pool);
    return {
      parameters,
      forward: buildForward(this.workspace, parameters, this.tokens),
      head: new Head(this.workspace, parameters, 'referenceLogp', false),
    };
  }

  private writeRows(micro: readonly Row[]) {
    const batch = packRows(micro, this.config.vocab_size);
    const { workspace } = this;
    workspace.write('ids', batch.ids);
    workspace.write('positions', batch.positions);
    workspace.write('spans', batch.spans);
    workspace.write('sources', batch.sources);
    workspace.write('targets', batch.targets);
    workspace.write('rowOfActive', batch.rowOfActive);
    workspace.write('ranges', batch.ranges);
    this.tokens.write(batch.tokens);
    this.active.write(batch.active);
    return batch;
  }

  private accumulateMicro(
    micro: readonly TrainRow[],
    firstRow: number,
    withReference: boolean,
    backward: boolean,
  ): void {
    const { workspace } = this;
    const training = this.training!;
    const batch = this.writeRows(micro);
    workspace.write('order', batch.order);
    workspace.write('segments', batch.segmentTable);
    workspace.write('rowValues', Float32Array.from(micro.flatMap((r) => [r.advantage, r.weight])));
    workspace.write(
      'oldLogp',
      concatenate(
        micro.map((r) => r.oldLogps),
        batch.active,
      ),
    );
    this.rows.write(batch.rows, firstRow);
    this.segments.write(batch.segments);
    const given = micro.flatMap((r) => (r.referenceLogps ? [r.referenceLogps] : []));
    if (given.length === micro.length) workspace.write('referenceLogp', concatenate(given, batch.active));

    const encoder = this.gpu.device.createCommandEncoder({ label: 'policy.micro-batch' });
    encoder.clearBuffer(workspace.buffer('dx'), 0, batch.tokens * this.config.hidden_size * 4);
    const pass = encoder.beginComputePass();
    if (withReference && given.length < micro.length) this.scoreReference(pass, batch.tokens, batch.active);
    encodeOps(pass, this.forward.flat(), batch.tokens);
    const parts = this.head.part(batch.active);
    for (const { chunk, count } of parts) encodeOps(pass, [...chunk.logits, ...chunk.gather], count);
    training.loss.encode(pass, batch.active, batch.rows);
    if (backward) {
      for (const { chunk, count } of parts) {
        // A single chunk's logits are still there.
        if (parts.length > 1) encodeOps(pass, chunk.logits, count);
        encodeOps(pass, chunk.backward, count);
      }
      encodeOps(pass, training.backward, batch.tokens);
      encodeOps(pass, [training.embedding], batch.segments);
    }
    pass.end();
    this.gpu.device.queue.submit([encoder.finish()]);
  }

  /** The reference's log-probabilities of the batch that is laid out, into `referenceLogp`. */
  private scoreReference(pass: GPUComputePassEncoder, tokens: number, active: number): void {
    if (!this.reference) throw new Error('internal: the policy was planned without a reference');
    encodeOps(pass, this.reference.forward.flat(), tokens);
    for (const { chunk, count } of this.reference.head.part(active))
      encodeOps(pass, [...chunk.logits, ...chunk.gather], count);
  }

  private async read(buffer: GPUBuffer, values: number): Promise<Float32Array> {
    if (values === 0) return new Float32Array(0);
    const { device } = this.gpu;
    const staging = device.createBuffer({
      label: 'policy.read',
      size: values * 4,
      usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
    });
    const encoder = device.createCommandEncoder();
    encoder.copyBufferToBuffer(buffer, 0, staging, 0, values * 4);
    device.queue.submit([encoder.finish()]);
    await staging.mapAsync(GPUMapMode.READ);
    const data = new Float32Array(staging.getMappedRange().slice(0));
    staging.destroy();
    return data;
  }
}

function concatenate(parts: readonly ArrayLike<number>[], length: number): Float32Array<ArrayBuffer> {
  const all = new Float32Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
