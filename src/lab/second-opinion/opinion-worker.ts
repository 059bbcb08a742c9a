/**
 * The thread of the second opinion: a worker around its service, apart from the trainer's, so that it computes while
 * training has the GPU. ONNX Runtime's files are the project's own, and are fetched when a job first needs them.
 */
import webgpuUrl from 'onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm?url';
import wasmUrl from 'onnxruntime-web/ort-wasm-simd-threaded.wasm?url';
import { ModelFileError } from '../errors';
import type { OrtEngine, OrtRuntime } from './ort-policy';
import type { OpinionCommand, OpinionMessage, OpinionOpening } from './protocol';
import { RUNTIME_BYTES, runtimeBlocked, runtimeMissing } from './runtime-files';
import { SecondOpinion } from './service';

/** The part of a dedicated worker's global scope that is used; the page's types are the project's only ones. */
interface WorkerScope {
  postMessage(message: OpinionMessage, transfer: Transferable[]): void;
  addEventListener(
    type: 'message',
    listener: (event: MessageEvent<OpinionCommand | OpinionOpening>) => void,
  ): void;
}
const scope = self as unknown as WorkerScope;

/** Where public files are served from; the page knows, a worker does not. */
let base = '';
const started: Partial<Record<OrtEngine, OrtRuntime>> = {};

async function body(
  response: Response,
  expected: number,
  onBytes: (done: number, total: number) => void,
): Promise<Uint8Array<ArrayBuffer>> {
  // What a server compresses is longer than it says.
  const total = expected || Number(response.headers.get('content-length')) || 0;
  if (!response.body) return new Uint8Array(await response.arrayBuffer());
  const reader = response.body.getReader();
  const parts: Uint8Array[] = [];
  let done = 0;
  for (;;) {
    const { value, done: over } = await reader.read();
    if (over) break;
    parts.push(value);
    done += value.length;
    onBytes(done, Math.max(total, done));
  }
  const bytes = new Uint8Array(done);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** A development server answers a missing file with its page. */
const isPage = (response: Response) => response.headers.get('content-type')?.includes('text/html') ?? false;

const service = new SecondOpinion({
  send: (message, transfer = []) => scope.postMessage(message, transfer),
  async runtime(engine, onBytes, signal) {
    const known = started[engine];
    if (known) return known;
    if (typeof WebAssembly === 'undefined') throw runtimeBlocked('there is no WebAssembly');
    let wasmBinary: Uint8Array<ArrayBuffer>;
    try {
      onBytes(0, RUNTIME_BYTES[engine]);
      const response = await fetch(engine === 'wasm' ? wasmUrl : webgpuUrl, { signal });
      if (!response.ok || isPage(response)) throw new Error(`status ${response.status}`);
      wasmBinary = await body(response, RUNTIME_BYTES[engine], onBytes);
    } catch (thrown) {
      throw runtimeMissing(thrown);
    }
    try {
      await WebAssembly.compile(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0));
    } catch (thrown) {
      throw runtimeBlocked(thrown);
    }
    const ort = await (engine === 'wasm'
      ? import('onnxruntime-web/wasm')
      : import('onnxruntime-web/webgpu')
    ).catch((thrown: unknown) => {
      throw runtimeMissing(thrown);
    });
    // More threads would need headers that pages of their own seldom have, and training needs the cores.
    ort.env.wasm.numThreads = 1;
    ort.env.wasm.wasmBinary = wasmBinary.buffer;
    ort.env.logLevel = 'error';
    started[engine] = ort;
    return ort;
  },
  async fetchFile(path, onBytes, signal) {
    let response: Response;
    try {
      response = await fetch(new URL(path, base), { signal });
      if (response.ok && !isPage(response)) return await body(response, 0, onBytes);
    } catch (thrown) {
      throw new ModelFileError(
        `${path}: could not be fetched (${thrown instanceof Error ? thrown.message : thrown})`,
        'Check the connection and try again.',
      );
    }
    throw new ModelFileError(
      `${path}: expected a file, got ${response.ok ? 'a page' : `status ${response.status}`}`,
    );
  },
});

scope.addEventListener('message', ({ data }) => {
  if (data.type === 'open') base = data.baseUrl;
  else void service.obey(data);
});
