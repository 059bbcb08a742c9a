/**
 * The trainer's device, asked for before the rest of the thread's script is run: to be the first import of `worker.ts`.
 * The page always wants one from the thread that it starts. Not for a device that is asked for again.
 */
import { type Gpu, openGpu } from '../gpu/device';

let early: Promise<Gpu> | null = openGpu(navigator.gpu);
// Told by whoever takes it.
early.catch(() => {});

/** The first time, the device that was asked for; afterwards null. */
export function takeEarlyDevice(): Promise<Gpu> | null {
  const taken = early;
  early = null;
  return taken;
}
