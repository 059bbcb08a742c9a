/**
 * The folder of a fork, made from that of the run it comes from: the stream as far as a kept step, the state there, and
 * last the manifest that makes it a run. Nothing is shared: either may be deleted. Used by the library.
 */
import type { Manifest } from '../../run/manifest';
import { StorageError } from '../errors';
import type { RunEntry } from './entry';
import { readStream } from './examine';
import { writeAbout, writeManifest } from './kept-run';
import { pointPath, readPoint } from './points';
import { CHECKPOINTS, EVENTS_FILE, RESUME, type RunFiles } from './run-files';
import { suitesOf } from './stream-map';

/**
 * @param manifest of the run it comes from. @param step finished there; 0 for the start.
 * @param entry of the fork, with its own manifest.
 * @throws StorageError when that step is not kept; NoRoomError, with a part of the folder written.
 */
export async function writeFork(
  from: RunFiles,
  to: RunFiles,
  manifest: Manifest,
  step: number,
  entry: RunEntry,
): Promise<void> {
  const covered = (await readStream(from)).map.covered(step, suitesOf(manifest));
  const point = step > 0 ? await pointOf(from, step) : null;
  if (!covered || (step > 0 && !point))
    throw new StorageError(`fork: expected a step that is kept, got step ${step}; choose another`);
  await writeAbout(to, entry);
  for (const { name, bytes } of point?.files ?? []) await to.write(`${point!.path}/${name}`, bytes);
  const named = point?.folder === CHECKPOINTS && covered.with_checkpoint !== null;
  await copyStart(from, to, named ? covered.with_checkpoint! : covered.bytes);
  await writeManifest(to, entry.manifest);
}

/** The state after a finished step, as a checkpoint or as the newest state; null when it is not kept. */
export async function pointOf(files: RunFiles, step: number) {
  for (const folder of [CHECKPOINTS, RESUME]) {
    const path = pointPath(folder, step);
    const point = await readPoint(files, path);
    if ('files' in point) return { folder, path, files: point.files };
  }
  return null;
}

async function copyStart(from: RunFiles, to: RunFiles, bytes: number): Promise<void> {
  const stream = await to.open(EVENTS_FILE);
  try {
    let left = bytes;
    for await (const piece of from.pieces(EVENTS_FILE)) {
      if (left === 0) break;
      const part = piece.subarray(0, left);
      stream.append(part);
      left -= part.length;
    }
    stream.flush();
  } finally {
    stream.close();
  }
}
