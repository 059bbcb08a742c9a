/** The benchmark's host in Node: Dawn for WebGPU, models from the disk. Bundled and called by run.mjs. */
import { readFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { bench } from './main';
import type { OrtRuntime } from './peers/ort';
import type { BenchReport } from './report';

export async function benchInNode(
  root: string,
  gpu: GPU,
  options: {
    quick: boolean;
    parts: readonly string[];
    versions: Record<string, string>;
    machine: string;
    /** Hears of what there is so far. */
    keep(report: BenchReport): void;
  },
  /** Imports a package that must not be bundled. */
  load: (name: string) => Promise<unknown>,
): Promise<BenchReport> {
  const ort = (name: string, specifier: string, provider: OrtRuntime['provider']) => ({
    name,
    async open(): Promise<OrtRuntime> {
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
      keep: options.keep,
    },
    options,
  );
}
