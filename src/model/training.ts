/**
 * Training on the device: a batch's gradient added up over micro-batches, and the optimisers that apply it.
 *
 * A route says which weights the rows go through and which parameters learn from them. Not what a step is made of:
 * rows, weights and settings come from outside. Used by `policy.ts`.
 */
import type { Adapter } from './adapter';
import { extentOf, splitRows, type TrainRow } from './batch';
import type { Graph } from './graph';
import type { Inputs } from './inputs';
import { Loss, type LossSettings, type RolloutSums, readRolloutSums } from './loss';
import {
  type GradientReport,
  Optimizer,
  type OptimizerSettings,
  readGradientReport,
  type Trainable,
} from './optimizer';
import type { Parameters } from './parameters';
import { passOver, type Workspace } from './workspace';

/** Optimiser states: of the policy's weights, another one of the same weights, of the adapter's. */
export type OptimizerName = 'policy' | 'experts' | 'adapter';

/** How a gradient is applied. */
export interface UpdateOptions {
  /** By default the one named like what the gradient went through. */
  optimizer?: OptimizerName;
  /** By default every tensor is. */
  trainable?: Trainable;
}

/** What one optimiser step reports. */
export interface StepReport {
  gradient: GradientReport;
  /** One entry a row, in the order given. */
  rollouts: RolloutSums[];
}

/** A way through the policy: the graph rows go through, and the parameters that learn from them. */
export interface Route {
  graph: Graph;
  parameters: Parameters;
  /** Where the parameters are an adapter's. */
  adapter: Adapter | null;
}

export class Training {
  private readonly loss: Loss;
  private readonly staging: GPUBuffer;
  private readonly optimizers = new Map<OptimizerName, Optimizer>();
  private batchRows = 0;
  /** Whose gradient waits to be applied. */
  private waiting: Parameters | null = null;

  constructor(
    private readonly workspace: Workspace,
    private readonly inputs: Inputs,
    private readonly reference: Graph | null,
    /** Those that are trained through. */
    graphs: readonly Graph[],
  ) {
    const { capacity, pool } = workspace;
    const chunks = graphs.flatMap((graph) => graph.headExtents);
    this.loss = new Loss(workspace, inputs.active, inputs.rows, chunks);
    this.staging = pool.readback('training.report', 16 + capacity.batchRows * 32);
  }

  /** Adds an optimiser; the first over some parameters is their default. */
  add(name: OptimizerName, parameters: Parameters, moments: Parameters): void {
    this.optimizers.set(name, new Optimizer(this.workspace, parameters, moments, name));
  }

  optimizer(name: OptimizerName): Optimizer {
    const optimizer = this.optimizers.get(name);
    if (!optimizer) throw new Error(`internal: the policy was planned without the optimiser ${name}`);
    return optimizer;
  }

  /** Sets the route's gradient to the batch's; to zero where `backward` is off. Submits and returns. */
  accumulate(
    { graph, parameters, adapter }: Route,
    rows: readonly TrainRow[],
    settings: LossSettings,
    backward: boolean,
  ): void {
    const { workspace } = this;
    const { capacity, device } = workspace;
    this.check(rows);
    this.loss.configure(settings);
    graph.setTemperature(settings.temperature);
    // Both sides of the KL term are distributions at the temperature that was sampled at, as in TRL.
    this.reference?.setTemperature(settings.temperature);
    this.batchRows = rows.length;
    this.waiting = null;
    const start = device.createCommandEncoder({ label: 'training.clear' });
    graph.parameters.clear('gradient', start);
    if (adapter) parameters.clear('gradient', start);
    start.clearBuffer(workspace.buffer('statistics'));
    device.queue.submit([start.finish()]);
    let done = 0;
    for (const micro of splitRows(rows, capacity.tokens, capacity.rows)) {
      this.accumulateMicro(graph, micro, done, settings.beta > 0, backward);
      done += micro.length;
    }
    if (!backward) return;
    if (adapter) workspace.submit('training.adapter', (pass) => adapter.encodeGradient(pass));
    this.waiting = parameters;
  }

  /** The rollouts' sums of the batch accumulated last. */
  async report(): Promise<RolloutSums[]> {
    const data = await this.workspace.read('statistics', this.batchRows * 8);
    return readRolloutSums(data, this.batchRows);
  }

  /** Applies the gradient accumulated last. @throws Error when there is none, or the optimiser is not over it. */
  async apply(
    settings: OptimizerSettings,
    { optimizer: name, trainable }: UpdateOptions,
  ): Promise<StepReport> {
    const { workspace, waiting } = this;
    const optimizer = name
      ? this.optimizer(name)
      : [...this.optimizers.values()].find((each) => each.parameters === waiting);
    if (!waiting || optimizer?.parameters !== waiting)
      throw new Error(`internal: no gradient waits${name ? ` for the optimiser ${name}` : ''}`);
    this.waiting = null;
    const encoder = workspace.device.createCommandEncoder({ label: 'training.optimizer' });
    optimizer.encode(encoder, settings, trainable);
    const bytes = this.batchRows * 32;
    encoder.copyBufferToBuffer(optimizer.result, 0, this.staging, 0, 16);
    if (bytes > 0) encoder.copyBufferToBuffer(workspace.buffer('statistics'), 0, this.staging, 16, bytes);
    workspace.device.queue.submit([encoder.finish()]);
    await this.staging.mapAsync(GPUMapMode.READ);
    const data = new Float32Array(this.staging.getMappedRange().slice(0, 16 + bytes));
    this.staging.unmap();
    const gradient = readGradientReport(data);
    if (gradient.finite) optimizer.steps++;
    return { gradient, rollouts: readRolloutSums(data.subarray(4), this.batchRows) };
  }

  private check(rows: readonly TrainRow[]): void {
    const { batchRows } = this.workspace.capacity;
    if (rows.length > batchRows)
      throw new Error(`train: expected at most ${batchRows} rows, got ${rows.length}`);
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
  }

  private accumulateMicro(
    graph: Graph,
    micro: readonly TrainRow[],
    firstRow: number,
    withReference: boolean,
    backward: boolean,
  ): void {
    const { device, config } = this.workspace;
    const { batch, referenceGiven } = this.inputs.writeTraining(micro, firstRow);
    const encoder = device.createCommandEncoder({ label: 'training.micro-batch' });
    encoder.clearBuffer(this.workspace.buffer('dx'), 0, batch.tokens * config.hidden_size * 4);
    const pass = this.workspace.begin(encoder);
    passOver(pass, () => extentOf(batch));
    if (withReference && !referenceGiven) {
      if (!this.reference) throw new Error('internal: the policy was planned without a reference');
      this.reference.encodeScores(pass, batch);
    }
    if (backward && this.loss.byToken) {
      graph.encodeForward(pass, batch.tokens);
      for (const part of graph.parts(batch.active)) {
        graph.encodeHead(pass, part);
        this.loss.encodeChunk(pass, part.chunk.extent, part.count);
        graph.encodeHeadBackward(pass, part);
      }
    } else {
      const parts = graph.encodeScores(pass, batch);
      this.loss.encode(pass, batch.active, batch.rows);
      for (const part of backward ? parts : []) {
        // A single chunk's logits are still there.
        if (parts.length > 1) graph.encodeLogits(pass, part);
        graph.encodeHeadBackward(pass, part);
      }
    }
    this.loss.encodeStatistics(pass, batch.active, batch.rows);
    if (backward) graph.encodeBackward(pass, batch);
    pass.end();
    device.queue.submit([encoder.finish()]);
  }
}
