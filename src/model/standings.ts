/** What `tune.ts` remembers while it measures: which variants win, and which are not worth trying again. */
import type { Family } from './variants';

/** A variant that took so many times as long as the best is not tried further, nor in later families of its kin. */
const HOPELESS = 1.6;
/** A variant has to be so many times as fast as the usual one of its operation to be taken instead. */
const BETTER = 1.08;

const kinOf = ({ kin, operation }: Family): string => kin ?? operation;

/** How variants have done so far. */
export class Standings {
  /** By operation, how often each variant was the fastest. */
  private readonly wins = new Map<string, Map<string, number>>();
  /** By operation, the variants that gave the right bits in time. */
  private readonly measured = new Map<string, Set<string>>();
  /** By kin, the variants that were far behind whenever they were measured, or not to be had. */
  private readonly behind = new Map<string, Map<string, boolean>>();

  add(family: Family, times: ReadonlyMap<string, number>): void {
    const best = fastest(times);
    this.won(family.operation, best);
    const measured = this.measured.get(family.operation) ?? new Set<string>();
    this.measured.set(family.operation, measured);
    const behind = this.behindOf(family);
    for (const name of times.keys()) measured.add(name);
    for (const [name, ms] of times)
      behind.set(name, ms > HOPELESS * times.get(best)! && (behind.get(name) ?? true));
  }

  /** A family of the operation goes by this variant. */
  won(operation: string, name: string): void {
    const wins = this.wins.get(operation) ?? new Map<string, number>();
    this.wins.set(operation, wins.set(name, (wins.get(name) ?? 0) + 1));
  }

  /** Whether nothing else of the family is worth trying. */
  isSettled(family: Family, times: ReadonlyMap<string, number>): boolean {
    return family.variants.every((name) => times.has(name) || !this.worthTrying(family, name));
  }

  /** The variants of a family that others of its operation were measured with, and that are not far behind. */
  tried(family: Family): string[] {
    const known = this.measured.get(family.operation);
    return family.variants.filter(
      (name, i) => i === 0 || (known?.has(name) && this.worthTrying(family, name)),
    );
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

export function fastest(times: ReadonlyMap<string, number>): string {
  return [...times].reduce((a, b) => (b[1] < a[1] ? b : a))[0];
}
