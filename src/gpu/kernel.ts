/**
 * Kernels: compiled compute pipelines with their buffers bound, ready to be encoded.
 *
 * `Kernels` is the cache: one pipeline for each (file, constants), compiled once, asynchronously and in
 * parallel. `BoundKernel` is a pipeline with one bind group; the model makes all of them up front, so that a
 * step in steady state creates neither pipelines nor bind groups. Knows no model.
 */
import { CompileQueue, compareUrgency, isNeededBy, type Urgency } from './compile-queue';
import type { Pass } from './profile';
import {
  type Binding,
  type ConstantValue,
  parseBindings,
  parseEntryPoint,
  type ShaderFile,
  specialise,
  wholeOf,
} from './shader';

export type { ShaderFile };

/** A whole buffer, or the part of one from `offset` (bytes, a multiple of 256) of `size` bytes. */
export type BufferRange = GPUBuffer | { buffer: GPUBuffer; offset: number; size: number };

/** Workgroups in x, y and z. */
export type Grid = readonly [number, number, number];

/** A shader that does not compile, with line, column and source line. Lines count from the end of the prelude. */
export class ShaderError extends Error {
  constructor(name: string, messages: readonly GPUCompilationMessage[], code: string, preludeLines = 0) {
    const lines = code.split('\n');
    const texts = messages.map(({ lineNum, linePos, message }) => {
      const line =
        lineNum > preludeLines
          ? `${name}.wgsl:${lineNum - preludeLines}`
          : `prelude of ${name}.wgsl:${lineNum}`;
      return `${line}:${linePos}: ${message}\n  ${lines[lineNum - 1] ?? ''}`;
    });
    super(texts.join('\n'));
    this.name = 'ShaderError';
  }
}

/** Told how many of the kernels that are waited for are compiled. */
export type OnCompiled = (done: number, total: number) => void;

/** What a kernel is compiled from. */
export interface KernelSource {
  file: ShaderFile;
  constants: Readonly<Record<string, ConstantValue>>;
}

/** Something with kernels of its own. */
export interface Building<T> {
  built: T;
  /** Those of its kernels that are needed by then, the most urgent first. */
  sources(by: Urgency): KernelSource[];
  /** Resolves when those of its kernels are compiled that are needed by then. @throws ShaderError */
  ready(by: Urgency, onProgress?: OnCompiled): Promise<void>;
}

/** What is asked for while something is built. */
interface Asked {
  kernels: Map<string, { compiled: Compiled; urgency: Urgency }>;
  /** Nothing of it is needed later than the rest. */
  alike: boolean;
  /** Before that, what is not needed first or next is not begun. */
  until: Promise<unknown> | undefined;
}

interface Compiled {
  source: KernelSource;
  pipeline: GPUComputePipeline | null;
  ready: Promise<void>;
  /** Somebody waits for it, or needs it sooner. */
  hurry(by: Urgency): void;
  layout: GPUBindGroupLayout;
  bindings: Binding[];
}

/**
 * Pipelines that are compiled at a time: as many as drivers have threads for. The others wait in the order in which they
 * were asked for, which the driver's own threads do not keep: what is asked for first is needed first.
 */
const COMPILED_AT_ONCE = 4;

/** Most workgroups a dispatch may have in one dimension (WebGPU's guaranteed limit). */
const MAX_GROUPS = 65535;

/** Grid of at least `count` invocations in workgroups of 64, for kernels that number their groups row by row. */
export function flatGrid(count: number): Grid {
  const groups = Math.ceil(count / 64);
  if (groups <= MAX_GROUPS) return [groups, 1, 1];
  const y = Math.ceil(groups / MAX_GROUPS);
  return [Math.ceil(groups / y), y, 1];
}

export class Kernels {
  private readonly cache = new Map<string, Compiled>();
  private readonly queue = new CompileQueue(COMPILED_AT_ONCE);
  private asked: Asked | null = null;
  private urgency: Urgency = 'first';

  constructor(readonly device: GPUDevice) {}

