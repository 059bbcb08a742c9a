/**
 * How long the device takes for dispatches: by timestamps at the ends of their passes where it has them, else by the
 * host's clock around a submission. In Chromium a submission's end is heard of 1 to 3 milliseconds late, now more, now
 * less, which is more than most kernels take that are to be told apart. Used by `candidates.ts`.
 */
import type { Op, OpMaker } from './workspace';
import { encodeOps } from './workspace';

/** Dispatches that are timed as one. */
export interface Run {
  ops: readonly Op[];
  /** What their grids are made for. */
  count: number;
  /** How often all of them are dispatched. */
  units: number;
}

/** Timestamps are handed out in steps of 65 microseconds. */
const STAMPED_MS = { shortest: 0.4, turn: 3 };
/** By the host's clock a run has to outweigh what hearing of its end takes. */
const HEARD_MS = { shortest: 4, turn: 8 };
/** Most units of a run. */
const MOST_UNITS = 128;
/** Runs are tried with so many times the units until they are long enough to say how many it takes. */
const STEP = 8;

/** Devices whose timestamps were found to say nothing. */
const unstamped = new WeakSet<GPUDevice>();

export class KernelClock {
  constructor(private readonly maker: OpMaker) {}

  private get isStamped(): boolean {
    const { device } = this.maker;
    return device.features.has('timestamp-query') && !unstamped.has(device);
  }

  /** Units of a run that is long enough to be told from one that takes a little longer. */
  async unitsOf(ops: readonly Op[], count: number): Promise<number> {
    for (let units = 1; ; units = Math.min(MOST_UNITS, STEP * units)) {
      const { shortest, turn } = this.isStamped ? STAMPED_MS : HEARD_MS;
      const run = { ops, count, units };
      // The better of two: what else the machine does would make turns too short.
      const ms = Math.min(...(await this.time([[run], [run]])).flat());
      if (ms >= shortest || units === MOST_UNITS)
        return Math.max(1, Math.min(MOST_UNITS, Math.ceil((units * turn) / Math.max(ms, 1e-3))));
    }
  }

  /** Milliseconds of every run of every turn; a turn's runs are submitted together. */
  async time(turns: readonly (readonly Run[])[]): Promise<number[][]> {
    if (this.isStamped) {
      const times = await this.byTimestamps(turns);
      const isLong = (run: Run) => run.units === MOST_UNITS;
      const isTold = times.flat().some((ms) => ms > 0) || !turns.flat().some(isLong);
      if (isTold && times.flat().every((ms) => ms >= 0)) return times;
      unstamped.add(this.maker.device);
    }
    const times: number[][] = [];
    for (const turn of turns) {
      const heard: number[] = [];
      for (const run of turn) heard.push(await this.byHost(run));
      times.push(heard);
    }
    return times;
  }

  private async byHost({ ops, count, units }: Run): Promise<number> {
    const begun = performance.now();
    this.maker.submit('tune', (pass) => {
      for (let i = 0; i < units; i++) encodeOps(pass, ops, count);
    });
    await this.maker.device.queue.onSubmittedWorkDone();
    return performance.now() - begun;
  }

  private async byTimestamps(turns: readonly (readonly Run[])[]): Promise<number[][]> {
    const { device, pool } = this.maker;
    const queries = 2 * turns.reduce((sum, turn) => sum + turn.length, 0);
    const querySet = device.createQuerySet({ label: 'tune.queries', type: 'timestamp', count: queries });
    const { QUERY_RESOLVE, COPY_SRC } = GPUBufferUsage;
    const size = queries * 8;
    const resolved = device.createBuffer({ label: 'tune.times', size, usage: QUERY_RESOLVE | COPY_SRC });
    const staging = pool.readback('tune.times', size);
    try {
      let query = 0;
      for (const turn of turns) {
        const encoder = device.createCommandEncoder({ label: 'tune' });
        for (const { ops, count, units } of turn) {
          const [beginningOfPassWriteIndex, endOfPassWriteIndex] = [query++, query++];
          const timestampWrites = { querySet, beginningOfPassWriteIndex, endOfPassWriteIndex };
          const pass = encoder.beginComputePass({ timestampWrites });
          for (let i = 0; i < units; i++) encodeOps(pass, ops, count);
          pass.end();
        }
        device.queue.submit([encoder.finish()]);
      }
      const encoder = device.createCommandEncoder({ label: 'tune.resolve' });
      encoder.resolveQuerySet(querySet, 0, queries, resolved, 0);
      encoder.copyBufferToBuffer(resolved, 0, staging, 0, size);
      device.queue.submit([encoder.finish()]);
      await staging.mapAsync(GPUMapMode.READ);
      const times = new BigUint64Array(staging.getMappedRange());
      query = 0;
      return turns.map((turn) =>
        turn.map(() => {
          const [begun, ended] = [times[query++], times[query++]];
          return Number(BigInt.asIntN(64, ended - begun)) / 1e6;
        }),
      );
    } finally {
      pool.destroy([staging]);
      resolved.destroy();
      querySet.destroy();
    }
  }
}
