/**
 * A line of the event stream without what differs between two runs of one manifest on one adapter: wall-clock times,
 * and how often the run was started, stopped and kept. What is left of two streams is equal, byte for byte, when they
 * are of the same run, however often either was interrupted.
 *
 * Used where the results of one run from several places are held against each other.
 */
import type { RunEvent } from './events';

/** Where a stretch began, a state was kept, and a stretch ended. */
const OF_STRETCHES: ReadonlySet<RunEvent['type']> = new Set(['run_started', 'checkpoint', 'finished']);

/** Fields that end in `_ms` or `_at`, and those whose names TRL gave them. */
const isWallClock = (key: string): boolean =>
  /_(ms|at)$/.test(key) || key === 'seconds' || key === 'step_time' || key === 'tokens_per_second';

/** The line without its line feed; null for one that is left out whole. @throws SyntaxError when it is no JSON. */
export function timelessLine(line: string): string | null {
  const event = JSON.parse(line, (key, value: unknown) => (isWallClock(key) ? undefined : value)) as RunEvent;
  return OF_STRETCHES.has(event.type) ? null : JSON.stringify(event);
}
