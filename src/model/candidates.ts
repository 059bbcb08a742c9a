/**
 * The variants of one family made ready over the same inputs: compiled, compared with the one that always works, and
 * timed in turns. What the device refuses is left out. Used by `tune.ts`.
 */
import { BufferPool, DeviceError, type Gpu } from '../gpu/device';
import { KernelClock } from './kernel-clock';
import { fastest, type Standings } from './standings';
import type { TuningTime } from './tuning-time';
import { type Family, TestBench, type Trial } from './variants';
import { encodeOps, OpMaker } from './workspace';

/** Turns that every variant gets: one slow turn says little, as another program may have had the processor. */
const TURNS_OF_ALL = 3;
/** More turns for those that are not far behind then, in which the fastest of them takes as long as a turn should. */
const TURNS_OF_CLOSE = 6;
/** What took less than so many times as long as the best in few turns may still be the best. */
const CLOSE = 2;

/** A family, and those of its variants that are to be measured; the first among them. */
export interface Job {
  family: Family;
  names: readonly string[];
}

/** The variants of a family that can be bound here, over the same inputs. */
export class Candidates {
  private readonly clock: KernelClock;

  private constructor(
    readonly family: Family,
    private readonly gpu: Gpu,
    private readonly maker: OpMaker,
    /** The first is that of the variant that always works. */
    private readonly trials: Map<string, Trial>,
  ) {
    this.clock = new KernelClock(maker);
  }

  static async bind(gpu: Gpu, { family, names }: Job, standings: Standings): Promise<Candidates> {
    const maker = new OpMaker(gpu, new BufferPool(gpu.device));
    const candidates = new Candidates(family, gpu, maker, new Map());
    try {
      const bind = family.prepare(new TestBench(maker));
      for (const [i, name] of names.entries()) {
        // Compiled behind what somebody waits for: many are left when the time is up.
        const [trial, refused] = await attempt(gpu, async () =>
          gpu.kernels.needed('later', () => bind(name)),
        );
        if (trial && !refused) candidates.trials.set(name, trial);
        else candidates.leaveOut(name, trial, standings);
        if (refused && i === 0) throw refused;
      }
    } catch (error) {
      candidates.destroy();
      throw error;
    }
    return candidates;
  }

  get bytes(): number {
    return this.maker.pool.bytes;
  }

  destroy(): void {
    this.maker.pool.destroy();
  }

  /** Resolves when all of its kernels are compiled or have failed to. */
  async compiled(): Promise<void> {
    const ops = [...this.trials.values()].flatMap((trial) => trial.ops);
    await Promise.allSettled(ops.map(({ kernel }) => kernel.ready));
  }

  /**
   * Milliseconds of each variant that gives the base's bits, and that there was time for; null where there was none for
   * any but the base.
   */
  async measure(standings: Standings, time: TuningTime): Promise<Map<string, number> | null> {
    const base = this.family.variants[0];
    let expected: Uint32Array[] | undefined;
    let isCut = false;
    for (const [name, trial] of [...this.trials]) {
      if (name !== base && time.isUp(1)) {
        this.trials.delete(name);
        isCut = true;
        continue;
      }
      const [got, refused] = await attempt(this.gpu, async () => {
        await Promise.all(trial.ops.map(({ kernel }) => kernel.ready));
        return time.firstRun(() => this.results(trial));
      });
      if (name === base) {
        if (!got || refused) {
          this.leaveOut(name, trial, standings);
          throw refused;
        }
        expected = got;
      } else if (!got || refused || !sameBits(got, expected!)) {
        this.leaveOut(name, trial, standings);
      }
    }
    if (this.trials.size === 1) return isCut ? null : new Map([[base, 0]]);
    const times = await this.inTurns([...this.trials.keys()], base, TURNS_OF_ALL);
    const best = Math.min(...times.values());
    const close = [...times].filter(([, ms]) => ms < CLOSE * best).map(([name]) => name);
    if (close.length > 1 && !time.isUp())
      for (const [name, ms] of await this.inTurns(close, fastest(times), TURNS_OF_CLOSE))
        times.set(name, Math.min(ms, times.get(name)!));
    return times;
  }

  /** Milliseconds of each by itself, in turns that take one of them about as long as it takes to tell. */
  private async inTurns(names: readonly string[], by: string, turns: number): Promise<Map<string, number>> {
    const { ops, count } = this.trials.get(by)!;
    const units = await this.clock.unitsOf(ops, count);
    // The order turns round, so that nobody always comes after the same.
    const orders = Array.from({ length: turns }, (_, turn) =>
      turn % 2 === 0 ? names : [...names].reverse(),
    );
    const runs = orders.map((order) => order.map((name) => ({ ...this.trials.get(name)!, units })));
    const heard = await this.clock.time(runs);
    const times = new Map<string, number>();
    // The best of several turns: what else the machine does only ever adds.
    for (const [turn, order] of orders.entries())
      for (const [i, name] of order.entries()) {
        const ms = heard[turn][i] / units;
        times.set(name, Math.min(ms, times.get(name) ?? ms));
      }
    return times;
  }

  private leaveOut(name: string, trial: Trial | undefined, standings: Standings): void {
    for (const { kernel } of trial?.ops ?? []) this.gpu.kernels.forget(kernel);
    this.trials.delete(name);
    standings.leaveOut(this.family, name);
  }

  /** What a trial computes, as bits. */
  private async results({ ops, count, outputs }: Trial): Promise<Uint32Array[]> {
    const { device } = this.gpu;
    for (const output of outputs)
      device.queue.writeBuffer(output, 0, new Float32Array(output.size / 4).fill(1));
    this.maker.submit('tune', (pass) => encodeOps(pass, ops, count));
    const encoder = device.createCommandEncoder();
    const staging = outputs.map((output) => this.maker.pool.readback('tune.read', output.size));
    for (const [i, output] of outputs.entries())
      encoder.copyBufferToBuffer(output, 0, staging[i], 0, output.size);
    device.queue.submit([encoder.finish()]);
    await Promise.all(staging.map((each) => each.mapAsync(GPUMapMode.READ)));
    const results = staging.map((each) => new Uint32Array(each.getMappedRange().slice(0)));
    this.maker.pool.destroy(staging);
    return results;
  }
}

function sameBits(got: readonly Uint32Array[], expected: readonly Uint32Array[]): boolean {
  return got.every((bits, i) => bits.every((value, at) => value === expected[i][at]));
}

/** What `work` made and what the device or `work` had against it, which is then no failure of the device as such. */
async function attempt<T>({ device }: Gpu, work: () => Promise<T>): Promise<[T | undefined, unknown]> {
  const filters = ['validation', 'out-of-memory', 'internal'] as const;
  for (const filter of filters) device.pushErrorScope(filter);
  let made: T | undefined;
  let refused: unknown;
  try {
    made = await work();
  } catch (error) {
    refused = error;
  }
  for (const _ of filters) {
    const error = await device.popErrorScope();
    if (error) refused ??= new DeviceError(error.message);
  }
  return [made, refused];
}
