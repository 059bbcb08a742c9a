/** The benchmark's host in Node: Dawn for WebGPU, models from the disk. Bundled and called by run.mjs. */
import { readFileSync } from 'node:fs';
import { freemem, loadavg } from 'node:os';
import { join } from 'node:path';
import { bench } from './main';
import type { OrtRuntime } from './peers/ort';
import type { BenchReport } from './report';

export { writePytorchCases } from './pytorch';

export async function benchInNode(
  root: string,
  gpu: GPU,
  options: {
    quick: boolean;
    parts: readonly string[];
    versions: Record<string, string>;
    machine: string;
    /** Of an earlier run, on which this one goes on. */
    before: BenchReport | null;
    /** Hears of what there is so far. */
    keep(report: BenchReport): void;
  },
  /** Imports a package that must not be bundled. */
  load: (name: string) => Promise<unknown>,
): Promise<BenchReport> {
  const ort = (name: string, specifier: string, provider: OrtRuntime['provider']) => ({
    name,
    async open(): Promise<OrtRuntime> {
      if (provider === 'webgpu') copySharedMemory();
      const module = (await load(specifier)) as OrtRuntime['ort'];
      module.env.logLevel = 'error';
      module.env.wasm.numThreads = 1;
      return { name, ort: module, provider };
    },
  });
  return bench(
    {
      gpu,
      runtime: `Node ${process.versions.node}, Dawn (webgpu ${options.versions.webgpu})`,
      machine: options.machine,
      versions: options.versions,
      readModel: async (name) => ({
        config: readFileSync(join(root, 'public/models', name, 'config.json'), 'utf8'),
        weights: readFileSync(join(root, 'public/models', name, 'model.safetensors')),
      }),
      ort: [
        ort('ort wasm', 'onnxruntime-web', 'wasm'),
        ort('ort webgpu', 'onnxruntime-web/webgpu', 'webgpu'),
      ],
      heap: globalThis.gc
        ? () => {
            globalThis.gc?.();
            return process.memoryUsage().heapUsed;
          }
        : null,
      load: () => loadavg()[0].toFixed(2),
      note: (text) => console.error(text),
      freeMemory: freemem,
      before: options.before,
      keep: options.keep,
    },
    options,
  );
}

/**
 * ONNX Runtime's memory is shared even with one thread, and Dawn's binding for Node refuses to write a buffer from shared
 * memory ("Invalid argument"), which browsers do not: here a copy stands between.
 */
function copySharedMemory(): void {
  const { prototype } = GPUQueue;
  const write = prototype.writeBuffer;
  prototype.writeBuffer = function (buffer, offset, data, first = 0, size) {
    const memory = ArrayBuffer.isView(data) ? data.buffer : data;
    if (!(memory instanceof SharedArrayBuffer))
      return write.call(this, buffer, offset, data as BufferSource, first, size);
    const unit = ArrayBuffer.isView(data) && 'BYTES_PER_ELEMENT' in data ? Number(data.BYTES_PER_ELEMENT) : 1;
    const start = (ArrayBuffer.isView(data) ? data.byteOffset : 0) + first * unit;
    const bytes = size === undefined ? data.byteLength - first * unit : size * unit;
    return write.call(this, buffer, offset, new Uint8Array(memory, start, bytes).slice());
  };
}
