/**
 * The buffers and operations a policy computes with.
 *
 * `OpMaker` binds kernels; `Workspace` is one that has every buffer of the memory plan by name. `Op` is a bound kernel
 * with its grid as a function of how many rows there are this time: the model binds all of its operations once, and a
 * step only encodes them.
 */
import type { BufferPool, Gpu } from '../gpu/device';
import { type BoundKernel, type BufferRange, flatGrid, type Grid, type ShaderFile } from '../gpu/kernel';
import { type KernelUse, type Pass, type PassExtent, type Profile, ProfiledPass } from '../gpu/profile';
import { type ConstantValue, parseStruct, wholeOf } from '../gpu/shader';
import type { LlamaConfig } from './config';
import { type Capacity, planWorkspace } from './plan';

/** One dispatch of a step; `count` is the extent's: tokens, active tokens of a chunk, rows. */
export interface Op {
  kernel: BoundKernel;
  grid(count: number): Grid;
  /** What a profile knows it by. */
  use: KernelUse;
  /** The same by another kernel, taken instead for at most so many rows once it is compiled: with the same bits. */
  few?: { most: number; op: Op };
}

export function encodeOps(pass: Pass, ops: readonly Op[], count: number): void {
  if (count === 0) return;
  for (const each of ops) {
    const { few } = each;
    const op = few && count <= few.most && few.op.kernel.isCompiled ? few.op : each;
    if (pass instanceof ProfiledPass) pass.about(op.use, count);
    op.kernel.encode(pass, op.grid(count));
  }
}

/** Says to a profile, where one is taken, what a pass runs over from here on. */
export function passOver(pass: Pass, extent: () => PassExtent): void {
  if (pass instanceof ProfiledPass) pass.extent = extent();
}

/** A value of a uniform buffer: an integer, or `f32(x)`. */
export type UniformValue = number | { f32: number };
export const f32 = (value: number): UniformValue => ({ f32: value });

/** Values packed as WGSL lays out a struct of 4-byte members. */
export function packUniform(values: readonly UniformValue[]): ArrayBuffer {
  const view = new DataView(new ArrayBuffer(values.length * 4));
  values.forEach((value, i) => {
    if (typeof value === 'number') view.setUint32(i * 4, value, true);
    else view.setFloat32(i * 4, value.f32, true);
  });
  return view.buffer;
}

/** How many rows an operation works on, and where it starts: a uniform the host writes before a submission. */
export class Extent {
  readonly buffer: GPUBuffer;

  constructor(
    private readonly device: GPUDevice,
    pool: BufferPool,
    label: string,
  ) {
    this.buffer = pool.uniform(`extent.${label}`, packUniform([0, 0]));
  }

  write(count: number, start = 0): void {
    this.device.queue.writeBuffer(this.buffer, 0, packUniform([count, start]));
  }
}

/** Makes operations over buffers: those of a workspace by name, or any that are handed over. */
export class OpMaker {
  readonly device: GPUDevice;
  /** Taken of all that is encoded, while there is one. */
  profile: Profile | null = null;
  protected readonly buffers = new Map<string, GPUBuffer>();

  constructor(
    readonly gpu: Gpu,
    readonly pool: BufferPool,
  ) {
    this.device = gpu.device;
  }

  buffer(name: string): GPUBuffer {
    const buffer = this.buffers.get(name);
    if (!buffer) throw new Error(`internal: the workspace has no buffer ${name}`);
    return buffer;
  }

  extent(label: string): Extent {
    return new Extent(this.device, this.pool, label);
  }

  /** A compute pass of the encoder; every pass of the model begins here. */
  begin(encoder: GPUCommandEncoder): Pass {
    return this.profile ? this.profile.begin(encoder) : encoder.beginComputePass();
  }

  /** Encodes one compute pass and submits it. */
  submit(label: string, encode: (pass: Pass) => void): void {
    const encoder = this.device.createCommandEncoder({ label });
    const pass = this.begin(encoder);
    encode(pass);
    pass.end();
    this.device.queue.submit([encoder.finish()]);
  }

