/** A step's profile as the stream tells it. Used by `trainer.ts`. */
import type { KernelProfile } from '../../model/kernel-profile';
import { PHASES, type RunEventOf } from '../../run/events';

/** @throws Error for work outside of the step's phases: nothing of a step is computed there. */
export function profileEvent(step: number, profile: KernelProfile): RunEventOf<'kernel_profile'> {
  return {
    type: 'kernel_profile',
    v: 1,
    step,
    timed: profile.timed,
    resolution_ms: profile.resolutionMs,
    kernels: profile.kernels.map(({ stage, ms, ...entry }) => {
      const phase = PHASES.find((each) => each === stage);
      if (!phase) throw new Error(`internal: profile: ${entry.kernel} ran outside of a phase, in "${stage}"`);
      return { phase, ...entry, device_ms: ms };
    }),
  };
}
