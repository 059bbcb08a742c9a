/**
 * Chooses kernels by measurement: each family of a policy's operations (`families.ts`) by each of its variants.
 *
 * A variant may only win when its results equal, bit for bit, those of the one that always works; one that does not
 * compile or gives other bits is left out, and only of that one a failure is an error. The choices go into
 * `gpu.choices`, which policies made afterwards follow, and can be kept as text for the next time. Used by the session
 * before a policy is made; without it everything works, slower.
 */
import { BufferPool, DeviceError, type Gpu } from '../gpu/device';
import type { LlamaConfig } from './config';
import { familiesOf } from './families';
import { type Family, TestBench, type Trial } from './variants';
import { encodeOps, OpMaker } from './workspace';

/** Turns every variant gets that stays near the best. */
const TURNS = 5;
/** A turn takes about this long, so that what a submission costs by itself does not decide. */
const TURN_MS = 3;
/** Most repetitions in a turn. */
const MOST_UNITS = 64;
/** A variant that took so many times as long as the best is not tried further, nor in later families of its kin. */
const HOPELESS = 1.6;
/** A variant has to be so many times as fast as the usual one of its operation to be taken instead. */
const BETTER = 1.08;
/**
 * After this long nothing is begun that can be left: what was not measured goes by the others of its operation, and is
 * measured the next time. Each operation has its share of it, after which only the most promising variant is compiled.
 */
const MOST_MS = 2500;
/** Families are made ready together, so that their kernels compile in parallel, while they take less than this. */
const MOST_BYTES = 256 * 2 ** 20;

/**
 * Measures what is not in `gpu.choices` yet.
 * @returns whether anything was measured, so that it is worth keeping.
 * @throws DeviceError or ShaderError when the device refuses a kernel that always works elsewhere.
 */
export async function tune(
  gpu: Gpu,
  config: LlamaConfig,
  onProgress?: (done: number, total: number) => void,
  isAwaited?: () => boolean,
): Promise<boolean> {
  return tuneFamilies(gpu, familiesOf(gpu, config), onProgress, isAwaited);
}

/** Whether all that is to be chosen for a policy is in `gpu.choices`. */
export const isTuned = (gpu: Gpu, config: LlamaConfig): boolean =>
  familiesOf(gpu, config).every(({ key, variants }) => variants.length < 2 || gpu.choices.has(key));

/** Whether some of it is: what is left was put off the last time. */
export const isPartlyTuned = (gpu: Gpu, config: LlamaConfig): boolean =>
  familiesOf(gpu, config).some(({ key }) => gpu.choices.has(key));

/** The same for any families. @param isAwaited whether somebody waits who would rather have what is not measured put off. */
export async function tuneFamilies(
  gpu: Gpu,
  families: readonly Family[],
  onProgress?: (done: number, total: number) => void,
  isAwaited: () => boolean = () => false,
): Promise<boolean> {
  const open = families.filter(({ key, variants }) => variants.length > 1 && !gpu.choices.has(key));
  if (open.length === 0) return false;
  const start = performance.now();
  const passed = () => (performance.now() - start) / MOST_MS;
  const late = () => passed() > 1 || isAwaited();
  const operations = [...new Set(open.map(({ operation }) => operation))];
  const standings = new Standings();
  let done = 0;
  onProgress?.(0, open.length);
  let left: readonly Family[] = open;
  while (left.length > 0) {
    const batch: Candidates[] = [];
    const later: Family[] = [];
    let bytes = 0;
    try {
      for (const family of left) {
        // The first of its kin says which variants the others need not compile.
        const first = batch.some((other) => kinOf(other.family) === kinOf(family)) && standings.isNew(family);
        if (first || bytes > MOST_BYTES) later.push(family);
        else if (!late()) {
          const candidates = await Candidates.bind(gpu, family, standings);
          batch.push(candidates);
          bytes += candidates.bytes;
        }
      }
      for (const candidates of batch) {
        const { family } = candidates;
        if (!late()) {
          const share = (operations.indexOf(family.operation) + 1) / operations.length;
          const times = await candidates.measure(
            standings,
            (variant) => passed() > (variant > 1 ? share : 1),
          );
          gpu.choices.set(family.key, standings.choose(family, times));
          standings.add(family, times);
          if (times.size === 1 && late()) provisionalOf(gpu).add(family.key);
        }
        candidates.destroy();
        onProgress?.(++done, open.length);
      }
    } finally {
      for (const candidates of batch) candidates.destroy();
    }
    left = later;
  }
  for (const { key, operation, variants } of open)
    if (!gpu.choices.has(key)) {
      const winner = standings.winner(operation);
      gpu.choices.set(key, winner && variants.includes(winner) ? winner : variants[0]);
      provisionalOf(gpu).add(key);
    }
  onProgress?.(open.length, open.length);
  return true;
}

/** What was chosen without having been measured: for this time alone. */
const provisional = new WeakMap<Gpu, Set<string>>();

function provisionalOf(gpu: Gpu): Set<string> {
  const known = provisional.get(gpu) ?? new Set<string>();
  provisional.set(gpu, known);
  return known;
}

/** The measured choices as text, and back: text of another kind is ignored, as choices can be measured again. */
export const choicesText = (gpu: Gpu): string =>
  JSON.stringify([...gpu.choices].filter(([key]) => !provisionalOf(gpu).has(key)));

