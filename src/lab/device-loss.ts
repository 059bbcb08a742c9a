/** Work on a device that may be lost meanwhile. Used by `session.ts`, `device-opening.ts` and `run-maker.ts`. */
import type { Gpu } from '../gpu/device';
import { Abandoned } from './loop-control';

/** How long a failure waits to hear that the device was lost. */
const LOSS_NOTICE_MS = 200;

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Rejects with the device's loss where `work` might otherwise wait for ever, or fail for that reason. */
export function orDeviceLoss<T>(gpu: Gpu, work: Promise<T>): Promise<T> {
  const patient = work.catch(async (error) => {
    // A lost device fails the work in flight first and says so a moment later.
    if (!(error instanceof Abandoned)) await Promise.race([gpu.lost.catch(() => {}), pause(LOSS_NOTICE_MS)]);
    throw error;
  });
  // When the device is lost first, what becomes of the work is no longer of interest.
  patient.catch(() => {});
  return Promise.race([patient, gpu.lost]);
}
