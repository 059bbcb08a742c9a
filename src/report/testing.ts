/** Digests of small made-up runs, for the tests of reports. No figure in them was measured. */
import { events, type MadeUpRun } from '../rl/comparison/testing';
import type { RunEvent } from '../run/events';
import { DigestCollector, type RunDigest } from './digest';

export function digestOf(all: readonly RunEvent[], name = 'made up'): RunDigest {
  const collector = new DigestCollector();
  for (const event of all) collector.event(event);
  const digest = collector.digest(name);
  if (!digest) throw new Error('expected a digest');
  return digest;
}

export const madeUp = (run: MadeUpRun, name = `seed ${run.seed ?? 1}`): RunDigest =>
  digestOf(events(run), name);
