/**
 * Node's WebGPU: Dawn, from the npm package `webgpu`. Pages and workers have `navigator.gpu` instead.
 */
import { type Gpu, GpuUnavailable, openGpu } from '../../gpu/device';

// Held for as long as the process lives: Dawn's objects must not outlive the instance they come from.
let instance: Promise<GPU> | undefined;

/**
 * The one instance of the process; also puts WebGPU's constants on the global object. Loaded when first asked for,
 * so that commands that need no GPU work where Dawn does not.
 * @throws GpuUnavailable when Dawn cannot be loaded here.
 */
export function nodeGpu(): Promise<GPU> {
  instance ??= load();
  return instance;
}

async function load(): Promise<GPU> {
  try {
    const { create, globals } = await import('webgpu');
    Object.assign(globalThis, globals);
    return create([]);
  } catch (error) {
    throw new GpuUnavailable(
      'no-webgpu',
      `Dawn, the WebGPU of Node, could not be loaded: ${error instanceof Error ? error.message : error}.`,
      'It runs on Linux (glibc 2.34 or newer), macOS and Windows; install the packages anew with npm ci.',
    );
  }
}

/** A device of its own. @throws GpuUnavailable */
export async function openNodeGpu(): Promise<Gpu> {
  return openGpu(await nodeGpu());
}

/** Runs `work` on a device that is gone afterwards, whatever comes of it. */
export async function withNodeGpu<T>(work: (gpu: Gpu) => Promise<T>): Promise<T> {
  const gpu = await openNodeGpu();
  try {
    return await Promise.race([work(gpu), gpu.lost]);
  } catch (error) {
    // When the device was lost, that is the cause of whatever else was thrown.
    throw gpu.failure() ?? error;
  } finally {
    gpu.device.destroy();
  }
}
