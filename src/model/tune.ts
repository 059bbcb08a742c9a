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
import { familiesOf, fusedFamiliesOf } from './families';
import { type Family, TestBench, type Trial } from './variants';
import { encodeOps, OpMaker } from './workspace';

/** Turns every variant gets. */
const TURNS = 3;
/** A turn takes about this long, so that what a submission costs by itself does not decide. */
const TURN_MS = 5;
/** Most repetitions in a turn. */
const MOST_UNITS = 64;
/** A variant that took so many times as long as the best is not tried further, nor in later families of its operation. */
const HOPELESS = 1.6;
/** No further family is begun after this long; what was not measured goes by the others of its operation. */
const MOST_MS = 2300;
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
): Promise<boolean> {
  const stages = [familiesOf(gpu, config), fusedFamiliesOf(gpu, config)];
  const counts = stages.map((families) => openOf(gpu, families).length);
  const total = counts.reduce((a, b) => a + b, 0);
  let before = 0;
  let measured = false;
  for (const [i, families] of stages.entries()) {
    const start = before;
    const some = await tuneFamilies(gpu, families, (done) => onProgress?.(start + done, total));
    measured = measured || some;
    before += counts[i];
  }
  return measured;
}

const openOf = (gpu: Gpu, families: readonly Family[]): Family[] =>
  families.filter(({ key, variants }) => variants.length > 1 && !gpu.choices.has(key));

/** The same for any families. */
export async function tuneFamilies(
  gpu: Gpu,
  families: readonly Family[],
  onProgress?: (done: number, total: number) => void,
): Promise<boolean> {
  const open = openOf(gpu, families);
  if (open.length === 0) return false;
  const start = performance.now();
  const standings = new Map<string, Standing>();
  onProgress?.(0, open.length);
  for (let i = 0; i < open.length; ) {
    const batch: Candidates[] = [];
    try {
      const before = i;
      // At least one, however large.
      for (let bytes = 0; i < open.length && (i === before || bytes < MOST_BYTES); i++) {
        const standing = entry(standings, open[i].operation);
        const late = performance.now() - start > MOST_MS;
        if (late && standing.winner()) continue;
        const candidates = await Candidates.bind(gpu, open[i], standing);
        batch.push(candidates);
        bytes += candidates.bytes;
      }
      for (const candidates of batch) {
        const { family } = candidates;
        const standing = entry(standings, family.operation);
        const late = performance.now() - start > MOST_MS;
        if (!(late && standing.winner())) {
          const times = await candidates.measure(standing);
          standing.add(times);
          gpu.choices.set(family.key, fastest(times));
        }
        candidates.destroy();
        onProgress?.(open.indexOf(family) + 1, open.length);
      }
    } finally {
      for (const candidates of batch) candidates.destroy();
    }
  }
  for (const { key, operation, variants } of open)
    if (!gpu.choices.has(key)) {
      const winner = entry(standings, operation).winner();
      gpu.choices.set(key, winner && variants.includes(winner) ? winner : variants[0]);
    }
  onProgress?.(open.length, open.length);
  return true;
}

/** The choices as text, and back: text of another kind is ignored, as choices can be measured again. */
export const choicesText = (gpu: Gpu): string => JSON.stringify([...gpu.choices]);

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

/** How the variants of an operation have done so far. */
class Standing {
  private readonly wins = new Map<string, number>();
  /** Slow everywhere so far, or not to be had. */
  private readonly hopeless = new Map<string, boolean>();

  add(times: ReadonlyMap<string, number>): void {
    const best = fastest(times);
    this.wins.set(best, (this.wins.get(best) ?? 0) + 1);
    for (const [name, ms] of times) {
      const slow = ms > HOPELESS * times.get(best)!;
      this.hopeless.set(name, slow && (this.hopeless.get(name) ?? true));
    }
  }

  leaveOut(name: string): void {
    this.hopeless.set(name, true);
  }

  worthTrying(name: string): boolean {
    return !this.hopeless.get(name);
  }

  winner(): string | undefined {
    return [...this.wins].sort((a, b) => b[1] - a[1])[0]?.[0];
  }
}

function entry(standings: Map<string, Standing>, operation: string): Standing {
  const known = standings.get(operation);
  if (known) return known;
  const made = new Standing();
  standings.set(operation, made);
  return made;
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

  static async bind(gpu: Gpu, family: Family, standing: Standing): Promise<Candidates> {
    const maker = new OpMaker(gpu, new BufferPool(gpu.device));
    const candidates = new Candidates(family, gpu, maker, new Map());
    try {
      const bind = family.prepare(new TestBench(maker));
      for (const [i, name] of family.variants.entries()) {
        if (i > 0 && !standing.worthTrying(name)) continue;
        const [trial, refused] = await attempt(gpu, async () => bind(name));
        if (trial && !refused) candidates.trials.set(name, trial);
        else candidates.leaveOut(name, trial, standing);
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
  async measure(standing: Standing): Promise<Map<string, number>> {
    const base = this.family.variants[0];
    let expected: Uint32Array[] | undefined;
    for (const [name, trial] of this.trials) {
      if (name !== base && !standing.worthTrying(name)) {
        this.trials.delete(name);
        continue;
      }
      const [got, refused] = await attempt(this.gpu, async () => {
        await Promise.all(trial.ops.map(({ kernel }) => kernel.ready));
        return this.results(trial);
      });
      if (name === base) {
        if (!got || refused) {
          this.leaveOut(name, trial, standing);
          throw refused;
        }
        expected = got;
      } else if (!got || refused || !sameBits(got, expected!)) {
        this.leaveOut(name, trial, standing);
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

  private leaveOut(name: string, trial: Trial | undefined, standing: Standing): void {
    for (const { kernel } of trial?.ops ?? []) this.gpu.kernels.forget(kernel);
    this.trials.delete(name);
    standing.leaveOut(name);
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