  /**
   * Binds a kernel; `shape` fills its uniform struct, names of workspace buffers stand for the buffers. `sizes` are
   * sizes that it has from elsewhere: for a profile, which cannot read a uniform.
   */
  op(
    file: ShaderFile,
    buffers: Record<string, BufferRange | string | Extent>,
    options: {
      shape?: readonly UniformValue[];
      constants?: Record<string, ConstantValue>;
      sizes?: Readonly<Record<string, number>>;
      grid: (count: number) => Grid;
    },
  ): Op {
    const bound: Record<string, BufferRange> = {};
    for (const [name, value] of Object.entries(buffers))
      bound[name] =
        typeof value === 'string' ? this.buffer(value) : value instanceof Extent ? value.buffer : value;
    if (options.shape) bound.shape = this.pool.uniform(`${file.name}.shape`, packUniform(options.shape));
    const { shape = [], constants = {}, sizes } = options;
    const names = parseStruct(wholeOf(file), 'Shape');
    const known = Object.fromEntries(
      shape.map((value, i) => [names[i], typeof value === 'number' ? value : value.f32]),
    );
    return {
      kernel: this.gpu.kernels.bind(file, bound, constants),
      grid: options.grid,
      use: { kernel: file.name, shape: { ...known, ...sizes }, constants },
    };
  }
}

export class Workspace extends OpMaker {
  constructor(
    gpu: Gpu,
    readonly config: LlamaConfig,
    readonly capacity: Capacity,
    pool: BufferPool,
  ) {
    super(gpu, pool);
    for (const [name, values] of Object.entries(planWorkspace(config, capacity)))
      this.buffers.set(name, pool.storage(`workspace.${name}`, values));
    this.write('angles', ropeAngles(config, Math.max(capacity.tokens, capacity.cacheLength)));
  }

  /** Writes `data` at the start of a buffer. */
  write(name: string, data: Uint32Array | Float32Array): void {
    if (data.length > 0)
      this.device.queue.writeBuffer(this.buffer(name), 0, data as Uint32Array<ArrayBuffer>);
  }

  /** The first values of a buffer, through a staging buffer of their own. */
  async read(name: string, values: number): Promise<Float32Array> {
    if (values === 0) return new Float32Array(0);
    const { device } = this;
    const staging = device.createBuffer({
      label: 'workspace.read',
      size: values * 4,
      usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
    });
    const encoder = device.createCommandEncoder();
    encoder.copyBufferToBuffer(this.buffer(name), 0, staging, 0, values * 4);
    device.queue.submit([encoder.finish()]);
    await staging.mapAsync(GPUMapMode.READ);
    const data = new Float32Array(staging.getMappedRange().slice(0));
    staging.destroy();
    return data;
  }
}

/** Grid of one invocation for each of `count` x `each` elements. */
export const perElement =
  (each: number) =>
  (count: number): Grid =>
    flatGrid(count * each);

/** Grid of x workgroups a row, rows in y, and in z where they are too many for it. */
export function perRow(x: number, rows: number): Grid {
  const z = Math.ceil(rows / 65535);
  return [x, Math.ceil(rows / z), z];
}

/** Floats that a kernel with VECTOR moves at a time, where these are the sizes that it must divide. */
export const vectorOf = (...sizes: number[]): number => (sizes.every((size) => size % 4 === 0) ? 4 : 1);

/** Grid of workgroups of 8 x 32 invocations, one for each of `columns` of `count` rows. */
export const perTile =
  (columns: number) =>
  (count: number): Grid => [Math.ceil(columns / 8), Math.ceil(count / 32), 1];

/**
 * [positions, P]: P / 2 cosines and then P / 2 sines of position * theta^(-2 i / P), in double precision before rounding.
 * Source: arXiv 2104.09864; the layout is Hugging Face's.
 */
function ropeAngles(config: LlamaConfig, positions: number): Float32Array<ArrayBuffer> {
  const pairs = config.head_dim / 2;
  const table = new Float32Array(positions * pairs * 2);
  for (let p = 0; p < positions; p++)
    for (let i = 0; i < pairs; i++) {
      const angle = p * config.rope_theta ** ((-2 * i) / config.head_dim);
      table[p * 2 * pairs + i] = Math.cos(angle);
      table[p * 2 * pairs + pairs + i] = Math.sin(angle);
    }
  return table;
}
