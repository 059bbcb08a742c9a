/**
 * An adapter on the device: LoRA factors and norm offsets, and the weights that come of merging them into the policy's.
 *
 * Rows that the adapter is active on go through `merged` = base + scale B A (+ offsets), a second set of weights with
 * a gradient of its own; all other rows go through the base. So neither sees the other by construction: base weights
 * get no gradient from the adapter's rows, and other rows are the same bits with and without it. The gradient of the
 * factors follows from that of the merged weights: dA = scale Bᵀ dW, dB = scale dW Aᵀ, doffset = dW.
 *
 * Chosen over products with the factors beside each linear layer: those would need further kernels and dispatches
 * in every pass, where each decoded token counts, and rank-sized products too thin to fill a GPU. Merging is exact
 * up to the rounding of one addition a weight, and runs once after a change of either, not once a row. The price is
 * memory and work by the size of the policy rather than of the adapter: a copy of the weights and, where it is
 * trained, of the gradient; and the full dW of every matrix, adapted or not. For policies of a few million
 * parameters that is little; for large ones trained through their adapter alone, it is what LoRA set out to save.
 *
 * Used by `policy.ts`.
 */

import type { Pass } from '../gpu/profile';
import {
  type AdapterSpec,
  adaptedLinears,
  adaptedNorms,
  layoutAdapter,
  nameOfA,
  nameOfB,
  nameOfOffset,
} from './adapter-layout';
import { bindingLimit, type DeviceTensor } from './layout';
import { ALL_KINDS, Parameters } from './parameters';
import { SHADERS } from './shaders';
import { encodeOps, f32, type Op, perElement, type Workspace } from './workspace';

export class Adapter {
  /** `MODULE.lora_A.weight` [rank, in], `MODULE.lora_B.weight` [out, rank], `MODULE.offset` [width]; zero at first. */
  readonly parameters: Parameters;
  /** What the adapter's rows go through. */
  readonly merged: Parameters;
  private readonly merge: Op[] = [];
  private readonly backward: Op[] = [];
  /** Versions of base and adapter that `merged` was made of. */
  private mergedFrom = '';

  constructor(
    private readonly workspace: Workspace,
    private readonly base: Parameters,
    readonly spec: AdapterSpec,
  ) {
    const { config, capacity, gpu, pool } = workspace;
    const limit = bindingLimit(gpu.device.limits);
    const trained = capacity.trained;
    this.parameters = new Parameters(
      gpu,
      layoutAdapter(config, spec, limit),
      'adapter',
      trained ? ALL_KINDS : ['weights'],
      pool,
    );
    this.merged = new Parameters(
      gpu,
      base.layout,
      'merged',
      trained ? ['weights', 'gradient'] : ['weights'],
      pool,
    );
    for (const { module, inputs, outputs } of adaptedLinears(config, spec))
      this.addLinear(module, inputs, outputs);
    for (const { module, width } of adaptedNorms(config, spec)) this.addNorm(module, width);
  }

  /** Makes `merged` anew where the base's weights or the adapter's have changed; before every pass through it. */
  refresh(): void {
    const from = `${this.base.version} ${this.parameters.version}`;
    if (from === this.mergedFrom) return;
    const encoder = this.workspace.device.createCommandEncoder({ label: 'adapter.merge' });
    const merged = this.merged.arenas('weights');
    this.base.arenas('weights').forEach((source, i) => {
      encoder.copyBufferToBuffer(source, 0, merged[i], 0, source.size);
    });
    const pass = this.workspace.begin(encoder);
    encodeOps(pass, this.merge, 1);
    pass.end();
    this.workspace.device.queue.submit([encoder.finish()]);
    this.mergedFrom = from;
    this.merged.version++;
  }

  /** Adds what the gradient of `merged` means for the factors and offsets to theirs; once a batch. */
  encodeGradient(pass: Pass): void {
    encodeOps(pass, this.backward, 1);
  }

  private addLinear(module: string, inputs: number, outputs: number): void {
    const { workspace, parameters, merged, spec } = this;
    const { tensor, first } = this.place(module);
    const { rank } = spec;
    const shape = [rank, outputs, inputs, first, f32(spec.alpha / rank)];
    const [nameA, nameB] = [nameOfA(module), nameOfB(module)];
    const a = parameters.range(nameA);
    const b = parameters.range(nameB);
    const once = (values: number) => () => perElement(values)(1);
    this.merge.push(
      workspace.op(
        SHADERS.loraMerge,
        { a, b, merged: merged.range(tensor.name) },
        { shape, grid: once(outputs * inputs) },
      ),
    );
    if (!workspace.capacity.trained) return;
    const dw = merged.range(tensor.name, 'gradient');
    // Rollouts are made without it.
    const backward = workspace.gpu.kernels.needed('later', () => [
      workspace.op(
        SHADERS.loraBackwardA,
        { b, dw, da: parameters.range(nameA, 'gradient') },
        { shape, grid: once(rank * inputs) },
      ),
      workspace.op(
        SHADERS.loraBackwardB,
        { a, dw, db: parameters.range(nameB, 'gradient') },
        { shape, grid: once(outputs * rank) },
      ),
    ]);
    this.backward.push(...backward);
  }

  private addNorm(module: string, width: number): void {
    const { workspace, parameters, merged } = this;
    const { tensor } = this.place(module);
    const name = nameOfOffset(module);
    const size = workspace.pool.uniform('adapter.norm', new Uint32Array([width]));
    // One slice added to the total is the sum of two vectors.
    const add = (slices: ReturnType<Parameters['range']>, total: ReturnType<Parameters['range']>) =>
      workspace.op(
        SHADERS.accumulateSlices,
        { size, slices, total },
        { constants: { SLICES: 1 }, sizes: { count: width }, grid: () => perElement(width)(1) },
      );
    this.merge.push(add(parameters.range(name), merged.range(tensor.name)));
    if (workspace.capacity.trained)
      this.backward.push(add(merged.range(tensor.name, 'gradient'), parameters.range(name, 'gradient')));
  }

  /** The device tensor that holds a module's weight, and the float in it where the weight begins. */
  private place(module: string): { tensor: DeviceTensor; first: number } {
    const { parts, tensors } = this.merged.layout;
    const part = parts.find(({ name }) => name === `${module}.weight`);
    const tensor = [...tensors.values()].find(
      (t) =>
        t.arena === part?.arena && t.offset <= part.offset && part.offset < t.offset + t.rows * t.columns,
    );
    if (!part || !tensor) throw new Error(`internal: no weight of a module named ${module}`);
    return { tensor, first: part.offset - tensor.offset };
  }
}
