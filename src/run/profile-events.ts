/** The event of the profile of a step: kernel by kernel, where its device time went. Used by `events.ts`. */
import { z } from 'zod';
import { count, PHASES } from './event-parts';

/** A kernel of a phase, in one of the shapes it was bound with; figures are of all its calls. */
const profiledKernel = z.object({
  phase: z.enum(PHASES),
  /** Its file in `shaders/`, without the ending. */
  kernel: z.string(),
  /** Values of its uniform struct, and other sizes the host knows of. */
  shape: z.record(z.string(), z.number()),
  constants: z.record(z.string(), z.union([z.number(), z.boolean()])),
  calls: count,
  workgroups: count,
  /** On the device; null where the adapter has no timestamps. */
  device_ms: z.number().nullable(),
  /** Matrix products and attention, recomputed ones included; null where the arithmetic is not counted. */
  flops: z.number().nullable(),
  /** What it has to move at least: every value of its operands once; null where that is not known. */
  bytes: z.number().nullable(),
});

/**
 * Where the device's time went in a step that was profiled because someone asked. Before the step's metrics, whose
 * times are longer than usual: each dispatch was a pass of its own. Changes nothing else of the run.
 */
export const kernelProfile = z.object({
  type: z.literal('kernel_profile'),
  v: z.literal(1),
  step: count,
  /** Whether the adapter has timestamps; without them dispatches are counted and `device_ms` is null. */
  timed: z.boolean(),
  /** Timestamps are multiples of this; null where none were taken, or no two differ. */
  resolution_ms: z.number().nullable(),
  /** In the order of their first calls. */
  kernels: z.array(profiledKernel),
});
