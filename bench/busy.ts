/**
 * How long the device is at work, by timestamps at the ends of every compute pass: passes stay as they are, so that
 * the step that is measured is a step as any other. Used by rl-step.ts.
 */

/** Queries of a set: the most WebGPU allows. */
const QUERIES = 4096;

export interface BusyPass {
  /** What was being done when it was encoded. */
  stage: string;
  ms: number;
}

export class Busy {
  /** What is being done. */
  stage = '';
  private readonly passes: { stage: string; query: number }[] = [];
  private readonly sets: GPUQuerySet[] = [];
  private readonly create: GPUDevice['createCommandEncoder'];

  /** Times every pass that is begun from now on. @param device with timestamps */
  constructor(private readonly device: GPUDevice) {
    this.create = device.createCommandEncoder;
    device.createCommandEncoder = (descriptor) => {
      const encoder = this.create.call(device, descriptor);
      const begin = encoder.beginComputePass;
      encoder.beginComputePass = (pass) => begin.call(encoder, { ...pass, timestampWrites: this.next() });
      return encoder;
    };
  }

  /** The passes so far with their times; counts no longer. */
  async take(): Promise<BusyPass[]> {
    const { device, passes, sets } = this;
    device.createCommandEncoder = this.create;
    const times: bigint[] = [];
    for (const [s, set] of sets.entries()) {
      const used = Math.min(QUERIES, 2 * passes.length - s * QUERIES);
      const resolved = device.createBuffer({
        label: 'busy.times',
        size: used * 8,
        usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC,
      });
      const staging = device.createBuffer({
        label: 'busy.read',
        size: used * 8,
        usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
      });
      const encoder = device.createCommandEncoder();
      encoder.resolveQuerySet(set, 0, used, resolved, 0);
      encoder.copyBufferToBuffer(resolved, 0, staging, 0, used * 8);
      device.queue.submit([encoder.finish()]);
      await staging.mapAsync(GPUMapMode.READ);
      times.push(...new BigUint64Array(staging.getMappedRange()));
      staging.destroy();
      resolved.destroy();
      set.destroy();
    }
    return passes.map(({ stage, query }) => ({
      stage,
      ms: Math.max(0, Number(BigInt.asIntN(64, times[query + 1] - times[query])) / 1e6),
    }));
  }

  private next(): GPUComputePassTimestampWrites {
    const query = 2 * this.passes.length;
    this.passes.push({ stage: this.stage, query });
    const place = query % QUERIES;
    if (place === 0)
      this.sets.push(
        this.device.createQuerySet({ label: 'busy.queries', type: 'timestamp', count: QUERIES }),
      );
    return {
      querySet: this.sets.at(-1)!,
      beginningOfPassWriteIndex: place,
      endOfPassWriteIndex: place + 1,
    };
  }
}
