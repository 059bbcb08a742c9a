/**
 * Whether steps become longer as they go on, on a machine that interrupts them: what else it does makes a step now once,
 * now several times as long, for minutes on end. So steps of something that has gone on for long are timed in turns with
 * the same steps of something that was just begun, and what the machine does meanwhile hits both. Knows nothing of what
 * the steps are. Used by steady.ts.
 */
import { Purpose, Stream } from '../src/run/random';
import { median, quantile } from './measure';

/** What one step took, after many and after few. */
export type Pair = readonly [aged: number, fresh: number];

export interface Drift {
  /** How much longer a step takes that comes after many, relatively. */
  drift: number;
  /** What is found if in every pair chance says which is which, up to this in 95 of 100 cases: nothing smaller counts. */
  chance: number;
}

const CASES = 200;

/** The median of the ratios within a pair, and what chance makes of them. @throws Error where there are no pairs */
export function driftOf(pairs: readonly Pair[]): Drift {
  if (pairs.length === 0) throw new Error('driftOf: expected pairs of steps, got none');
  const logarithms = pairs.map(([aged, fresh]) => Math.log(aged / fresh));
  const drift = (of: readonly number[]) => Math.exp(median(of)) - 1;
  const random = new Stream(1, Purpose.bootstrap);
  const cases = Array.from({ length: CASES }, () =>
    Math.abs(drift(logarithms.map((value) => (random.uniform() < 0.5 ? value : -value)))),
  );
  return { drift: drift(logarithms), chance: quantile(cases, 0.95) };
}
