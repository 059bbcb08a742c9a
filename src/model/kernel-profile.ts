/**
 * A profile added up: one entry for each kernel of a stage, in each shape it was bound with. Pure; the measuring is
 * `gpu/profile.ts`'s, the counting `kernel-cost.ts`'s. Used by `policy.ts`.
 */
import type { Profiled } from '../gpu/profile';
import { kernelCost } from './kernel-cost';

export interface KernelEntry {
  /** What was being done, as the profile was told. */
  stage: string;
  /** Its file in `shaders/`, without the ending. */
  kernel: string;
  shape: Record<string, number>;
  constants: Record<string, number | boolean>;
  calls: number;
  workgroups: number;
  /** On the device, of all calls; null where the adapter has no timestamps. */
  ms: number | null;
  /** null where they are not counted. */
  flops: number | null;
  bytes: number | null;
}

export interface KernelProfile {
  /** Whether the adapter has timestamps. */
  timed: boolean;
  /** Timestamps are multiples of this; null where none were taken, or no two differ. */
  resolutionMs: number | null;
  /** In the order of their first calls. */
  kernels: KernelEntry[];
}

export function summarise({ dispatches, resolutionMs }: Profiled, timed: boolean): KernelProfile {
  const entries = new Map<string, KernelEntry>();
  for (const dispatch of dispatches) {
    const { stage, use, workgroups, ms } = dispatch;
    const key = JSON.stringify([stage, use.kernel, use.shape, use.constants]);
    const { flops, bytes } = kernelCost(dispatch);
    const entry = entries.get(key);
    if (!entry)
      entries.set(key, {
        stage,
        kernel: use.kernel,
        shape: { ...use.shape },
        constants: { ...use.constants },
        calls: 1,
        workgroups,
        ms,
        flops,
        bytes,
      });
    else {
      entry.calls++;
      entry.workgroups += workgroups;
      entry.ms = plus(entry.ms, ms);
      entry.flops = plus(entry.flops, flops);
      entry.bytes = plus(entry.bytes, bytes);
    }
  }
  return { timed, resolutionMs, kernels: [...entries.values()] };
}

const plus = (a: number | null, b: number | null): number | null => (a === null || b === null ? null : a + b);