  /** Begins to compile what is going to be asked for: whoever does so waits as much less. @throws what `bind` throws. */
  foresee({ file, constants }: KernelSource): void {
    this.compile(file, constants);
  }

  /** Whether any is being compiled now, which takes the processor, and with a software adapter the device itself. */
  get isCompiling(): boolean {
    return this.queue.isBusy;
  }

  /** Pipelines made so far, for the test that a steady step makes none. */
  get size(): number {
    return this.cache.size;
  }

  /**
   * A kernel with its buffers bound by the names in the file.
   * @throws Error when a binding of the file is missing or an unknown one is given.
   */
  bind(
    file: ShaderFile,
    buffers: Readonly<Record<string, BufferRange>>,
    constants: Readonly<Record<string, ConstantValue>> = {},
  ): BoundKernel {
    const compiled = this.compile(file, constants);
    const unknown = Object.keys(buffers).filter((name) => !compiled.bindings.some((b) => b.name === name));
    if (unknown.length > 0) throw new Error(`kernel ${file.name}: no binding named ${unknown.join(', ')}`);
    const entries = compiled.bindings.map(({ name, index }) => {
      const range = buffers[name];
      if (!range) throw new Error(`kernel ${file.name}: binding ${name} is missing`);
      return { binding: index, resource: 'buffer' in range ? range : { buffer: range } };
    });
    const group = this.device.createBindGroup({
      label: `${file.name}.bindings`,
      layout: compiled.layout,
      entries,
    });
    return new BoundKernel(file.name, compiled, group);
  }

  /**
   * Does `build`, which must not wait, and tells what it made from the kernels that it asked for: they alone are waited
   * for, not what others have asked for by then.
   * @param options.alike nothing is needed later than the rest.
   * @param options.until what is not needed first or next is not begun before that, unless somebody waits for it.
   */
  building<T>(
    build: () => T,
    { alike = false, until }: Partial<Pick<Asked, 'alike' | 'until'>> = {},
  ): Building<T> {
    const outer = this.asked;
    const asked: Asked = { kernels: new Map(), alike, until };
    this.asked = asked;
    try {
      const built = build();
      const neededBy = (by: Urgency) =>
        [...asked.kernels].filter(([, { urgency }]) => isNeededBy(urgency, by));
      return {
        built,
        sources: (by) =>
          neededBy(by)
            .sort(([, a], [, b]) => compareUrgency(a.urgency, b.urgency))
            .map(([, { compiled }]) => compiled.source),
        ready: (by, onProgress) =>
          this.compiled(
            neededBy(by).map(([key, { compiled }]) => [key, compiled]),
            onProgress,
          ),
      };
    } finally {
      this.asked = outer;
    }
  }

  /** Whether somebody waits for what is asked for now, more than for what is asked for as needed soon or later. */
  get isHurried(): boolean {
    const { asked, urgency } = this;
    return asked?.until !== undefined && !asked.alike && isNeededBy(urgency, 'next');
  }

  /** What `build` asks for is compiled after what is needed first, or when nothing else waits to be. */
  needed<T>(urgency: Urgency, build: () => T): T {
    const outer = this.urgency;
    this.urgency = urgency;
    try {
      return build();
    } finally {
      this.urgency = outer;
    }
  }

  /** Waits until every kernel asked for so far is compiled. @throws ShaderError */
  ready(onProgress?: OnCompiled): Promise<void> {
    return this.compiled([...this.cache], onProgress);
  }

  private async compiled(
    all: readonly (readonly [key: string, Compiled])[],
    onProgress?: OnCompiled,
  ): Promise<void> {
    let done = 0;
    onProgress?.(0, all.length);
    for (const [, each] of all) each.hurry('later');
    await Promise.all(
      all.map(async ([key, each]) => {
        try {
          await each.ready;
        } catch (error) {
          // Forgotten, so that what does not need this kernel can go on.
          this.cache.delete(key);
          throw error;
        }
        onProgress?.(++done, all.length);
      }),
    );
  }

