/**
 * How everything in the benchmark is timed: candidates take turns, round after round, so that whatever else the
 * machine does hits all of them alike; reported are medians with their spread. Used by every part.
 */

/**
 * What a library takes for its work, by what it took for its work before: so that what would take too long is told
 * beforehand, and left out. Of the first work nothing is known.
 */
export class Pace {
  private readonly perOperation = new Map<string, number>();

  constructor(private readonly most: number) {}

  learn(library: string, operations: number, seconds: number): void {
    this.perOperation.set(library, seconds / operations);
  }

  /** Why it is left out; null where it is not. @param unit what takes that many operations, as 'a step' */
  tooLong(library: string, operations: number, unit: string): string | null {
    const seconds = (this.perOperation.get(library) ?? 0) * operations;
    if (seconds <= this.most) return null;
    return `expected at most ${this.most} s ${unit}, got ${seconds.toFixed(0)} s estimated from its speed at the size before`;
  }
}

/** Something to be timed. `run` does `units` units of work and resolves when the device has done them. */
export interface Candidate {
  name: string;
  run(units: number): Promise<void>;
  /** Seconds a unit takes, where it has already run and is warm. */
  known?: number;
  dispose?(): void;
}

/** Seconds a unit. */
export interface Timing {
  median: number;
  /** The middle half of the rounds. */
  low: number;
  high: number;
  rounds: number;
}

export interface Effort {
  rounds: number;
  /** A round of a candidate takes at least about this long. */
  seconds: number;
  /** More units than this are never taken at once. */
  mostUnits: number;
  /** All rounds take about as long as this at most: who is slow takes part in fewer of them, in one at least. */
  mostSeconds: number;
}

/** Before every turn: who was before leaves things to be collected and freed, which is not for the next to pay. */
const REST_MS = 60;

export const now = (): number => performance.now() / 1000;

/** Value at a share of the sorted values, between neighbours. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = share * (sorted.length - 1);
  const below = Math.floor(at);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);

/** Geometric mean; of nothing, NaN. */
export function geometricMean(values: readonly number[]): number {
  return Math.exp(values.reduce((sum, v) => sum + Math.log(v), 0) / values.length);
}

/** Warm seconds of a unit. What takes long is as slow warm as the first time. */
async function warmUp({ run, known }: Candidate): Promise<number> {
  if (known !== undefined) return known;
  let start = now();
  await run(1);
  if (now() - start < 5) {
    start = now();
    await run(1);
  }
  return now() - start;
}

/** How a candidate takes part. */
interface Part {
  candidate: Candidate;
  /** Units of a round. */
  count: number;
  /** What a round takes. */
  seconds: number;
  rounds: number;
}

/** Leaves out rounds of those that take longest, until all of it fits or nobody has more than one. */
function shorten(parts: readonly Part[], most: number): void {
  const total = (part: Part) => part.seconds * part.rounds;
  while (parts.reduce((sum, part) => sum + total(part), 0) > most) {
    const open = parts.filter(({ rounds }) => rounds > 1);
    if (open.length === 0) return;
    open.reduce((a, b) => (total(b) > total(a) ? b : a)).rounds--;
  }
}

/**
 * Times candidates in turns. Each is warmed up first (compilation, allocation), and how many units make a round is
 * found out then. The order alternates, so that nobody always comes first. Who is slow sits out the later rounds.
 * @returns a timing by name; the seconds of every round beside it, for ratios within a round.
 */
export async function interleave(
  candidates: readonly Candidate[],
  { rounds: wanted, seconds, mostUnits, mostSeconds }: Effort,
): Promise<Map<string, Timing & { all: number[] }>> {
  const parts: Part[] = [];
  for (const candidate of candidates) {
    const once = Math.max(1e-5, await warmUp(candidate));
    const count = Math.max(1, Math.min(mostUnits, Math.round(seconds / once)));
    parts.push({ candidate, count, seconds: once * count, rounds: wanted });
  }
  shorten(parts, mostSeconds);
  const all = new Map<string, number[]>(candidates.map((c) => [c.name, []]));
  for (let i = 0; i < Math.max(...parts.map(({ rounds }) => rounds)); i++) {
    const turn = parts.filter(({ rounds }) => i < rounds);
    if (i % 2 === 1) turn.reverse();
    for (const { candidate, count } of turn) {
      await new Promise((rested) => setTimeout(rested, REST_MS));
      const start = now();
      await candidate.run(count);
      all.get(candidate.name)!.push((now() - start) / count);
    }
  }
  return new Map([...all].map(([name, values]) => [name, { ...timingOf(values), all: values }]));
}

/** @param values seconds a unit, by round */
export function timingOf(values: readonly number[]): Timing {
  return {
    median: median(values),
    low: quantile(values, 0.25),
    high: quantile(values, 0.75),
    rounds: values.length,
  };
}

/** The median, over the rounds that both took part in, of how many times as long `theirs` took as `ours`. */
export function ratio(ours: readonly number[], theirs: readonly number[]): number {
  const both = Math.min(ours.length, theirs.length);
  return median(ours.slice(0, both).map((seconds, round) => theirs[round] / seconds));
}
