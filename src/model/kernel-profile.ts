/**
 * A profile added up: one entry for each kernel of a stage, in each shape it was bound with. Pure; the measuring is
 * `gpu/profile.ts`'s, the counting `kernel-cost.ts`'s. Used by `profiling.ts`.
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
  /** The same, by what was submitted together and whatever the shape: prefill apart from decoding, for one. */
  submissions: SubmissionEntry[];
}

export interface SubmissionEntry
  extends Pick<KernelEntry, 'stage' | 'kernel' | 'calls' | 'ms' | 'flops' | 'bytes'> {
  submission: string;
}

export function summarise({ dispatches, resolutionMs }: Profiled, timed: boolean): KernelProfile {
  const kernels = new Map<string, KernelEntry>();
  const submissions = new Map<string, SubmissionEntry>();
  for (const dispatch of dispatches) {
    const { stage, submission, use, workgroups, ms } = dispatch;
    const { kernel } = use;
    const { flops, bytes } = kernelCost(dispatch);
    const figures = { calls: 1, ms, flops, bytes };
    const entry = added(
      kernels,
      JSON.stringify([stage, kernel, use.shape, use.constants]),
      () => ({
        stage,
        kernel,
        shape: { ...use.shape },
        constants: { ...use.constants },
        workgroups: 0,
        ...figures,
      }),
      figures,
    );
    entry.workgroups += workgroups;
    added(
      submissions,
      JSON.stringify([stage, submission, kernel]),
      () => ({
        stage,
        submission,
        kernel,
        ...figures,
      }),
      figures,
    );
  }
  return { timed, resolutionMs, kernels: [...kernels.values()], submissions: [...submissions.values()] };
}

type Figures = Pick<KernelEntry, 'calls' | 'ms' | 'flops' | 'bytes'>;

/** The entry of that key with the figures in it: a new one that has them already, or a known one, added to. */
function added<T extends Figures>(entries: Map<string, T>, key: string, make: () => T, figures: Figures): T {
  const known = entries.get(key);
  if (!known) {
    const made = make();
    entries.set(key, made);
    return made;
  }
  known.calls += figures.calls;
  known.ms = plus(known.ms, figures.ms);
  known.flops = plus(known.flops, figures.flops);
  known.bytes = plus(known.bytes, figures.bytes);
  return known;
}

const plus = (a: number | null, b: number | null): number | null => (a === null || b === null ? null : a + b);
