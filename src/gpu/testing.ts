/** The device of the tests that need one: Node's Dawn. A run that finds no adapter fails, it does not skip. */
import { create, globals } from 'webgpu';
import { type Gpu, openGpu } from './device';

// Held for as long as the process lives: Dawn's objects must not outlive the instance they come from.
let instance: GPU | undefined;
let opened: Promise<Gpu> | undefined;

/** One device for a test file. */
export function openTestGpu(): Promise<Gpu> {
  Object.assign(globalThis, globals);
  instance ??= create([]);
  opened ??= openGpu(instance);
  return opened;
}
