/**
 * Node's WebGPU: Dawn, from the npm package `webgpu`. Pages and workers have `navigator.gpu` instead.
 */
import { create, globals } from 'webgpu';

let gpu: GPU | undefined;

/** The one instance of the process; also puts WebGPU's constants on the global object. */
export function nodeGpu(): GPU {
  if (!gpu) {
    Object.assign(globalThis, globals);
    gpu = create([]);
  }
  return gpu;
}
