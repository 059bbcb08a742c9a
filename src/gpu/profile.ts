/**
 * The profile of a stretch of work: every dispatch with its kernel, what it ran over, and how long the device took for
 * it. Each dispatch becomes a compute pass of its own between two timestamps; what is computed stays the same, bit for
 * bit, but the passes make the whole slower, so a profile is taken of one step when it is asked for.
 *
 * Without the feature `timestamp-query` the dispatches are counted and not timed. Knows no model: what a dispatch is
 * worth in operations and bytes is `model/kernel-cost.ts`'s business. Used by `model/workspace.ts`.
 */
import type { ConstantValue } from './shader';

/** What encoding dispatches needs of a compute pass: WebGPU's own, or a profile's. */
export type Pass = Pick<GPUComputePassEncoder, 'setPipeline' | 'setBindGroup' | 'dispatchWorkgroups' | 'end'>;

/** A kernel as it was bound: its file, and the numbers that make its size. */
export interface KernelUse {
  kernel: string;
  /** Values of its uniform struct, and what else the host knows of its size. */
  shape: Readonly<Record<string, number>>;
  constants: Readonly<Record<string, ConstantValue>>;
}

/** What a pass runs over, by name. Filled in later where only the device knew it when the pass was encoded. */
export type PassExtent = Record<string, number>;

export interface Dispatch {
  use: KernelUse;
  /** Rows it was encoded for. */
  count: number;
  extent: Readonly<PassExtent>;
  /** What was being done: `stage` of the profile when it was encoded. */
  stage: string;
  /** The label of the command encoder it was encoded with: what was submitted together. */
  submission: string;
  workgroups: number;
  /** null where it could not be timed. */
  ms: number | null;
}

export interface Profiled {
  dispatches: Dispatch[];
  /** The adapter's timestamps are multiples of this; null where none were taken, or no two differ. */
  resolutionMs: number | null;
}

/** Queries of a set: the most WebGPU allows. */
const QUERIES = 4096;

export class Profile {
  /** Named by whoever works: a phase of a step. */
  stage = '';
  readonly timed: boolean;
  /** It was taken, or is not to be. */
  ended = false;
  private readonly sets: GPUQuerySet[] = [];
  private readonly dispatches: Dispatch[] = [];

  constructor(private readonly device: GPUDevice) {
    this.timed = device.features.has('timestamp-query');
  }

  /** Begins a pass whose dispatches are recorded. */
  begin(encoder: GPUCommandEncoder): ProfiledPass {
    return new ProfiledPass(encoder, this);
  }

  /** Reads the times of everything submitted so far, and ends the profile. */
  async take(): Promise<Profiled> {
    const { device, dispatches } = this;
    if (!this.timed || dispatches.length === 0) return { dispatches, resolutionMs: null };
    const bytes = this.sets.length * QUERIES * 8;
    const { QUERY_RESOLVE, COPY_SRC, COPY_DST, MAP_READ } = GPUBufferUsage;
    const resolved = device.createBuffer({
      label: 'profile.times',
      size: bytes,
      usage: QUERY_RESOLVE | COPY_SRC,
    });
    const staging = device.createBuffer({
      label: 'profile.read',
      size: bytes,
      usage: MAP_READ | COPY_DST,
    });
    try {
      const encoder = device.createCommandEncoder({ label: 'profile.resolve' });
      this.sets.forEach((set, i) => {
        const used = Math.min(QUERIES, 2 * dispatches.length - i * QUERIES);
        encoder.resolveQuerySet(set, 0, used, resolved, i * QUERIES * 8);
      });
      encoder.copyBufferToBuffer(resolved, 0, staging, 0, bytes);
      device.queue.submit([encoder.finish()]);
      await staging.mapAsync(GPUMapMode.READ);
      const times = new BigUint64Array(staging.getMappedRange());
      dispatches.forEach((dispatch, i) => {
        // An adapter may step its clock back between two passes; no work takes less than no time.
        dispatch.ms = Math.max(0, Number(BigInt.asIntN(64, times[2 * i + 1] - times[2 * i])) / 1e6);
      });
      return { dispatches, resolutionMs: resolutionOf(times.subarray(0, 2 * dispatches.length)) };
    } finally {
      staging.destroy();
      resolved.destroy();
      this.destroy();
    }
  }

  /** Lets go of the query sets. */
  destroy(): void {
    this.ended = true;
    for (const set of this.sets.splice(0)) set.destroy();
  }

  /** Records a dispatch; where it is timed, the timestamps its pass has to write. */
  note(dispatch: Omit<Dispatch, 'stage' | 'ms'>): GPUComputePassTimestampWrites | undefined {
    const query = 2 * this.dispatches.length;
    this.dispatches.push({ ...dispatch, stage: this.stage, ms: null });
    if (!this.timed) return undefined;
    const place = query % QUERIES;
    if (place === 0)
      this.sets.push(
        this.device.createQuerySet({ label: 'profile.queries', type: 'timestamp', count: QUERIES }),
      );
    return {
      querySet: this.sets.at(-1)!,
      beginningOfPassWriteIndex: place,
      endOfPassWriteIndex: place + 1,
    };
  }
}

/** Stands for a compute pass while a profile is taken. `about` has to be called before each dispatch. */
export class ProfiledPass implements Pass {
  /** What the dispatches from here on run over. */
  extent: Readonly<PassExtent> = {};
  private use: KernelUse = { kernel: 'unknown', shape: {}, constants: {} };
  private count = 0;
  private pipeline: GPUComputePipeline | null = null;
  private readonly groups = new Map<number, GPUBindGroup | null>();

  constructor(
    private readonly encoder: GPUCommandEncoder,
    private readonly profile: Profile,
  ) {}

  /** What is dispatched next. */
  about(use: KernelUse, count: number): void {
    this.use = use;
    this.count = count;
  }

  setPipeline(pipeline: GPUComputePipeline): undefined {
    this.pipeline = pipeline;
  }

  setBindGroup(index: number, group: GPUBindGroup | null | undefined): undefined {
    this.groups.set(index, group ?? null);
  }

  dispatchWorkgroups(x: number, y = 1, z = 1): undefined {
    const { use, count, extent } = this;
    const timestampWrites = this.profile.note({
      use,
      count,
      extent,
      workgroups: x * y * z,
      submission: this.encoder.label,
    });
    const pass = this.encoder.beginComputePass({ label: use.kernel, timestampWrites });
    if (this.pipeline) pass.setPipeline(this.pipeline);
    for (const [index, group] of this.groups) pass.setBindGroup(index, group);
    pass.dispatchWorkgroups(x, y, z);
    pass.end();
  }

  end(): undefined {}
}

/** The largest step that all timestamps are multiples of, in milliseconds. */
function resolutionOf(times: BigUint64Array): number | null {
  let step = 0n;
  for (const time of times) {
    let [a, b] = [step, BigInt.asIntN(64, time - times[0])];
    if (b < 0n) b = -b;
    while (b !== 0n) [a, b] = [b, a % b];
    step = a;
    if (step === 1n) break;
  }
  return step === 0n ? null : Number(step) / 1e6;
}
