/**
 * The end of a step on the device: global gradient norm, clip, and AdamW over whole arenas.
 *
 * An optimiser is moments and a step count over some parameters; several can be over the same ones, and each knows
 * nothing of the others. Tensors can be frozen for a step: their gradient counts as zero in the norm, and weights
 * and moments keep their bits. Used by `policy.ts`.
 */
import { flatGrid } from '../gpu/kernel';
import type { Parameters } from './parameters';
import { NORM_PARTIALS } from './plan';
import { SHADERS } from './shaders';
import { encodeOps, f32, type Op, packUniform, vectorOf, type Workspace } from './workspace';

/** Names as in torch.optim.AdamW and TRL. */
export interface OptimizerSettings {
  learning_rate: number;
  beta1: number;
  beta2: number;
  epsilon: number;
  weight_decay: number;
  max_grad_norm: number;
}

/** Which tensors an update moves, by name; the others are frozen. */
export type Trainable = (name: string) => boolean;

/** What the device found out about the gradient. */
export interface GradientReport {
  /** Of the tensors that are not frozen, before clipping. */
  norm: number;
  /** What the gradient was multiplied by. */
  scale: number;
  /** False: some value is not finite, and nothing was applied. */
  finite: boolean;
  /** Values that are not finite. */
  broken: number;
}

export class Optimizer {
  /** Steps taken; the bias corrections' t. Part of a checkpoint. */
  steps = 0;
  /** (norm, scale, finite, broken) as the last step left it. */
  readonly result: GPUBuffer;
  private readonly clip: GPUBuffer;
  private readonly step: GPUBuffer;
  private readonly norm: Op[] = [];
  /** One operation an arena: when nothing is frozen. */
  private readonly whole: Op[] = [];
  /** One operation a named tensor: when some are. */
  private readonly parted = new Map<string, Op>();
  private readonly partials: number;

  constructor(
    private readonly workspace: Workspace,
    /** Weights and gradient. */
    readonly parameters: Parameters,
    /** Mean and square of the same layout: the parameters themselves, or a set kept apart. */
    readonly moments: Parameters,
    label: string,
  ) {
    const { pool } = workspace;
    const { arenas, parts } = parameters.layout;
    this.partials = arenas.length * NORM_PARTIALS;
    const partials = pool.storage(`optimizer.${label}.partials`, this.partials * 2);
    this.result = pool.storage(`optimizer.${label}.result`, 4);
    this.clip = pool.uniform(`optimizer.${label}.clip`, packUniform([this.partials, f32(1)]));
    this.step = pool.uniform(`optimizer.${label}.step`, new Float32Array(8));
    const gradients = parameters.arenas('gradient');
    for (const [i, arena] of arenas.entries())
      this.norm.push(
        workspace.op(
          SHADERS.sumSquares,
          {
            size: pool.uniform('sum_squares.size', new Uint32Array([arena.size, i * NORM_PARTIALS])),
            gradient: gradients[i],
            partials,
          },
          {
            constants: { PARTIALS: NORM_PARTIALS, VECTOR: vectorOf(arena.size) },
            sizes: { count: arena.size },
            grid: () => flatGrid(NORM_PARTIALS),
          },
        ),
      );
    this.norm.push(
      workspace.op(
        SHADERS.clipGradient,
        { size: this.clip, partials, result: this.result },
        { sizes: { count: this.partials }, grid: () => [1, 1, 1] },
      ),
    );
    for (const [i, arena] of arenas.entries()) this.whole.push(this.adamw(i, 0, arena.size));
    for (const { name, arena, offset, size } of parts) this.parted.set(name, this.adamw(arena, offset, size));
  }

  /** Writes the numbers of the step that comes next, and encodes it. A frozen tensor's gradient is set to zero. */
  encode(encoder: GPUCommandEncoder, settings: OptimizerSettings, trainable?: Trainable): void {
    this.configure(settings);
    let updates: readonly Op[] = this.whole;
    if (trainable) {
      const gradients = this.parameters.arenas('gradient');
      const { parts } = this.parameters.layout;
      for (const { name, arena, offset, size } of parts)
        if (!trainable(name)) encoder.clearBuffer(gradients[arena], offset * 4, size * 4);
      updates = parts.flatMap(({ name }) => (trainable(name) ? [this.parted.get(name)!] : []));
    }
    const pass = this.workspace.begin(encoder);
    encodeOps(pass, this.norm, 1);
    encodeOps(pass, updates, 1);
    pass.end();
    this.parameters.version++;
  }

  private configure(s: OptimizerSettings): void {
    const { queue } = this.workspace.device;
    queue.writeBuffer(this.clip, 0, packUniform([this.partials, f32(s.max_grad_norm)]));
    const corrections = [1 - s.beta1 ** (this.steps + 1), 1 - s.beta2 ** (this.steps + 1)];
    queue.writeBuffer(
      this.step,
      0,
      new Float32Array([s.learning_rate, s.beta1, s.beta2, s.epsilon, ...corrections, s.weight_decay]),
    );
  }

  /** AdamW on `size` values of an arena from `first` on. */
  private adamw(arena: number, first: number, size: number): Op {
    const { parameters, moments, workspace } = this;
    const { decayEnd } = parameters.layout.arenas[arena];
    const vector = vectorOf(first, size, decayEnd);
    return workspace.op(
      SHADERS.adamw,
      {
        size: workspace.pool.uniform('adamw.size', new Uint32Array([first + size, decayEnd, first])),
        step: this.step,
        clip: this.result,
        gradient: parameters.arenas('gradient')[arena],
        parameters: parameters.arenas('weights')[arena],
        mean: moments.arenas('mean')[arena],
        square: moments.arenas('square')[arena],
      },
      {
        constants: { VECTOR: vector },
        sizes: { count: size },
        grid: () => flatGrid(size / vector),
      },
    );
  }
}

export function readGradientReport(data: Float32Array): GradientReport {
  const [norm, scale, finite, broken] = data;
  return { norm, scale, finite: finite === 1, broken };
}
