/** The record of a run on the disk, read in one pass over its stream. Used by `compare`. */
import { createReadStream, existsSync } from 'node:fs';
import { join } from 'node:path';
import { RECORDED_EVENTS, RecordCollector, type RunRecord } from '../../rl/comparison/record';
import { EventReader, EventStreamError } from '../../run/jsonl';
import { errorCode, FileError } from './file-errors';

/**
 * null where no run began. A last line that a crash cut short is passed over.
 * @throws Error naming the first line that is no event; FileError.
 */
export async function readRunRecord(folder: string): Promise<RunRecord | null> {
  const path = join(folder, 'events.jsonl');
  if (!existsSync(path)) return null;
  const reader = new EventReader(RECORDED_EVENTS);
  const collector = new RecordCollector();
  try {
    for await (const piece of createReadStream(path))
      for (const { event } of reader.push(piece)) collector.event(event);
    const { last } = reader.end();
    if (last) collector.event(last.event);
    return collector.record();
  } catch (error) {
    if (error instanceof EventStreamError) throw new Error(`${path}: ${error.message}`, { cause: error });
    const code = errorCode(error);
    if (code === null) throw error;
    throw new FileError('read', path, code, { cause: error });
  }
}
