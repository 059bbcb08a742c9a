/** The end of a step on the device: global gradient norm, clip, and AdamW over whole arenas. */
import { flatGrid } from '../gpu/kernel';
import type { Parameters } from './parameters';
import { NORM_PARTIALS } from './plan';
import { SHADERS } from './shaders';
import { f32, type Op, packUniform, type Workspace } from './workspace';

/** Names as in torch.optim.AdamW and TRL. */
export interface OptimizerSettings {
  learning_rate: number;
  beta1: number;
  beta2: number;
  epsilon: number;
  weight_decay: number;
  max_grad_norm: number;
}

/** What the device found out about the gradient. */
export interface GradientReport {
  norm: number;
  /** What the gradient was multiplied by. */
  scale: number;
  /** False: some value is not finite, and nothing was applied. */
  finite: boolean;
  /** Values that are not finite. */
  broken: number;
}

export class Optimizer {
  /** (norm, scale, finite, broken) as the last step left it. */
  readonly result: GPUBuffer;
  private readonly clip: GPUBuffer;
  private readonly step: GPUBuffer;
  private readonly ops: Op[] = [];
  private readonly partials: number;

  constructor(
    private readonly workspace: Workspace,
    parameters: Parameters,
  ) {
    const { pool } = workspace;
    const { arenas } = parameters.layout;
    this.partials = arenas.length * NORM_PARTIALS;
    const partials = pool.storage('optimizer.partials', this.partials * 2);
    this.result = pool.storage('optimizer.result', 4);
    this.clip = pool.uniform('optimizer.clip', packUniform([this.partials, f32(1)]));
    this.step = pool.uniform('optimizer.step', new Float32Array(8));
    const gradients = parameters.arenas('gradient');
    for (const [i, arena] of arenas.entries())
      this.ops.push(
        workspace.op(
          SHADERS.sumSquares,
          {
            size: pool.uniform('sum_squares.size', new Uint32Array([arena.size, i * NORM_PARTIALS])),
            gradient: gradients[i],
            partials,
          },
          { constants: { PARTIALS: NORM_PARTIALS }, grid: () => flatGrid(NORM_PARTIALS) },
        ),
      );
    this.ops.push(
      workspace.op(
        SHADERS.clipGradient,
        { size: this.clip, partials, result: this.result },
        { grid: () => [1, 1, 1] },
      ),
    );
    for (const [i, arena] of arenas.entries())
      this.ops.push(
        workspace.op(
          SHADERS.adamw,
          {
            size: pool.uniform('adamw.size', new Uint32Array([arena.size, arena.decayEnd])),
            step: this.step,
            clip: this.result,
            gradient: gradients[i],
            parameters: parameters.arenas('weights')[i],
            mean: parameters.arenas('mean')[i],
            square: parameters.arenas('square')[i],
          },
          { grid: () => flatGrid(arena.size) },
        ),
      );
  }

  /** Writes the step's numbers; `step` counts from 1, for the bias corrections. */
  configure(s: OptimizerSettings, step: number): void {
    const { queue } = this.workspace.device;
    queue.writeBuffer(this.clip, 0, packUniform([this.partials, f32(s.max_grad_norm)]));
    const corrections = [1 - s.beta1 ** step, 1 - s.beta2 ** step];
    queue.writeBuffer(
      this.step,
      0,
      new Float32Array([s.learning_rate, s.beta1, s.beta2, s.epsilon, ...corrections, s.weight_decay]),
    );
  }

  encode(pass: GPUComputePassEncoder): void {
    for (const op of this.ops) op.kernel.encode(pass, op.grid(1));
  }
}

export function readGradientReport(data: Float32Array): GradientReport {
  const [norm, scale, finite, broken] = data;
  return { norm, scale, finite: finite === 1, broken };
}
