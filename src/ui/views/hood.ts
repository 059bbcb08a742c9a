/**
 * The profile of a step as panels draw it: kernels with their rates, phases beside their time by the clock, and where
 * the memory goes. Pure; every figure is the event's or follows from it. Used by `panels/hood`.
 */
import { PHASES, type Phase, type RunEventOf } from '../../run/events';
import type { Table } from '../components/panel-offers';

export type Profile = RunEventOf<'kernel_profile'>;
export type ProfiledKernel = Profile['kernels'][number];
export type HeldMemory = NonNullable<RunEventOf<'run_started'>['memory']>[number];

/** Figures of several calls together. `null` is not known, which is not zero. */
export interface Figures {
  calls: number;
  workgroups: number;
  ms: number | null;
  flops: number | null;
  bytes: number | null;
}

export interface KernelRow extends Figures {
  kernel: string;
  /** Of all kernels' time; null where none was timed. */
  share: number | null;
}

/** The newest profile up to and with a step; the newest of all where the run is followed. */
export const profileAt = (profiles: readonly Profile[], heldStep: number | null): Profile | null =>
  profiles.findLast(({ step }) => heldStep === null || step <= heldStep) ?? null;

const plus = (a: number | null, b: number | null) => (a === null || b === null ? null : a + b);

export function addUp(kernels: readonly ProfiledKernel[]): Figures {
  const none: Figures = { calls: 0, workgroups: 0, ms: 0, flops: 0, bytes: 0 };
  return kernels.reduce(
    (sum, each) => ({
      calls: sum.calls + each.calls,
      workgroups: sum.workgroups + each.workgroups,
      ms: plus(sum.ms, each.device_ms),
      flops: plus(sum.flops, each.flops),
      bytes: plus(sum.bytes, each.bytes),
    }),
    none,
  );
}

/** Thousand millions a second; null where either is not known, or no time was seen to pass. */
export const gigaPerSecond = (amount: number | null, ms: number | null): number | null =>
  amount === null || ms === null || ms === 0 ? null : amount / ms / 1e6;

/** The file that a kernel stands in: over weights in halves it is the same file, behind another part. */
export const fileOf = (kernel: string): string => kernel.replace(/^(linear_\w+)_float16$/, '$1');

const inPhase = (kernels: readonly ProfiledKernel[], phase: Phase | null) =>
  phase === null ? kernels : kernels.filter((each) => each.phase === phase);

/** One row a kernel, of one phase or of all. */
export function kernelRows(kernels: readonly ProfiledKernel[], phase: Phase | null = null): KernelRow[] {
  const within = inPhase(kernels, phase);
  const total = addUp(within).ms;
  return [...new Set(within.map(({ kernel }) => kernel))].map((kernel) => {
    const figures = addUp(within.filter((each) => each.kernel === kernel));
    return { kernel, ...figures, share: total && figures.ms !== null ? figures.ms / total : null };
  });
}

export type SortKey = 'kernel' | 'time' | 'calls' | 'gflops' | 'gbytes';

const SORT_VALUES: Readonly<Record<Exclude<SortKey, 'kernel'>, (row: KernelRow) => number | null>> = {
  time: (row) => row.ms,
  calls: (row) => row.calls,
  gflops: (row) => gigaPerSecond(row.flops, row.ms),
  gbytes: (row) => gigaPerSecond(row.bytes, row.ms),
};

/** Largest first, names from A to Z, or the other way round; what is not known comes last either way. */
export function sortRows(rows: readonly KernelRow[], key: SortKey, reversed = false): KernelRow[] {
  const byName = (a: KernelRow, b: KernelRow) => a.kernel.localeCompare(b.kernel);
  const sign = reversed ? -1 : 1;
  if (key === 'kernel') return [...rows].sort((a, b) => sign * byName(a, b));
  const value = SORT_VALUES[key];
  return [...rows].sort((a, b) => {
    const [x, y] = [value(a), value(b)];
    if (x === null || y === null) return Number(x === null) - Number(y === null) || byName(a, b);
    return sign * (y - x) || byName(a, b);
  });
}

export interface PhaseRow extends Figures {
  phase: Phase;
  /** By the host's clock; null where the step's metrics are not there. */
  wallMs: number | null;
}

/** Phases that dispatched anything, in the order of a step. */
export const phaseRows = (
  { kernels }: Profile,
  wall: Readonly<Partial<Record<Phase, number>>> | null,
): PhaseRow[] =>
  PHASES.filter((phase) => kernels.some((each) => each.phase === phase)).map((phase) => ({
    phase,
    ...addUp(inPhase(kernels, phase)),
    wallMs: wall?.[phase] ?? null,
  }));

/** Operations of the kernels whose arithmetic is counted. */
export const countedFlops = (kernels: readonly ProfiledKernel[]): number =>
  kernels.reduce((sum, { flops }) => sum + (flops ?? 0), 0);

export const kernelTable = ({ step, kernels }: Profile): Table => ({
  columns: [
    'step',
    'phase',
    'kernel',
    'shape',
    'constants',
    'calls',
    'workgroups',
    'device_ms',
    'flops',
    'bytes',
  ],
  rows: kernels.map((each) => [
    step,
    each.phase,
    each.kernel,
    namedValues(each.shape),
    namedValues(each.constants),
    each.calls,
    each.workgroups,
    each.device_ms,
    each.flops,
    each.bytes,
  ]),
});

/** `inputs 64, outputs 128`. */
export const namedValues = (values: Readonly<Record<string, number | boolean>>): string =>
  Object.entries(values)
    .map(([name, value]) => `${name} ${typeof value === 'number' ? Number(value.toPrecision(4)) : value}`)
    .join(', ');

export const memoryTable = (memory: readonly HeldMemory[]): Table => ({
  columns: ['holder', 'buffers', 'bytes', 'planned_bytes'],
  rows: memory.map(({ holder, buffers, bytes, planned_bytes }) => [holder, buffers, bytes, planned_bytes]),
});