export function adoptChoices(gpu: Gpu, text: string): void {
  let entries: unknown;
  try {
    entries = JSON.parse(text);
  } catch {
    return;
  }
  if (!Array.isArray(entries)) return;
  for (const entry of entries)
    if (Array.isArray(entry) && typeof entry[0] === 'string' && typeof entry[1] === 'string')
      gpu.choices.set(entry[0], entry[1]);
}

const kinOf = ({ kin, operation }: Family): string => kin ?? operation;

/** How variants have done so far. */
class Standings {
  /** By operation, how often each variant was the fastest. */
  private readonly wins = new Map<string, Map<string, number>>();
  /** By kin, the variants that were far behind whenever they were measured, or not to be had. */
  private readonly behind = new Map<string, Map<string, boolean>>();

  isNew(family: Family): boolean {
    return !this.behind.has(kinOf(family));
  }

  add(family: Family, times: ReadonlyMap<string, number>): void {
    const best = fastest(times);
    const wins = this.wins.get(family.operation) ?? new Map<string, number>();
    this.wins.set(family.operation, wins.set(best, (wins.get(best) ?? 0) + 1));
    const behind = this.behindOf(family);
    for (const [name, ms] of times)
      behind.set(name, ms > HOPELESS * times.get(best)! && (behind.get(name) ?? true));
  }

  /** The fastest; the one that mostly is where there is little between them, as a busy machine errs by that much. */
  choose({ operation }: Family, times: ReadonlyMap<string, number>): string {
    const best = fastest(times);
    const usual = this.winner(operation);
    const near =
      usual !== undefined && (times.get(usual) ?? Number.POSITIVE_INFINITY) < BETTER * times.get(best)!;
    return near ? usual : best;
  }

  leaveOut(family: Family, name: string): void {
    this.behindOf(family).set(name, true);
  }

  worthTrying(family: Family, name: string): boolean {
    return name === family.variants[0] || !this.behind.get(kinOf(family))?.get(name);
  }

  winner(operation: string): string | undefined {
    return [...(this.wins.get(operation) ?? [])].sort((a, b) => b[1] - a[1])[0]?.[0];
  }

  private behindOf(family: Family): Map<string, boolean> {
    const known = this.behind.get(kinOf(family)) ?? new Map<string, boolean>();
    this.behind.set(kinOf(family), known);
    return known;
  }
}

function fastest(times: ReadonlyMap<string, number>): string {
  return [...times].reduce((a, b) => (b[1] < a[1] ? b : a))[0];
}

/** The variants of a family that can be bound here, over the same inputs. */
class Candidates {
  private constructor(
    readonly family: Family,
    private readonly gpu: Gpu,
    private readonly maker: OpMaker,
    /** The first is that of the variant that always works. */
    private readonly trials: Map<string, Trial>,
  ) {}

  static async bind(gpu: Gpu, family: Family, standings: Standings): Promise<Candidates> {
    const maker = new OpMaker(gpu, new BufferPool(gpu.device));
    const candidates = new Candidates(family, gpu, maker, new Map());
    try {
      const bind = family.prepare(new TestBench(maker));
      for (const [i, name] of family.variants.entries()) {
        if (!standings.worthTrying(family, name)) continue;
        // Compiled behind what somebody waits for: many are left when the time is up.
        const [trial, refused] = await attempt(gpu, async () => gpu.kernels.later(() => bind(name)));
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

  /** Milliseconds of each variant that gives the base's bits. */
  async measure(standings: Standings, late: (variant: number) => boolean): Promise<Map<string, number>> {
    const base = this.family.variants[0];
    let expected: Uint32Array[] | undefined;
    for (const [i, [name, trial]] of [...this.trials].entries()) {
      // A software adapter compiles a kernel when it first runs, which can take half a second.
      if (name !== base && (late(i) || !standings.worthTrying(this.family, name))) {
        this.trials.delete(name);
        continue;
      }
      const [got, refused] = await attempt(this.gpu, async () => {
        await Promise.all(trial.ops.map(({ kernel }) => kernel.ready));
        return this.results(trial);
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
    const times = new Map<string, number>();
    if (this.trials.size === 1) return new Map([[base, 0]]);
    const units = await this.unitsOf(this.trials.get(base)!);
    // The best of several turns: what else the machine does only ever adds.
    for (let turn = 0; turn < TURNS; turn++) {
      const best = Math.min(...times.values());
      for (const [name, trial] of this.trials) {
        const before = times.get(name) ?? Number.POSITIVE_INFINITY;
        if (turn > 0 && before > HOPELESS * best) continue;
        times.set(name, Math.min(before, await this.time(trial, units)));
      }
    }
    return times;
  }

  private leaveOut(name: string, trial: Trial | undefined, standings: Standings): void {
    for (const { kernel } of trial?.ops ?? []) this.gpu.kernels.forget(kernel);
    this.trials.delete(name);
    standings.leaveOut(this.family, name);
  }

  /** Repetitions that take about a turn. */
  private async unitsOf(trial: Trial): Promise<number> {
    let units = 1;
    while (units < MOST_UNITS && (await this.time(trial, units)) < TURN_MS / 2) units *= 2;
    return units;
  }

  private async time(trial: Trial, units: number): Promise<number> {
    const begun = performance.now();
    this.maker.submit('tune', (pass) => {
      for (let i = 0; i < units; i++) encodeOps(pass, trial.ops, trial.count);
    });
    await this.gpu.device.queue.onSubmittedWorkDone();
    return performance.now() - begun;
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