  /** Gives up a kernel that was only tried, so that its failure is nobody else's. */
  forget(kernel: BoundKernel): void {
    for (const [key, compiled] of this.cache) if (kernel.isOf(compiled)) this.cache.delete(key);
  }

  private compile(file: ShaderFile, constants: Readonly<Record<string, ConstantValue>>): Compiled {
    const key = `${file.name} ${JSON.stringify(Object.entries(constants).sort())}`;
    const { asked, cache } = this;
    const urgency = asked?.alike ? 'first' : this.urgency;
    const until = isNeededBy(urgency, 'next') ? undefined : asked?.until;
    const compiled = cache.get(key) ?? this.begin(file, constants, urgency, until);
    if (!until) compiled.hurry(urgency);
    cache.set(key, compiled);
    const before = asked?.kernels.get(key)?.urgency ?? urgency;
    asked?.kernels.set(key, { compiled, urgency: isNeededBy(before, urgency) ? before : urgency });
    return compiled;
  }

  private begin(
    file: ShaderFile,
    constants: Readonly<Record<string, ConstantValue>>,
    urgency: Urgency,
    until: Promise<unknown> | undefined,
  ): Compiled {
    const code = specialise(file.name, wholeOf(file), constants);
    const bindings = parseBindings(code);
    const layout = this.device.createBindGroupLayout({
      label: `${file.name}.layout`,
      entries: bindings.map(({ index, type }) => ({
        binding: index,
        visibility: GPUShaderStage.COMPUTE,
        buffer: { type },
      })),
    });
    const preludeLines = file.prelude ? file.prelude.split('\n').length : 0;
    const build = () => this.build(file.name, code, layout, preludeLines);
    const { done, hurry } = this.queue.enter(build, urgency, until);
    const ready = done.then((pipeline) => {
      compiled.pipeline = pipeline;
    });
    const source = { file, constants };
    const compiled: Compiled = { source, pipeline: null, ready, hurry, layout, bindings };
    // Reported by `ready`; without this an early failure would count as unhandled.
    compiled.ready.catch(() => {});
    return compiled;
  }

  private async build(
    name: string,
    code: string,
    layout: GPUBindGroupLayout,
    preludeLines: number,
  ): Promise<GPUComputePipeline> {
    // What is wrong with it is told by `getCompilationInfo`, and to nobody else.
    this.device.pushErrorScope('validation');
    const module = this.device.createShaderModule({ label: name, code });
    void this.device.popErrorScope();
    try {
      return await this.device.createComputePipelineAsync({
        label: name,
        layout: this.device.createPipelineLayout({ bindGroupLayouts: [layout] }),
        compute: { module, entryPoint: parseEntryPoint(name, code) },
      });
    } catch (error) {
      const { messages } = await module.getCompilationInfo();
      const errors = messages.filter((m) => m.type === 'error');
      if (errors.length > 0) throw new ShaderError(name, errors, code, preludeLines);
      throw new Error(`kernel ${name}: ${error instanceof Error ? error.message : error}`);
    }
  }
}

/** A pipeline with its bind group. */
export class BoundKernel {
  constructor(
    readonly name: string,
    private readonly compiled: Compiled,
    private readonly group: GPUBindGroup,
  ) {}

  /** Resolves once it can be encoded. @throws ShaderError */
  get ready(): Promise<void> {
    this.compiled.hurry('later');
    return this.compiled.ready;
  }

  get isCompiled(): boolean {
    return this.compiled.pipeline !== null;
  }

  isOf(compiled: Compiled): boolean {
    return this.compiled === compiled;
  }

  /** Encodes one dispatch. A grid with a zero in it encodes nothing. */
  encode(pass: Pass, [x, y, z]: Grid): void {
    if (x === 0 || y === 0 || z === 0) return;
    if (!this.compiled.pipeline) throw new Error(`internal: kernel ${this.name} is not compiled yet`);
    pass.setPipeline(this.compiled.pipeline);
    pass.setBindGroup(0, this.group);
    pass.dispatchWorkgroups(x, y, z);
  }
}
