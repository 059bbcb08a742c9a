/**
 * Kept runs read through for a comparison or a report: their digests, and the file that is made of them. Reads alone;
 * used by the keeper.
 */
import { DigestCollector, type RunDigest, reportName, reportOf } from '../../report';
import { runName } from '../../run/arm';
import { StorageError } from '../errors';
import { LAB_VERSION } from '../version';
import type { RunLibrary } from './library';
import type { RunsNews } from './protocol';

/** In the order of `ids`. @throws StorageError naming a run that has not begun; RunElsewhereError. */
export async function digestsOf(
  library: RunLibrary,
  ids: readonly string[],
): Promise<{ id: string; digest: RunDigest }[]> {
  const digests: { id: string; digest: RunDigest }[] = [];
  for (const id of ids) {
    const collector = new DigestCollector();
    const { name, manifest } = await library.look(id, async (events) => {
      for (const event of events) collector.event(event);
    });
    const called = runName(name, manifest);
    const digest = collector.digest(called);
    if (!digest) throw new StorageError(`${called}: expected a run that has begun, got one without an event`);
    digests.push({ id, digest });
  }
  return digests;
}

/** @throws Error when the runs are too many for one file. */
export function reportNews(digests: readonly RunDigest[]): RunsNews {
  const name = digests.length === 1 ? digests[0].name : `comparison-of-${digests.length}-runs`;
  const text = reportOf(digests, { lab: LAB_VERSION, madeAt: new Date().toISOString().slice(0, 10) });
  return { what: 'report', name: reportName(name), text };
}
