/** The benchmark's host in a browser. run.mjs opens the page, calls `benchInPage` and takes its result. */
import { bench } from './main';
import type { OrtRuntime } from './peers/ort';
import type { BenchReport } from './report';

interface Options {
  quick: boolean;
  parts: readonly string[];
  versions: Record<string, string>;
  runtime: string;
  machine: string;
  /** Bytes that the machine had free as the page was opened. */
  freeMemory: number;
  before: BenchReport | null;
}

/** What the browser was started with, for measuring: a collection of garbage on demand, a heap that is no estimate. */
const measured = window as unknown as {
  gc?(): void;
  /** Of run.mjs. */
  keepReport?(report: BenchReport): void;
};
const { memory } = performance as unknown as { memory?: { usedJSHeapSize: number } };

async function benchInPage(options: Options): Promise<BenchReport> {
  const file = async (path: string) => {
    const response = await fetch(new URL(`/${path}`, location.href));
    if (!response.ok) throw new Error(`${path}: expected a file, got status ${response.status}`);
    return response;
  };
  const ort = (name: string, load: () => Promise<unknown>, provider: OrtRuntime['provider']) => ({
    name,
    async open(): Promise<OrtRuntime> {
      const module = (await load()) as OrtRuntime['ort'];
      module.env.logLevel = 'error';
      module.env.wasm.numThreads = 1;
      module.env.wasm.wasmPaths = new URL('/node_modules/onnxruntime-web/dist/', location.href).href;
      return { name, ort: module, provider };
    },
  });
  return bench(
    {
      gpu: navigator.gpu,
      runtime: options.runtime,
      machine: options.machine,
      versions: options.versions,
      readModel: async (name) => ({
        config: await (await file(`models/${name}/config.json`)).text(),
        weights: new Uint8Array(await (await file(`models/${name}/model.safetensors`)).arrayBuffer()),
      }),
      ort: [
        ort('ort wasm', () => import('onnxruntime-web/wasm'), 'wasm'),
        ort('ort webgpu', () => import('onnxruntime-web/webgpu'), 'webgpu'),
      ],
      heap:
        measured.gc && memory
          ? () => {
              measured.gc?.();
              return memory.usedJSHeapSize;
            }
          : null,
      load: () => 'not known in a page',
      note: (text) => console.log(text),
      freeMemory: () => options.freeMemory,
      before: options.before,
      keep: (report) => measured.keepReport?.(report),
    },
    options,
  );
}

Object.assign(window, { benchInPage });
