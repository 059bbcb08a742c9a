/**
 * The copy of a set of weights that decoding reads where `rollout_dtype` is float16: its matrices as halves, remade on the
 * device whenever the weights have changed. Norm weights are read as they are.
 *
 * Halves are storage alone: they are widened as they are read, and every sum is single precision, in the order of the
 * kernels over single precision. So a pass through the copy gives the bits of a pass through weights that were rounded
 * to halves beforehand. Not what is trained, scored or kept: those are the weights themselves. Used by `graph.ts`.
 */
import type { BufferRange } from '../gpu/kernel';
import { bindingLimit, float16Words, type Layout, layoutFloat16, matricesOf } from './layout';
import type { StoredMatrix } from './linear';
import type { Parameters } from './parameters';
import { SHADERS } from './shaders';
import { encodeOps, type Op, perElement, type Workspace } from './workspace';

/** What a pass reads weights from: `Parameters`, or the copy of them. */
export interface WeightSource {
  matrix(name: string): StoredMatrix;
  /** Norm weights. */
  range(name: string): BufferRange;
}

export class Float16Weights implements WeightSource {
  private readonly layout: Layout;
  private readonly arenas: readonly GPUBuffer[];
  private readonly pack: readonly Op[];
  /** Version of the weights that the copy was made of. */
  private packedFrom = -1;

  constructor(
    private readonly workspace: Workspace,
    private readonly source: Parameters,
  ) {
    const { pool, gpu } = workspace;
    this.layout = layoutFloat16(source.layout, bindingLimit(gpu.device.limits));
    this.arenas = this.layout.arenas.map(({ size }, i) => pool.storage(`${source.label}.halves${i}`, size));
    this.pack = matricesOf(source.layout).map((tensor) => {
      const count = tensor.rows * tensor.columns;
      return workspace.op(
        SHADERS.packFloat16,
        {
          size: pool.uniform('pack_float16.size', new Uint32Array([count])),
          w: source.range(tensor.name),
          halves: this.matrix(tensor.name).float16,
        },
        { sizes: { count }, grid: () => perElement(float16Words(tensor))(1) },
      );
    });
  }

  matrix(name: string): { float16: BufferRange } {
    const tensor = this.layout.tensors.get(name);
    if (!tensor) throw new Error(`internal: no matrix named ${name}`);
    const { arena, offset, columns } = tensor;
    return { float16: { buffer: this.arenas[arena], offset: offset * 4, size: columns * 4 } };
  }

  range(name: string): BufferRange {
    return this.source.range(name);
  }

  /** Makes the copy anew where the weights have changed; before every decode. */
  refresh(): void {
    if (this.source.version === this.packedFrom) return;
    this.workspace.submit('float16.pack', (pass) => encodeOps(pass, this.pack, 1));
    this.packedFrom = this.source.version;
  }
}
