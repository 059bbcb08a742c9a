/** What ONNX Runtime weighs, so that the page can say it before anything is fetched. A test holds it to the package. */
import type { OrtEngine } from './ort-policy';

/** Bytes of each engine's WebAssembly, which is nearly all there is to it. */
export const RUNTIME_BYTES: Readonly<Record<OrtEngine, number>> = {
  wasm: 14_239_897,
  webgpu: 26_781_914,
};

/** The runtime could not be had, or this browser does not let it run. */
export class RuntimeError extends Error {
  constructor(
    readonly code: 'runtime-missing' | 'runtime-blocked' | 'runtime-webgpu',
    message: string,
    readonly remedy: string,
  ) {
    super(message);
    this.name = 'RuntimeError';
  }
}

const reason = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown));

/** @param thrown by `fetch`, or the words for an answer that is no file. */
export const runtimeMissing = (thrown: unknown): RuntimeError =>
  new RuntimeError(
    'runtime-missing',
    `ONNX Runtime could not be fetched (${reason(thrown)}).`,
    'It comes from the same address as this page: check the connection, then try again. Nothing else of the page needs it.',
  );

export const runtimeBlocked = (thrown: unknown): RuntimeError =>
  new RuntimeError(
    'runtime-blocked',
    `This browser does not let WebAssembly run here (${reason(thrown)}).`,
    'Switch it on (Safari: Lockdown Mode off for this site), or serve the page with a content security policy that allows ‘wasm-unsafe-eval’.',
  );

export const webGpuRefused = (thrown: unknown): RuntimeError =>
  new RuntimeError(
    'runtime-webgpu',
    `ONNX Runtime could not use the GPU (${reason(thrown)}).`,
    'Choose WebAssembly instead; it needs no GPU.',
  );
