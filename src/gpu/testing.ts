/** The device of the tests that need one: Node's Dawn. A run that finds no adapter fails, it does not skip. */
import { create, globals } from 'webgpu';
import { type Gpu, openGpu } from './device';

let opened: Promise<Gpu> | undefined;

/** One device for a test file. */
export function openTestGpu(): Promise<Gpu> {
  Object.assign(globalThis, globals);
  opened ??= openGpu(create([]));
  return opened;
}
