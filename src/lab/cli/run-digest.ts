/** The digest of a run on the disk, or of a recording, read in one pass over its stream. Used by `report`. */
import { createReadStream, existsSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { DIGESTED_EVENTS, DigestCollector, type RunDigest } from '../../report';
import { EventReader, EventStreamError } from '../../run/jsonl';
import { errorCode, FileError } from './file-errors';

/** The stream that `path` names: a run's folder, or a file of events, packed or not. null where there is none. */
function streamAt(path: string): string | null {
  if (!existsSync(path)) return null;
  if (!statSync(path).isDirectory()) return path;
  const events = join(path, 'events.jsonl');
  return existsSync(events) ? events : null;
}

/** What a run is called that has no name of its own. */
function nameAt(stream: string): string {
  const file = basename(stream)
    .replace(/\.gz$/, '')
    .replace(/\.jsonl$/, '');
  return file === 'events' ? basename(dirname(resolve(stream))) : file;
}

/**
 * null where no run began. A last line that a crash cut short is passed over.
 * @throws Error naming the first line that is no event; FileError.
 */
export async function readRunDigest(path: string): Promise<RunDigest | null> {
  const stream = streamAt(path);
  if (stream === null) return null;
  const reader = new EventReader(DIGESTED_EVENTS);
  const collector = new DigestCollector();
  try {
    for await (const piece of bytesOf(stream))
      for (const { event } of reader.push(piece)) collector.event(event);
    const { last } = reader.end();
    if (last) collector.event(last.event);
  } catch (error) {
    if (error instanceof EventStreamError) throw new Error(`${stream}: ${error.message}`, { cause: error });
    const code = errorCode(error);
    if (code !== null) throw new FileError('read', stream, code, { cause: error });
    if (isUnpacking(error))
      throw new Error(
        `${stream}: expected events packed by gzip, got something damaged; pack or copy it again`,
        {
          cause: error,
        },
      );
    throw error;
  }
  const digest = collector.digest('');
  return digest && { ...digest, name: digest.record.manifest.name || nameAt(stream) };
}

const isUnpacking = (error: unknown): boolean => /^Z_/.test(String((error as { code?: unknown }).code));

function bytesOf(path: string): Readable {
  const file = createReadStream(path);
  if (!path.endsWith('.gz')) return file;
  const unpacked = createGunzip();
  file.on('error', (error) => unpacked.destroy(error));
  return file.pipe(unpacked);
}
